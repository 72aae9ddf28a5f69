import { json, runtimeOptions, type CommandEntry, type CommandSpec } from '../command-spec.ts'

const { cwd } = runtimeOptions

/** `halter config print` */
export const CONFIG_PRINT = {
  name: 'config print',
  summary: 'the configuration as it counts, all layers together',
  options: {
    provenance: { type: 'boolean', summary: 'who says each key' },
    json,
    ...runtimeOptions,
  },
  examples: ['halter config print --provenance'],
} as const satisfies CommandSpec

/** `halter config validate` */
export const CONFIG_VALIDATE = {
  name: 'config validate',
  summary: 'everything that is wrong with the configuration; starts nothing',
  arguments: {
    usage: '[file]',
    min: 0,
    max: 1,
    summary: 'a configuration file, checked alone; without one, all layers as a run would read them',
  },
  options: { json, ...runtimeOptions },
} as const satisfies CommandSpec

/** `halter config schema` */
export const CONFIG_SCHEMA_COMMAND = {
  name: 'config schema',
  summary: 'the JSON Schema of a configuration, for editors and programs',
  options: {},
} as const satisfies CommandSpec

/** `halter config init` */
export const CONFIG_INIT = {
  name: 'config init',
  summary: 'write a configuration file to begin with; overwrites nothing',
  options: {
    json: { type: 'boolean', summary: 'halter.config.json (default)' },
    yaml: { type: 'boolean', summary: 'halter.config.yaml' },
    ts: { type: 'boolean', summary: 'halter.config.ts' },
    user: { type: 'boolean', summary: 'for all your projects, in the folder of halter' },
    cwd,
  },
} as const satisfies CommandSpec

/** `halter trust list` */
export const TRUST_LIST = {
  name: 'trust list',
  summary: 'what you have said yes to, for good',
  options: { json },
} as const satisfies CommandSpec

const folder = {
  usage: '[folder]',
  min: 0,
  max: 1,
  summary: 'in it; default: the current folder',
} as const

/** `halter trust add` */
export const TRUST_ADD = {
  name: 'trust add',
  summary: 'trust what a project brings, as it is now',
  arguments: folder,
  options: { yes: { type: 'boolean', summary: 'do not ask' } },
} as const satisfies CommandSpec

/** `halter trust revoke` */
export const TRUST_REVOKE = {
  name: 'trust revoke',
  summary: 'take it back, for a project or for every one below a folder',
  arguments: folder,
  options: { all: { type: 'boolean', summary: 'everywhere' }, json },
} as const satisfies CommandSpec

/** What looks at the configuration, and at what it may do. */
export const CONFIG_COMMANDS: readonly CommandEntry[] = [
  { spec: CONFIG_PRINT, load: async () => (await import('../config-print.ts')).printConfig },
  { spec: CONFIG_VALIDATE, load: async () => (await import('../config-validate.ts')).validateConfig },
  { spec: CONFIG_SCHEMA_COMMAND, load: async () => (await import('../config-schema.ts')).printSchema },
  { spec: CONFIG_INIT, load: async () => (await import('../config-init.ts')).initConfig },
  { spec: TRUST_LIST, load: async () => (await import('../trust-list.ts')).listTrust },
  { spec: TRUST_ADD, load: async () => (await import('../trust-add.ts')).addTrust },
  { spec: TRUST_REVOKE, load: async () => (await import('../trust-revoke.ts')).revoke },
]
