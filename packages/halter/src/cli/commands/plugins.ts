import { json, runtimeOptions, type CommandEntry, type CommandSpec } from '../command-spec.ts'

/** `halter plugins list` */
export const PLUGINS_LIST = {
  name: 'plugins list',
  summary: 'the plugins there are: where from, which version, what they give',
  options: { json, ...runtimeOptions },
} as const satisfies CommandSpec

/** `halter doctor` */
export const DOCTOR = {
  name: 'doctor',
  summary: 'look at everything, and tell the cure of what is wrong',
  options: { json, ...runtimeOptions },
} as const satisfies CommandSpec

/** What looks at plugins, and changes which there are. */
export const PLUGINS_COMMANDS: readonly CommandEntry[] = [
  { spec: PLUGINS_LIST, load: async () => (await import('../plugins-list.ts')).listPlugins },
  { spec: DOCTOR, load: async () => (await import('../doctor.ts')).doctor },
]
