import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { definePlugin, halterHome, jsonSchema } from '@halter/core'
import { announceResources } from './announce.ts'
import { ResourceFiles } from './resource-files.ts'

export { checkResources } from './check-resources.ts'
export type { CheckedFolder } from './check-resources.ts'
export type { ResourceProblem } from './problem.ts'
export { describeProblem } from './problem.ts'
export { readPluginFolder } from './read-plugin.ts'
export type { PluginFolder, ReadPluginOptions } from './read-plugin.ts'
export { readSkillFolder } from './read-skill.ts'
export type { ReadSkillOptions, SkillFolder } from './read-skill.ts'
export { ResourceFiles } from './resource-files.ts'
export type { Bundles, ResourcePlaces } from './compile-resources.ts'
export type { ResourceFilesOptions } from './resource-files.ts'

/** Options of `@halter/plugin-resources`. Paths are absolute, or begin with `~/`. */
export interface ResourcesOptions {
  /** Plugin folders, or folders of plugin folders. */
  readonly roots?: readonly string[]
  /** Skill folders, or folders of skill folders. */
  readonly skills?: readonly string[]
  /** False: nothing of halter's own folder, `~/.claude` and `~/.agents`. Default true. */
  readonly user?: boolean
  /** False: nothing of the working folder and those above it, instruction files included. Default true. */
  readonly project?: boolean
}

/** Brings skills, agents, commands, hooks, MCP servers and instructions from folders to sessions, and swaps them while they run. */
export default definePlugin({
  name: '@halter/plugin-resources',
  apiVersion: 1,
  config: jsonSchema<ResourcesOptions>({
    type: 'object',
    additionalProperties: false,
    properties: {
      roots: { type: 'array', items: { type: 'string', minLength: 1 } },
      skills: { type: 'array', items: { type: 'string', minLength: 1 } },
      user: { type: 'boolean' },
      project: { type: 'boolean' },
    },
  }),
  provides: ['resources'],
  optional: ['trust', 'watcher'],
  setup: ({ config: { roots = [], skills = [], ...rest }, services, hooks, defer }) => {
    const { trust, watcher } = services
    const files = new ResourceFiles({
      ...rest,
      home: halterHome(),
      userHome: homedir(),
      roots: roots.map(wholePath),
      skills: skills.map(wholePath),
      ...(trust && { isTrusted: (folder) => trust.isTrusted(folder) }),
      ...(watcher && { watcher }),
    })
    defer(() => files.close())
    hooks.tap('turn.start', (_, ctx) => announceResources(ctx))
    return { resources: files }
  },
})

function wholePath(path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : resolve(path)
}
