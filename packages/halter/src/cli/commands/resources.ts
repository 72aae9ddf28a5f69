import { json, runtimeOptions, type CommandEntry, type CommandSpec } from '../command-spec.ts'

/** `halter resources` */
export const RESOURCES = {
  name: 'resources',
  summary: 'list skills, agents, commands, hooks and plugins that sessions here can use',
  options: { json, ...runtimeOptions },
} as const satisfies CommandSpec

/** `halter resources validate` */
export const RESOURCES_VALIDATE = {
  name: 'resources validate',
  summary: 'check a plugin, a skill or a folder of them, for those who write it',
  arguments: {
    usage: '<folder>',
    min: 1,
    max: Infinity,
    summary: 'a plugin of any layout, a skill, a marketplace, or a folder such as .claude',
  },
  options: {
    strict: { type: 'boolean', summary: 'fail for warnings, too' },
    json,
  },
  examples: ['halter resources validate .', 'halter resources validate ~/.claude/skills/deploy'],
} as const satisfies CommandSpec

/** What looks at skills, agents, commands and plugins that files declare. */
export const RESOURCES_COMMANDS: readonly CommandEntry[] = [
  { spec: RESOURCES, load: async () => (await import('../resources-list.ts')).listResources },
  {
    spec: RESOURCES_VALIDATE,
    load: async () => (await import('../resources-validate.ts')).validateResources,
  },
]
