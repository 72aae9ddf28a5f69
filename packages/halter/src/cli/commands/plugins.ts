import { json, runtimeOptions, type CommandEntry, type CommandSpec } from '../command-spec.ts'

/** `halter plugins list` */
export const PLUGINS_LIST = {
  name: 'plugins list',
  summary: 'the plugins there are: where from, which version, what they give',
  options: { json, ...runtimeOptions },
} as const satisfies CommandSpec

const { cwd, config } = runtimeOptions
const edited = {
  user: { type: 'boolean', summary: 'in your own configuration, for all projects' },
  config: { ...config, summary: 'in this file; default: the project’s, which is begun where there is none' },
  cwd,
} as const

/** `halter plugins add` */
export const PLUGINS_ADD = {
  name: 'plugins add',
  summary: 'install a plugin, this exact version, and put it into the configuration',
  arguments: { usage: '<package|file>', min: 1, max: 1, summary: 'name, name@version, or a file' },
  options: {
    options: { type: 'string', placeholder: 'json', summary: 'its options' },
    ...edited,
  },
  examples: [`halter plugins add @acme/redis-store --options '{"url":"redis://127.0.0.1"}'`],
} as const satisfies CommandSpec

/** `halter plugins rm` */
export const PLUGINS_REMOVE = {
  name: 'plugins rm',
  summary: 'take a plugin out of the configuration, and uninstall it',
  arguments: { usage: '<plugin>', min: 1, max: 1, summary: 'its name, or what the configuration calls it' },
  options: { keep: { type: 'boolean', summary: 'leave the package installed' }, ...edited },
} as const satisfies CommandSpec

/** `halter doctor` */
export const DOCTOR = {
  name: 'doctor',
  summary: 'look at everything, and tell the cure of what is wrong',
  options: { json, ...runtimeOptions },
} as const satisfies CommandSpec

/** `halter plugins doctor`: where one looks for it beside the other commands about plugins. */
const PLUGINS_DOCTOR = {
  ...DOCTOR,
  name: 'plugins doctor',
  summary: 'the same as halter doctor',
} as const satisfies CommandSpec

/** `halter completion` */
export const COMPLETION = {
  name: 'completion',
  summary: 'a script that completes commands and options in a shell',
  arguments: { usage: '<shell>', min: 1, max: 1, summary: 'bash, zsh or fish' },
  options: {},
  examples: [
    'halter completion bash > ~/.local/share/bash-completion/completions/halter',
    'halter completion zsh > "${fpath[1]}/_halter"',
    'halter completion fish > ~/.config/fish/completions/halter.fish',
  ],
} as const satisfies CommandSpec

/** What looks at plugins, and changes which there are. */
export const PLUGINS_COMMANDS: readonly CommandEntry[] = [
  { spec: PLUGINS_LIST, load: async () => (await import('../plugins-list.ts')).listPlugins },
  { spec: PLUGINS_ADD, load: async () => (await import('../plugins-add.ts')).addPlugin },
  { spec: PLUGINS_REMOVE, load: async () => (await import('../plugins-remove.ts')).removePlugin },
  { spec: PLUGINS_DOCTOR, load: async () => (await import('../doctor.ts')).doctor },
  { spec: DOCTOR, load: async () => (await import('../doctor.ts')).doctor },
  { spec: COMPLETION, load: async () => (await import('../completion.ts')).printCompletion },
]
