import type { Output } from './output.ts'

/** An option of a command: how it is written, and what it says in `--help`. */
export interface OptionSpec {
  readonly type: 'string' | 'boolean' | 'integer'
  readonly summary: string
  readonly short?: string
  /** May be given several times. */
  readonly multiple?: true
  /** The only values there are. */
  readonly choices?: readonly string[]
  /** Stands for the value in `--help`; default: the type. */
  readonly placeholder?: string
}

/** A command: everything that can be known of it without running it. Help and the check of arguments come from here. */
export interface CommandSpec {
  /** The words that call it, such as `sessions list`. */
  readonly name: string
  readonly summary: string
  /** What it takes besides options. */
  readonly arguments?: {
    readonly usage: string
    readonly min: number
    readonly max: number
    readonly summary: string
  }
  readonly options: Readonly<Record<string, OptionSpec>>
  readonly examples?: readonly string[]
}

/** The values of a command's options, typed by its entry in the table. */
export type OptionValues<O extends Readonly<Record<string, OptionSpec>>> = {
  readonly [K in keyof O]?: O[K] extends { readonly multiple: true } ? readonly string[] : OptionValue<O[K]>
}
type OptionValue<S extends OptionSpec> = S['type'] extends 'boolean'
  ? boolean
  : S['type'] extends 'integer'
    ? number
    : S['choices'] extends readonly (infer C)[]
      ? C
      : string

/** A command's code: options and arguments are as its entry in the table says. Resolves to the exit code. */
export type CommandBody = (options: never, positionals: readonly string[], output: Output) => Promise<number>

/** A command, and how its code is loaded when it is called. */
export interface CommandEntry {
  readonly spec: CommandSpec
  load(): Promise<CommandBody>
}

/** Options of every command that starts a runtime. */
export const runtimeOptions = {
  cwd: { type: 'string', placeholder: 'folder', summary: 'work there; default: the current folder' },
  config: {
    type: 'string',
    placeholder: 'file',
    summary: 'a configuration file, over those of user and project',
  },
  plugin: {
    type: 'string',
    multiple: true,
    placeholder: 'name|file',
    summary: 'a plugin more, this time; may be repeated',
  },
  set: {
    type: 'string',
    multiple: true,
    placeholder: 'key=value',
    summary: 'a key of the configuration, such as limits.steps=20; may be repeated',
  },
  trust: { type: 'boolean', summary: 'apply what the folder brings: configuration, hooks, skills' },
  debug: { type: 'boolean', summary: 'tell how long the start took, and show errors with their causes' },
} as const satisfies CommandSpec['options']

/** The option of every command that programs may read. */
export const json = { type: 'boolean', summary: 'for programs: JSON, one value per line' } as const
/** The argument of commands about one session. */
export const session = {
  usage: '<session>',
  min: 1,
  max: 1,
  summary: 'an id, or enough of its beginning',
} as const
