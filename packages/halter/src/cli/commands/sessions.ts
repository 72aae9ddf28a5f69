import { json, runtimeOptions, session, type CommandEntry, type CommandSpec } from '../command-spec.ts'

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

/** `halter sessions explain` */
export const SESSIONS_EXPLAIN = {
  name: 'sessions explain',
  summary: 'why a call was blocked or changed, and by which handler',
  arguments: {
    usage: '<session> <event>',
    min: 2,
    max: 2,
    summary: 'an id, or enough of its beginning; the number of an event, or the id of a tool call',
  },
  options: { json, ...runtimeOptions },
  examples: ['halter sessions explain 0197 12'],
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

/** `halter sessions undo-compaction` */
export const SESSIONS_UNDO_COMPACTION = {
  name: 'sessions undo-compaction',
  summary: 'a fork of a session as it was before its newest compaction',
  arguments: session,
  options: { json, ...runtimeOptions },
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

/** What looks at stored sessions, or changes them. */
export const SESSIONS_COMMANDS: readonly CommandEntry[] = [
  { spec: SESSIONS_LIST, load: async () => (await import('../sessions-list.ts')).listSessions },
  { spec: SESSIONS_SHOW, load: async () => (await import('../sessions-show.ts')).showSession },
  { spec: SESSIONS_REPLAY, load: async () => (await import('../sessions-replay.ts')).replaySession },
  { spec: SESSIONS_PROMPT, load: async () => (await import('../sessions-prompt.ts')).showPrompt },
  { spec: SESSIONS_EXPLAIN, load: async () => (await import('../sessions-explain.ts')).explainEvent },
  { spec: SESSIONS_VERIFY, load: async () => (await import('../sessions-verify.ts')).verifySessions },
  { spec: SESSIONS_FORK, load: async () => (await import('../sessions-fork.ts')).forkSession },
  {
    spec: SESSIONS_UNDO_COMPACTION,
    load: async () => (await import('../sessions-undo-compaction.ts')).undoCompaction,
  },
  { spec: SESSIONS_REPAIR, load: async () => (await import('../sessions-fork.ts')).repairSession },
  { spec: SESSIONS_EXPORT, load: async () => (await import('../sessions-export.ts')).exportSession },
  { spec: SESSIONS_IMPORT, load: async () => (await import('../sessions-import.ts')).importSessions },
  { spec: SESSIONS_DELETE, load: async () => (await import('../sessions-delete.ts')).deleteSession },
  { spec: SESSIONS_PRUNE, load: async () => (await import('../sessions-prune.ts')).pruneSessions },
]
