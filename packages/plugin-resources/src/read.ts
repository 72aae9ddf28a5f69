// Reading without a runtime; apart from the plugin, so that a start does not load what it may not need.
export { checkResources } from './check-resources.ts'
export type { CheckedFolder, CheckOptions } from './check-resources.ts'
export type { ResourceProblem } from './problem.ts'
export { describeProblem } from './problem.ts'
export { readPluginFolder } from './read-plugin.ts'
export type { PluginFolder, ReadPluginOptions } from './read-plugin.ts'
export { readSkillFolder } from './read-skill.ts'
export type { ReadSkillOptions, SkillFolder } from './read-skill.ts'
