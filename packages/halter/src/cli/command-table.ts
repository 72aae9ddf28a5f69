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

/** Options of every command that starts a runtime. */
const runtimeOptions = {
  cwd: { type: 'string', placeholder: 'folder', summary: 'work there; default: the current folder' },
  config: {
    type: 'string',
    placeholder: 'file',
    summary: 'a configuration file, over those of user and project',
  },
  trust: { type: 'boolean', summary: 'apply the configuration that the folder brings, this time' },
} as const satisfies CommandSpec['options']

const json = { type: 'boolean', summary: 'for programs: JSON, one value per line' } as const
const session = { usage: '<session>', min: 1, max: 1, summary: 'an id, or enough of its beginning' } as const

/** `halter run` */
export const RUN = {
  name: 'run',
  summary: 'answer one prompt',
  arguments: {
    usage: '[prompt]',
    min: 0,
    max: Infinity,
    summary: 'the prompt; without one it is read from stdin',
  },
  options: {
    model: {
      type: 'string',
      short: 'm',
      placeholder: 'id',
      summary: 'the model, such as demo or scripted/<file>',
    },
    session: { type: 'string', short: 's', placeholder: 'id', summary: 'go on with this session' },
    continue: { type: 'boolean', short: 'c', summary: 'go on with the newest session of this folder' },
    steal: { type: 'boolean', summary: 'take the session from another process that holds it' },
    interrupted: {
      type: 'string',
      choices: ['close', 'continue'],
      summary: 'what becomes of a turn that a killed process left open; default close',
    },
    'output-format': {
      type: 'string',
      choices: ['text', 'json', 'stream-json'],
      summary: 'what stdout gets: the answer, one object at the end, or every event as a line',
    },
    'allow-tool': {
      type: 'string',
      multiple: true,
      placeholder: 'name',
      summary: 'let this tool run without asking; may be repeated',
    },
    'max-turns': { type: 'integer', placeholder: 'n', summary: 'at most so many model calls' },
    budget: {
      type: 'string',
      placeholder: 'limits',
      summary: 'spend at most usd=2,tokens=50k,steps=20,time=10m, or some of these',
    },
    'output-schema': {
      type: 'string',
      placeholder: 'file',
      summary: 'the answer is JSON that fits this JSON Schema; text on stdout is that JSON alone',
    },
    title: { type: 'string', placeholder: 'text', summary: 'name the session' },
    'system-prompt': {
      type: 'string',
      placeholder: 'text',
      summary: 'in the place of the whole system prompt',
    },
    'append-system-prompt': { type: 'string', placeholder: 'text', summary: 'after the system prompt' },
    ephemeral: { type: 'boolean', summary: 'keep the session in memory only' },
    ...runtimeOptions,
  },
  examples: [
    'halter run --model demo "What is in this folder?"',
    'git diff | halter run',
    'halter run --continue "And now the tests."',
  ],
} as const satisfies CommandSpec

/** `halter sessions list` */
export const SESSIONS_LIST = {
  name: 'sessions list',
  summary: 'list sessions, the newest first',
  options: {
    limit: { type: 'integer', placeholder: 'n', summary: 'at most so many; default 20' },
    here: { type: 'boolean', summary: 'only those of this folder' },
    status: {
      type: 'string',
      choices: ['idle', 'running', 'interrupted', 'closed'],
      summary: 'only those in this state',
    },
    title: { type: 'string', placeholder: 'text', summary: 'only those with this in their title' },
    children: { type: 'boolean', summary: 'those that sessions have opened themselves, too' },
    json,
    ...runtimeOptions,
  },
} as const satisfies CommandSpec

/** `halter sessions show` */
export const SESSIONS_SHOW = {
  name: 'sessions show',
  summary: 'what a session is, what it cost, what was said last',
  arguments: session,
  options: {
    messages: { type: 'integer', placeholder: 'n', summary: 'how many of the newest messages; default 6' },
    json,
    ...runtimeOptions,
  },
} as const satisfies CommandSpec

/** `halter sessions replay` */
export const SESSIONS_REPLAY = {
  name: 'sessions replay',
  summary: 'the events of a session, as they were stored',
  arguments: session,
  options: {
    after: { type: 'integer', placeholder: 'seq', summary: 'only those after this number' },
    limit: { type: 'integer', placeholder: 'n', summary: 'at most so many' },
    json,
    ...runtimeOptions,
  },
} as const satisfies CommandSpec

