import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  SessionFold,
  type Checkpoint,
  type PendingEvent,
  type PluginReducer,
  type SeqRange,
  type StoredEvent,
} from '../src/index.ts'
import { arbitraryLog } from './support/arbitrary-log.ts'
import { extendLog } from './support/play-log.ts'
import { blueprint } from './support/samples.ts'
import { snapshot } from './support/snapshot.ts'

const reducers = new Map<string, PluginReducer>([
  ['read', { version: 1, initial: 0, reduce: (value) => (value as number) + 1 }],
])

test('every checkpoint of a log and its tail lead to the state that the whole log leads to', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryLog({ maxEpisodes: 8 }), async (log) => {
      const state = new SessionFold(reducers)
      const whole = snapshot(foldOf(log))
      for (const [index, event] of log.entries()) {
        state.apply(event)
        const checkpoint = state.checkpoint()
        expect(checkpoint !== undefined).toBe(
          state.openCalls.size + state.approvals.size + state.pluginCalls.size === 0,
        )
        if (!checkpoint) continue
        const restored = (await SessionFold.restore(stored(checkpoint), from(log), reducers))!
        expect(restored, `after event ${index + 1}`).toBeDefined()
        expect(snapshot(restored)).toStrictEqual(snapshot(state))
        for (const later of log.slice(index + 1)) restored.apply(later)
        expect(snapshot(restored)).toStrictEqual(whole)
        expect(restored.checkpoint()).toStrictEqual(foldOf(log).checkpoint())
      }
    }),
    { numRuns: 40 },
  )
})

test('a checkpoint is as large after a thousand messages as after ten', () => {
  const size = (turns: number) => JSON.stringify(foldOf(talk(turns)).checkpoint()).length
  expect(size(1000) - size(10)).toBeLessThan(20)
})

test('a session that was compacted to its summary, and went on, reads no more than its summary and what came after', async () => {
  const turns = talk(3)
  const summary = {
    type: 'compaction.applied',
    trigger: 'manual',
    droppedSeqs: [{ from: 1, to: turns.length }],
  } as const
  const cut: PendingEvent = { ...summary, summary: 'They talked.', tokensBefore: 9, tokensAfter: 1 }
  const log = extendLog(turns, [cut, ...pendingTurn('later')])
  const read: number[] = []
  const checkpoint = foldOf(log).checkpoint()!
  const restored = await SessionFold.restore(stored(checkpoint), async function* (range) {
    for await (const event of from(log)(range)) {
      read.push(event.seq)
      yield event
    }
  })
  expect(restored?.transcript.slice().map(({ id }) => id)).toEqual([
    `compaction-${turns.length + 1}`,
    'later',
  ])
  expect(Math.min(...read)).toBe(turns.length + 1)
})

describe('a plugin whose reducer came or changed since', () => {
  const notes = [{ type: 'plugin.noted', plugin: 'p', name: 'n', data: 1 }] as const
  const log = extendLog(talk(1), [...notes, ...notes])
  const v1: PluginReducer = { version: 1, initial: 0, reduce: (value) => (value as number) + 1 }
  const v2: PluginReducer = { ...v1, version: 2, initial: 100 }
  const failing: PluginReducer = {
    ...v1,
    reduce: () => {
      throw new Error('no')
    },
  }
  const restore = (then: PluginReducer | undefined, now: PluginReducer | undefined) => {
    const checkpoint = fold(log, then).checkpoint()!
    return SessionFold.restore(stored(checkpoint), from(log), named(now))
  }

  test.each<[string, PluginReducer | undefined, PluginReducer | undefined]>([
    ['that left notes before it could fold them', undefined, v1],
    ['of a newer version that migrates nothing', v1, v2],
    ['of an older version than the checkpoint', v2, v1],
    ['that failed in an older version', failing, { ...v2, migrate: () => 0 }],
  ])('is folded from the start: one %s', async (_, then, now) => {
    expect(await restore(then, now)).toBeUndefined()
  })

  test('is brought up by its own migration', async () => {
    const state = await restore(v1, { ...v2, migrate: (value, version) => (value as number) * 10 + version })
    expect(state?.plugins.get('p')).toEqual({ version: 2, value: 21 })
  })

  test('is frozen where it was when its migration fails', async () => {
    const migrate = () => {
      throw new Error('cannot')
    }
    const state = await restore(v1, { ...v2, migrate })
    expect(state?.plugins.get('p')).toEqual({ version: 1, value: 2, frozen: 'cannot' })
  })

  test('has no state once it is gone, and is folded from the start when it comes back', async () => {
    const state = (await restore(v1, undefined))!
    expect(state.plugins.size).toBe(0)
    expect(await SessionFold.restore(stored(state.checkpoint()!), from(log), named(v1))).toBeUndefined()
  })

  function fold(events: readonly StoredEvent[], reducer: PluginReducer | undefined): SessionFold {
    const state = new SessionFold(named(reducer))
    for (const event of events) state.apply(event)
    return state
  }
})

test('a checkpoint whose messages are not where it says is not used', async () => {
  const [log] = fc.sample(arbitraryLog(), { numRuns: 1, seed: 7 }) as [readonly StoredEvent[]]
  const checkpoint = foldOf(log).checkpoint()!
  expect(await SessionFold.restore({ ...checkpoint, messageCount: 1e6 }, from(log))).toBeUndefined()
  expect(await SessionFold.restore({ ...checkpoint, v: 99 }, from(log))).toBeUndefined()
})

function named(reducer: PluginReducer | undefined): ReadonlyMap<string, PluginReducer> {
  return new Map(reducer && [['p', reducer]])
}

function stored(checkpoint: Checkpoint): Checkpoint {
  return JSON.parse(JSON.stringify(checkpoint)) as Checkpoint
}

function foldOf(events: readonly StoredEvent[]): SessionFold {
  const state = new SessionFold(reducers)
  for (const event of events) state.apply(event)
  return state
}

/** So many turns of one prompt each. */
function talk(turns: number): readonly StoredEvent[] {
  const started = { sessionId: 's1', seq: 1, at: 0, v: 1, type: 'session.started', blueprint } as const
  return extendLog([started], Array.from({ length: turns }, (_, index) => pendingTurn(`m${index}`)).flat())
}

function pendingTurn(id: string): readonly PendingEvent[] {
  const usage = { inputTokens: 0, outputTokens: 0 }
  const parts = [{ kind: 'text', text: id }] as const
  return [
    { type: 'turn.started', turnId: 't', generation: 1, revision: 'r', input: parts },
    { type: 'message.appended', turnId: 't', message: { role: 'user', id, at: 0, parts } },
    { type: 'turn.completed', turnId: 't', usage, reason: 'stop' },
  ]
}

function from(log: readonly StoredEvent[]): (range: SeqRange) => AsyncIterable<StoredEvent> {
  return async function* read(range) {
    yield* log.slice(range.from - 1, range.to)
  }
}
