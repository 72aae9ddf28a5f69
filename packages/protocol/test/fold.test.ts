import * as fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import {
  fold,
  foldSummary,
  SessionFold,
  textOf,
  type PluginReducer,
  type SessionSummary,
  type StoredEvent,
  type StoredEventType,
} from '../src/index.ts'
import { arbitraryLog, arbitraryPrefix } from './support/arbitrary-log.ts'
import { blocksOf, messagesOf, openCallsOf } from './support/naive-window.ts'
import { snapshot } from './support/snapshot.ts'

/** Counts what it was told, per name of a note. */
const counting: PluginReducer = {
  version: 1,
  initial: { notes: 0 },
  reduce: (state) => ({ notes: (state as { notes: number }).notes + 1 }),
}
const reducers = new Map([
  ['read', counting],
  ['__proto__', counting],
])
const TRANSCRIPT_TYPES: readonly StoredEventType[] = [
  'message.appended',
  'toolCall.finished',
  'compaction.applied',
]

describe('laws of the fold', () => {
  test('folding a log from any split point gives what folding it whole gives', () => {
    fc.assert(
      fc.property(arbitraryLog(), fc.nat(), (log, at) => {
        const split = at % (log.length + 1)
        const state = new SessionFold(reducers)
        for (const event of log.slice(0, split)) state.apply(event)
        snapshot(state) // reading in between changes nothing
        for (const event of log.slice(split)) state.apply(event)
        expect(snapshot(state)).toStrictEqual(snapshot(fold(log, reducers)))
      }),
    )
  })

  test('the state depends on the events alone: no clock, no chance, no session folded before', () => {
    const now = vi.spyOn(Date, 'now').mockImplementation(() => expect.unreachable('the fold read the clock'))
    const random = vi.spyOn(Math, 'random').mockImplementation(() => expect.unreachable('the fold drew lots'))
    try {
      const logs = fc.sample(arbitraryLog(), { numRuns: 20, seed: 7 })
      const once = logs.map((log) => snapshot(fold(log, reducers)))
      const again = logs.toReversed().map((log) => snapshot(fold(log, reducers)))
      expect(again.toReversed()).toStrictEqual(once)
    } finally {
      now.mockRestore()
      random.mockRestore()
    }
  })

  test('the fold changes no event', () => {
    fc.assert(
      fc.property(arbitraryLog(), (log) => {
        const before = JSON.stringify(log)
        fold(log.map(deepFreeze), reducers)
        expect(JSON.stringify(log)).toBe(before)
      }),
    )
  })

  test('a log that went through JSON folds to the same state', () => {
    fc.assert(
      fc.property(arbitraryLog(), (log) => {
        const copy = JSON.parse(JSON.stringify(log)) as readonly StoredEvent[]
        expect(snapshot(fold(copy, reducers))).toStrictEqual(snapshot(fold(log, reducers)))
      }),
    )
  })
})

describe('the transcript', () => {
  test('is, after every event, what the slow definition says: results in call order, cuts in whole units', () => {
    fc.assert(
      fc.property(arbitraryLog(), (log) => {
        const state = new SessionFold()
        for (const [index, event] of log.entries()) {
          state.apply(event)
          const expected = messagesOf(blocksOf(log.slice(0, index + 1)))
          expect([...state.transcript]).toStrictEqual(expected.map(({ message }) => message))
          expect(state.seqs).toStrictEqual(expected.map(({ seq }) => seq))
        }
      }),
      { numRuns: 50 },
    )
  })

  test('taken before stays what it was', () => {
    fc.assert(
      fc.property(arbitraryLog(), (log) => {
        const state = new SessionFold()
        const taken = log.map((event) => {
          state.apply(event)
          return { view: state.transcript, copy: [...state.transcript] }
        })
        for (const { view, copy } of taken) {
          expect([...view]).toStrictEqual(copy)
          expect(view.length).toBe(copy.length)
        }
      }),
    )
  })

  test('is changed by messages, results and compactions, and by nothing else', () => {
    fc.assert(
      fc.property(arbitraryLog(), (log) => {
        const state = new SessionFold()
        for (const event of log) {
          const before = [...state.transcript]
          state.apply(event)
          if (!TRANSCRIPT_TYPES.includes(event.type)) expect([...state.transcript]).toStrictEqual(before)
        }
      }),
    )
  })

  test('holds back a result until every earlier call of the reply has one', () => {
    fc.assert(
      fc.property(arbitraryPrefix(), (log) => {
        const state = fold(log)
        const open = [...state.openCalls.values()]
        const unanswered = open.filter(({ answer }) => !answer).map(({ call }) => call.callId)
        expect(unanswered).toStrictEqual(openCallsOf(log).map(({ callId }) => callId))
        expect(open[0]?.answer).toBeUndefined()
      }),
    )
  })

  test('of a fork is that of its prefix, repaired', () => {
    fc.assert(
      fc.property(arbitraryLog(), (log) => {
        fc.pre(log.some(({ type }) => type === 'session.forked'))
        const forkedAt = log.findLastIndex(({ type }) => type === 'session.forked')
        const before = fold(log.slice(0, forkedAt))
        const state = fold(log.slice(0, forkedAt + 1))
        expect([...state.transcript]).toStrictEqual([...before.transcript])
        expect(state.plugins).toStrictEqual(before.plugins)
        expect(state.children.size).toBe(0)
        expect(state.usage).toStrictEqual({
          total: { inputTokens: 0, outputTokens: 0 },
          byPurpose: {},
          children: { inputTokens: 0, outputTokens: 0 },
          inherited: (log[forkedAt] as StoredEvent<'session.forked'>).inheritedUsage,
        })
        expect(state.createdAt).toBe(log[forkedAt]!.at)
        expect(state.blueprint.sessionId).toBe(log[forkedAt]!.sessionId)
        expect(state.sessionId).toBe(log[forkedAt]!.sessionId)
      }),
      { numRuns: 40 },
    )
  })
})

