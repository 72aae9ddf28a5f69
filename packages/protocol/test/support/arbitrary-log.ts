// Whole session logs, for property tests. A log is played from a script of plain data, so that fast-check can shrink it. This
// file and what it imports need fast-check and the types of @halter/protocol, nothing else.
import * as fc from 'fast-check'
import type { StoredEvent } from '../../src/index.ts'
import { Player } from './play-log.ts'
import type {
  AsideScript,
  CallScript,
  CompactionScript,
  EpisodeScript,
  LogScript,
  StepScript,
  TurnScript,
} from './log-script.ts'
import { arbitraryJson, arbitraryText, arbitraryUsage } from './arbitrary-values.ts'

/** What kind of logs to make. */
export interface LogOptions {
  /** Turns, and what happens between them: at most this many episodes. Default 6. */
  readonly maxEpisodes?: number
  /**
   * `session`: a call id names one call of the whole log. `reply`: ids start again with every reply, as some providers have
   * it; the protocol allows it. Default `session`.
   */
  readonly callIds?: 'session' | 'reply'
}

/** Logs that a session can leave behind: of any age, cut off nowhere, each turn ended. */
export function arbitraryLog(options: LogOptions = {}): fc.Arbitrary<readonly StoredEvent[]> {
  const { maxEpisodes = 6, callIds = 'session' } = options
  return arbitraryScript(maxEpisodes).map((script) => new Player(callIds).play(script))
}

/** Logs as a crash leaves them: any prefix of a log, with its first event at least. */
export function arbitraryPrefix(options: LogOptions = {}): fc.Arbitrary<readonly StoredEvent[]> {
  return arbitraryLog(options).chain((log) =>
    fc.integer({ min: 1, max: log.length }).map((length) => log.slice(0, length)),
  )
}

const name = fc.constantFrom('read', 'shell', '__proto__', 'constructor')
/** Not only blanks: a session stores no message that says nothing. */
const speech = arbitraryText.map((text) => (text.trim() === '' ? `${text}.` : text))
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 2 })

const aside: fc.Arbitrary<AsideScript> = fc.oneof(
  fc.record({ kind: fc.constant('note' as const), plugin: name, data: arbitraryJson }),
  fc.record({ kind: fc.constant('notify' as const), message: arbitraryText }),
  fc.record({ kind: fc.constant('hook' as const), detail: arbitraryText }),
  fc.record({ kind: fc.constant('warning' as const), message: arbitraryText }),
  fc.record({ kind: fc.constant('cache' as const), segment: arbitraryText }),
  fc.record({ kind: fc.constant('metadata' as const), data: arbitraryJson }),
  fc.record({
    kind: fc.constant('usage' as const),
    purpose: fc.constantFrom('title', 'hook', 'judge', '__proto__', 'toString'),
    usage: arbitraryUsage,
  }),
  fc.record({
    kind: fc.constant('pluginCall' as const),
    input: arbitraryJson,
    outcome: fc.constantFrom('ok' as const, 'error' as const, 'denied' as const, 'cancelled' as const),
  }),
  fc.record({
    kind: fc.constant('inject' as const),
    text: speech,
    scope: fc.constantFrom('turn' as const, 'session' as const),
  }),
  fc.record({ kind: fc.constant('spawn' as const), task: arbitraryText }),
  fc.record({
    kind: fc.constant('settle' as const),
    outcome: fc.constantFrom('completed' as const, 'failed' as const, 'cancelled' as const, 'lost' as const),
    usage: optional(arbitraryUsage),
  }),
)
const asides = fc.array(aside, { maxLength: 2 })

const resultPart = fc.oneof(
  arbitraryText.map((text) => ({ kind: 'text' as const, text })),
  arbitraryJson.map((value) => ({ kind: 'json' as const, value })),
  fc.constant({ kind: 'image' as const, mediaType: 'image/png', data: 'iVBORw0KGgo=' }),
)

const call: fc.Arbitrary<CallScript> = fc.record({
  name,
  input: optional(arbitraryJson),
  outcome: fc.constantFrom('ok', 'ok', 'ok', 'error', 'denied', 'not-started', 'cancelled'),
  asked: optional(fc.constantFrom('once', 'session', 'always')),
  parts: fc.array(resultPart, { maxLength: 2 }),
  isBatchStart: fc.boolean(),
  finishes: fc.nat({ max: 9 }),
  asides,
})

const compaction: fc.Arbitrary<CompactionScript> = fc.record({
  from: fc.nat({ max: 5 }),
  turns: fc.integer({ min: 1, max: 3 }),
  summary: fc.oneof({ weight: 3, arbitrary: speech }, { weight: 1, arbitrary: fc.constant('') }),
  isNative: fc.boolean(),
  usage: optional(arbitraryUsage),
})

const step: fc.Arbitrary<StepScript> = fc.record({
  asides,
  compaction: optional(compaction),
  thinking: optional(speech),
  isSigned: fc.boolean(),
  text: optional(speech),
  calls: fc.array(call, { minLength: 1, maxLength: 4 }),
  usage: arbitraryUsage,
  steer: optional(speech),
})

const turn: fc.Arbitrary<TurnScript> = fc.record({
  kind: fc.constant('turn' as const),
  prompt: speech,
  media: fc.boolean(),
  asides,
  steps: fc.array(step, { maxLength: 3 }),
  reply: speech,
  usage: arbitraryUsage,
  ending: fc.constantFrom(
    'stop',
    'stop',
    'stop',
    'max-output',
    'refused',
    'prompt-refused',
    'error',
    'interrupted',
    'budget-exhausted',
    'repeated-call',
  ),
})

const episode: fc.Arbitrary<EpisodeScript> = fc.oneof(
  { weight: 6, arbitrary: turn },
  { weight: 1, arbitrary: aside.map((script) => ({ kind: 'aside' as const, aside: script })) },
  { weight: 1, arbitrary: compaction.map((script) => ({ kind: 'compact' as const, compaction: script })) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('update' as const),
      title: optional(arbitraryText),
      metadata: optional(
        fc.dictionary(fc.constantFrom('team', 'ticket'), arbitraryText, { noNullPrototype: true }),
      ),
      model: optional(fc.constantFrom('small', 'large')),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('crash' as const, 'fork' as const),
      back: fc.nat({ max: 12 }),
    }),
  },
)

function arbitraryScript(maxEpisodes: number): fc.Arbitrary<LogScript> {
  return fc.record({
    title: optional(arbitraryText),
    clock: fc.array(fc.integer({ min: -1000, max: 10_000 }), { minLength: 1, maxLength: 4 }),
    episodes: fc.array(episode, { maxLength: maxEpisodes }),
  })
}