/** `halter sessions prompt` */
export const SESSIONS_PROMPT = {
  name: 'sessions prompt',
  summary: 'what the model was shown, whose it was, and what was left out',
  arguments: session,
  options: {
    turn: { type: 'integer', placeholder: 'n', summary: 'of this turn, counted from 1; default the newest' },
    diff: { type: 'boolean', summary: 'only what is different from the turn before' },
    json,
    ...runtimeOptions,
  },
} as const satisfies CommandSpec

/** `halter sessions verify` */
export const SESSIONS_VERIFY = {
  name: 'sessions verify',
  summary: 'check stored sessions: damage, gaps, unanswered calls',
  arguments: { usage: '[session…]', min: 0, max: Infinity, summary: 'ids, or enough of their beginning' },
  options: { all: { type: 'boolean', summary: 'every session there is' }, json, ...runtimeOptions },
} as const satisfies CommandSpec

/** `halter sessions fork` */
export const SESSIONS_FORK = {
  name: 'sessions fork',
  summary: 'a new session that begins as another one did',
  arguments: session,
  options: {
    at: { type: 'integer', placeholder: 'seq', summary: 'with its events up to this number; default: all' },
    json,
    ...runtimeOptions,
  },
  examples: ['halter sessions fork 0197 --at 12'],
} as const satisfies CommandSpec

/** `halter sessions repair` */
export const SESSIONS_REPAIR = {
  name: 'sessions repair',
  summary: 'a fork of a damaged session at its last good event',
  arguments: session,
  options: { json, ...runtimeOptions },
} as const satisfies CommandSpec

/** `halter sessions export` */
export const SESSIONS_EXPORT = {
  name: 'sessions export',
  summary: 'a session and those that it has opened, as JSON Lines',
  arguments: {
    usage: '<session> [file]',
    min: 1,
    max: 2,
    summary: 'an id, or enough of its beginning, and a new file; without one it goes to stdout',
  },
  options: runtimeOptions,
  examples: ['halter sessions export 0197 | gzip > session.jsonl.gz'],
} as const satisfies CommandSpec

/** `halter sessions import` */
export const SESSIONS_IMPORT = {
  name: 'sessions import',
  summary: 'store what export wrote, under the same ids',
  arguments: {
    usage: '[file]',
    min: 0,
    max: 1,
    summary: 'an export; without one it is read from stdin',
  },
  options: { json, ...runtimeOptions },
} as const satisfies CommandSpec

/** `halter sessions delete` */
export const SESSIONS_DELETE = {
  name: 'sessions delete',
  summary: 'delete a session; forks of it stay whole',
  arguments: session,
  options: {
    cascade: { type: 'boolean', summary: 'those that it has opened, too' },
    yes: { type: 'boolean', summary: 'do not ask' },
    json,
    ...runtimeOptions,
  },
} as const satisfies CommandSpec

/** `halter sessions prune` */
export const SESSIONS_PRUNE = {
  name: 'sessions prune',
  summary: 'delete old sessions; tells what would go, unless --yes',
  options: {
    'older-than': { type: 'string', placeholder: 'age', summary: 'not used for so long: 12h, 30d, 8w' },
    keep: { type: 'integer', placeholder: 'n', summary: 'keep so many of the newest' },
    here: { type: 'boolean', summary: 'only those of this folder' },
    yes: { type: 'boolean', summary: 'delete them' },
    json,
    ...runtimeOptions,
  },
  examples: ['halter sessions prune --older-than 30d --keep 100'],
} as const satisfies CommandSpec

/** `halter conformance` */
export const CONFORMANCE = {
  name: 'conformance',
  summary: 'prove that an implementation keeps its contract',
  arguments: {
    usage: '<file>',
    min: 1,
    max: 1,
    summary: 'a module that exports by default { kind, harness }, or several of them',
  },
  options: {
    rule: { type: 'string', placeholder: 'text', summary: 'only rules with this in their name' },
    json,
  },
  examples: ['halter conformance examples/conformance/sqlite.ts'],
} as const satisfies CommandSpec

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandSpec[] = [
  RUN,
  SESSIONS_LIST,
  SESSIONS_SHOW,
  SESSIONS_REPLAY,
  SESSIONS_PROMPT,
  SESSIONS_VERIFY,
  SESSIONS_FORK,
  SESSIONS_REPAIR,
  SESSIONS_EXPORT,
  SESSIONS_IMPORT,
  SESSIONS_DELETE,
  SESSIONS_PRUNE,
  CONFORMANCE,
]