describe('what a log ends in', () => {
  test('every turn that started has ended once the log is whole, and nothing of it is left open', () => {
    fc.assert(
      fc.property(arbitraryLog(), (log) => {
        const state = fold(log)
        expect(state.turn).toBeUndefined()
        expect(state.openCalls.size).toBe(0)
        expect(state.approvals.size).toBe(0)
        expect(state.injected.filter(({ scope }) => scope === 'turn').length).toBe(lateInjections(log))
        expect(state.turns).toBe(log.filter(({ type }) => type === 'turn.started').length)
        expect(state.readOnly).toBeUndefined()
      }),
    )
  })

  test('usage never shrinks within a session, never leaves the exact integers, and sums up by purpose', () => {
    fc.assert(
      fc.property(arbitraryLog(), (log) => {
        const state = new SessionFold()
        let before = 0
        for (const event of log) {
          state.apply(event)
          const { total, byPurpose, children } = state.usage
          if (event.type === 'session.forked') before = 0
          expect(total.inputTokens).toBeGreaterThanOrEqual(before)
          before = total.inputTokens
          for (const usage of [total, children, ...Object.values(byPurpose)])
            expect(Number.isSafeInteger(usage.inputTokens) && Number.isSafeInteger(usage.outputTokens)).toBe(
              true,
            )
          const sum = Object.values(byPurpose).reduce((tokens, usage) => tokens + usage.outputTokens, 0)
          expect(Math.min(sum, Number.MAX_SAFE_INTEGER)).toBe(total.outputTokens)
        }
      }),
    )
  })

  test('the summary says of every prefix what the state says', () => {
    fc.assert(
      fc.property(arbitraryPrefix(), (log) => {
        const state = fold(log)
        const summary = log.reduce<SessionSummary | undefined>(foldSummary, undefined)!
        expect(summary).toMatchObject({
          sessionId: state.sessionId,
          title: state.title ?? '',
          metadata: state.metadata,
          model: state.blueprint.model,
          workingDir: state.blueprint.workingDir,
          turns: state.turns,
          usage: state.usage.total,
          createdAt: state.createdAt,
        })
        expect(state.blueprint.metadata).toStrictEqual(state.metadata)
        expect(summary.parentId).toBe(state.blueprint.parentId)
        expect(summary.head).toBeLessThanOrEqual(state.head)
        // A fork of a running turn is idle to a list: the commit that forks also ends that turn.
        const forked = log.findLastIndex(({ type }) => type === 'session.forked')
        const restarted = log.findLastIndex(({ type }) => type === 'turn.started')
        if (forked > restarted && state.turn) expect(summary.status).toBe('idle')
        else expect(summary.status).toBe(state.turn ? 'running' : state.status)
      }),
    )
  })
})

describe('a log from a newer version', () => {
  test('stays readable: what is unknown sets readOnly and changes nothing else', () => {
    const silent: readonly string[] = ['hook.ran', 'notification.raised', 'warning.raised', 'cache.broken']
    fc.assert(
      fc.property(arbitraryLog(), fc.boolean(), (log, isNewType) => {
        const index = log.findIndex(({ type }) => silent.includes(type))
        fc.pre(index !== -1)
        const known = log[index]!
        const newer = { ...known, ...(isNewType ? { type: 'future.happened' } : { v: known.v + 1 }) }
        const state = snapshot(fold(log.with(index, newer as StoredEvent), reducers))
        const { readOnly, ...rest } = state
        const { readOnly: _, ...expected } = snapshot(fold(log, reducers))
        expect(readOnly).toStrictEqual({ type: newer.type, v: newer.v, seq: known.seq })
        expect(rest).toStrictEqual(expected)
      }),
      { numRuns: 40 },
    )
  })
})

test('the text of a title is the first line of the first prompt that has one', () => {
  fc.assert(
    fc.property(arbitraryLog(), (log) => {
      fc.pre(log.every(({ type }) => type !== 'session.updated' && type !== 'session.forked'))
      const [started] = log
      const given = started?.type === 'session.started' ? started.blueprint.title : undefined
      const prompts = log.filter((event) => event.type === 'turn.started')
      const first = prompts.map(({ input }) => textOf({ parts: input }).trim()).find((text) => text !== '')
      const { title } = fold(log)
      if (given) expect(title).toBe(given)
      else if (first === undefined) expect(title).toBeUndefined()
      else expect(first.startsWith(title!.replace(/…$/, ''))).toBe(true)
    }),
  )
})

/** Text injected for a turn while none was running waits for the next turn to end. */
function lateInjections(log: readonly StoredEvent[]): number {
  const lastEnd = log.findLastIndex(({ type }) => type === 'turn.completed' || type === 'turn.failed')
  return log.slice(lastEnd + 1).filter((event) => event.type === 'context.injected' && event.scope === 'turn')
    .length
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) deepFreeze(each)
  return Object.freeze(value)
}
