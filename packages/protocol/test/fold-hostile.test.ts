// Logs that no session of ours should leave behind. The fold takes each without throwing and keeps what can be kept.
import { describe, expect, test } from 'vitest'
import {
  fold,
  type AssistantMessage,
  type AssistantPart,
  type PendingEvent,
  type PluginReducer,
  type SessionState,
  type StoredEvent,
} from '../src/index.ts'
import { blueprint } from './support/samples.ts'

const NOTHING = { inputTokens: 0, outputTokens: 0 }
const T = { turnId: 't1' }
const from = { provider: 'acme', model: 'large' }

describe('tool calls', () => {
  test('a result for a call that nobody made is no message', () => {
    const state = foldOf(user('a'), finished('ghost'))
    expect(ids(state)).toEqual(['a'])
    expect(state.openCalls.size).toBe(0)
  })

  test('of two results for one call the first counts, while it is held back and after', () => {
    const held = foldOf(reply('r', 'c1', 'c2'), finished('c2', 'x'), finished('c2', 'y'), finished('c1', 'z'))
    expect(ids(held)).toEqual(['r', 'z', 'x'])
    const shown = foldOf(reply('r', 'c1'), finished('c1', 'x'), finished('c1', 'y'))
    expect(ids(shown)).toEqual(['r', 'x'])
  })

  test('a reply that repeats an id has one call of it', () => {
    const twice = reply('r', 'c1', 'c1')
    const [first] = foldOf(twice).openCalls.values()
    expect(first?.call).toBe(((twice as { message: AssistantMessage }).message.parts as readonly object[])[0])
    const state = foldOf(twice, finished('c1', 'x'))
    expect(ids(state)).toEqual(['r', 'x'])
    expect(state.openCalls.size).toBe(0)
  })

  test('an id that was used by an earlier reply names a new call', () => {
    const state = foldOf(reply('r', 'c1'), finished('c1', 'x'), reply('s', 'c1'), finished('c1', 'y'))
    expect(ids(state)).toEqual(['r', 'x', 's', 'y'])
  })

  test('ids and names that objects treat as their own are plain data', () => {
    const state = foldOf(
      reply('r', '__proto__', 'constructor'),
      finished('constructor', 'y'),
      finished('__proto__', 'x'),
    )
    expect(ids(state)).toEqual(['r', 'x', 'y'])
  })

  test('a start for a call that nobody made leaves nothing behind', () => {
    const state = foldOf(started('ghost'), reply('r', 'ghost'))
    expect(state.openCalls.get('ghost')?.startedInput).toBeUndefined()
  })

  test('the answer of each call keeps the seq of its own event', () => {
    const state = foldOf(reply('r', 'c1', 'c2'), finished('c2', 'y'), user('late'), finished('c1', 'x'))
    expect(ids(state)).toEqual(['r', 'late', 'x', 'y'])
    expect(state.seqs).toEqual([2, 4, 5, 3])
  })
})

describe('compaction', () => {
  const talk = [user('a'), reply('r', 'c1', 'c2'), finished('c2', 'y'), finished('c1', 'x'), user('b')]

  test.each([
    ['the reply', { from: 3, to: 3 }],
    ['its first result', { from: 5, to: 5 }],
    ['its last result', { from: 4, to: 4 }],
    ['the reply and half of its results', { from: 2, to: 4 }],
  ])('a range that names only %s takes the reply with all of its results', (_, range) => {
    const state = foldOf(...talk, compaction([range], 'sum'))
    expect(ids(state).filter((id) => ['r', 'x', 'y'].includes(id))).toEqual([])
    expect(ids(state)).toContain('b')
  })

  test('never takes a reply whose calls are not all answered', () => {
    const state = foldOf(
      user('a'),
      reply('r', 'c1', 'c2'),
      finished('c1', 'x'),
      compaction([{ from: 1, to: 9 }], 's'),
      finished('c2', 'y'),
    )
    expect(ids(state)).toEqual(['compaction-5', 'r', 'x', 'y'])
  })

  test('that drops nothing puts its summary first, where it parts no call from its result', () => {
    const state = foldOf(user('a'), reply('r', 'c1'), compaction([], 'sum'), finished('c1', 'x'))
    expect(ids(state)).toEqual(['compaction-4', 'a', 'r', 'x'])
  })

  test('that drops nothing and says nothing changes no message', () => {
    const state = foldOf(...talk, compaction([], ''))
    expect(ids(state)).toEqual(['a', 'r', 'x', 'y', 'b'])
    expect(state.compactions).toBe(1)
  })

  test('of events that stored no message, or lie in the future, drops nothing', () => {
    const state = foldOf(...talk, compaction([{ from: 100, to: 200 }], ''))
    expect(ids(state)).toEqual(['a', 'r', 'x', 'y', 'b'])
  })

  test('a second summary comes after the first when it stands for what came after it', () => {
    const state = foldOf(
      user('a'),
      user('b'),
      compaction([{ from: 2, to: 2 }], 'one'),
      user('c'),
      compaction([{ from: 3, to: 3 }], 'two'),
    )
    expect(ids(state)).toEqual(['compaction-4', 'compaction-6', 'c'])
  })

  test('of messages far apart leaves its summary where the first of them stood', () => {
    const dropped = [
      { from: 3, to: 3 },
      { from: 5, to: 5 },
    ]
    const state = foldOf(user('a'), user('b'), user('c'), user('d'), user('e'), compaction(dropped, 'sum'))
    expect(ids(state)).toEqual(['a', 'compaction-7', 'c', 'e'])
  })

  test('a second compaction can take the first one’s summary away', () => {
    const dropped = [{ from: 3, to: 4 }]
    const state = foldOf(
      user('a'),
      user('b'),
      compaction([{ from: 2, to: 2 }], 'one'),
      compaction(dropped, 'two'),
    )
    expect(ids(state)).toEqual(['compaction-5'])
  })

  test('a summary in a provider’s own form keeps its text for the others', () => {
    const native = { provider: 'acme', data: { token: 'x' } }
    const state = foldOf(user('a'), { ...compaction([{ from: 2, to: 2 }], 'sum'), native } as PendingEvent)
    expect(state.transcript.at(0)).toEqual({
      role: 'user',
      id: 'compaction-3',
      at: 3,
      origin: 'compaction',
      parts: [{ kind: 'native', provider: 'acme', data: { token: 'x' }, fallbackText: 'sum' }],
    })
  })

  test('a summary in a provider’s own form, and without words, is a message too', () => {
    const native = { provider: 'acme', data: 1 }
    const state = foldOf(user('a'), { ...compaction([{ from: 2, to: 2 }], ''), native } as PendingEvent)
    expect(ids(state)).toEqual(['compaction-3'])
  })

  test('forgets what size the provider last reported, because it was of other messages', () => {
    const usage = { inputTokens: 10, outputTokens: 2 }
    const recorded = { type: 'usage.recorded', purpose: 'turn', model: 'large', usage } as const
    const judged = { ...recorded, purpose: 'judge', usage: { inputTokens: 99, outputTokens: 9 } }
    expect(foldOf(user('a'), reply('r'), recorded, judged, user('b')).anchor).toEqual({
      messages: 2,
      tokens: 12,
    })
    expect(foldOf(user('a'), reply('r'), recorded, compaction([], '')).anchor).toBeUndefined()
  })

  test('the usage of a call that failed or was cut off says nothing of how large the context is', () => {
    const usage = { inputTokens: 10, outputTokens: 2 }
    const recorded = { type: 'usage.recorded', purpose: 'turn', model: 'large', usage } as const
    const whole = { messages: 2, tokens: 12 }
    const failed = { ...recorded, usage: { inputTokens: 3, outputTokens: 0 } }
    expect(foldOf(user('a'), failed).anchor).toBeUndefined()
    expect(foldOf(user('a'), reply('r'), recorded, user('b'), failed).anchor).toEqual(whole)
    const half = reply('h') as PendingEvent<'message.appended'>
    const cutOff = { ...half, message: { ...half.message, stopReason: 'interrupted' } } as PendingEvent
    expect(foldOf(user('a'), reply('r'), recorded, user('b'), cutOff, failed).anchor).toEqual(whole)
  })

  test('its usage counts once: as the usage of its call', () => {
    const usage = { inputTokens: 10, outputTokens: 1 }
    const state = foldOf({ type: 'usage.recorded', purpose: 'compaction', model: 'small', usage }, {
      ...compaction([], ''),
      usage,
    } as PendingEvent)
    expect(state.usage.total).toEqual(usage)
    expect(state.usage.byPurpose).toEqual({ compaction: usage })
  })
})

describe('names that objects treat as their own', () => {
  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    '"%s" is a purpose like any other',
    (purpose) => {
      const usage = { inputTokens: 1, outputTokens: 2 }
      const recorded = { type: 'usage.recorded', purpose, model: 'm', usage } as const
      const { byPurpose, total } = foldOf(recorded, recorded).usage
      expect(total).toEqual({ inputTokens: 2, outputTokens: 4 })
      expect(Object.entries(byPurpose)).toEqual([[purpose, { inputTokens: 2, outputTokens: 4 }]])
      expect(Object.getPrototypeOf(byPurpose)).toBe(Object.prototype)
    },
  )

  test.each(['__proto__', 'constructor'])('"%s" is a plugin like any other', (plugin) => {
    const list: PluginReducer = {
      version: 1,
      initial: [],
      reduce: (state, { data }) => [...(state as []), data],
    }
    const note = { type: 'plugin.noted', plugin, name: 'n', data: 1 } as const
    const state = fold(stamped([note, note]), new Map([[plugin, list]]))
    expect([...state.plugins]).toEqual([[plugin, { version: 1, value: [1, 1] }]])
    expect(foldOf(note).plugins.size).toBe(0)
  })

  test('an event of the type "constructor" is unknown', () => {
    const event = { sessionId: 's1', seq: 2, at: 2, type: 'constructor', v: 1 } as unknown as StoredEvent
    expect(fold([...stamped([]), event]).readOnly).toEqual({ type: 'constructor', v: 1, seq: 2 })
  })

  test('nothing of it reaches the prototype of objects', () => {
    const data = JSON.parse('{"__proto__": {"polluted": true}}') as { [key: string]: string }
    foldOf(
      { type: 'session.updated', metadata: data },
      { type: 'plugin.noted', plugin: '__proto__', name: '__proto__', data },
      { type: 'usage.recorded', purpose: '__proto__', model: 'm', usage: NOTHING },
    )
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })
})

describe('plugin reducers', () => {
  const note = { type: 'plugin.noted', plugin: 'p', name: 'n', data: 'x' } as const

  test('one that throws freezes its state where it was, and the session goes on', () => {
    let calls = 0
    const fragile: PluginReducer = {
      version: 3,
      initial: 0,
      reduce: (state) => {
        calls += 1
        if (state === 1) throw new Error('cannot count further')
        return (state as number) + 1
      },
    }
    const state = fold(stamped([note, note, note, user('a')]), new Map([['p', fragile]]))
    expect(state.plugins.get('p')).toEqual({ version: 3, value: 1, frozen: 'cannot count further' })
    expect(ids(state)).toEqual(['a'])
    expect(calls).toBe(2)
  })

  test('one that changes its initial value in place does not change it for the next session', () => {
    const careless: PluginReducer = {
      version: 1,
      initial: { seen: [] },
      reduce: (state, { data }) => {
        const value = state as { seen: unknown[] }
        value.seen.push(data)
        return state
      },
    }
    const reducers = new Map([['p', careless]])
    fold(stamped([note, note]), reducers)
    expect(fold(stamped([note]), reducers).plugins.get('p')?.value).toEqual({ seen: ['x'] })
    expect(careless.initial).toEqual({ seen: [] })
  })
})

describe('turns, approvals and injected text', () => {
  const ended = { type: 'turn.completed', ...T, usage: NOTHING, reason: 'stop' } as const
  const asked = {
    type: 'approval.requested',
    ...T,
    callId: 'c1',
    name: 'shell',
    input: {},
    scope: 'shell',
  } as const

  test('a question about a call is gone once the call has an answer, even one nobody made', () => {
    expect(foldOf(begun(), asked, finished('c1')).approvals.size).toBe(0)
  })

  test('no question outlives its turn, and none goes with another one', () => {
    expect(foldOf(begun(), asked, ended).approvals.size).toBe(0)
    expect(foldOf({ ...asked, turnId: 't0' }, begun(), ended).approvals.size).toBe(1)
  })

  test.each([
    ['once', false],
    ['session', true],
    ['always', true],
    ['deny', false],
  ] as const)('the answer "%s" covers later calls of the scope: %s', (answer, covers) => {
    const state = foldOf(begun(), asked, {
      type: 'approval.resolved',
      callId: 'c1',
      answer,
      scope: 'shell',
      by: 'user',
    })
    expect(state.grants.has('shell')).toBe(covers)
    expect(state.approvals.size).toBe(0)
  })

  test('text for a turn is in force until the turn ends, text for the session from then on', () => {
    const inject = (id: string, scope: 'turn' | 'session') =>
      ({ type: 'context.injected', id, text: id, scope, plugin: 'p' }) as const
    const running = [
      inject('a', 'session'),
      inject('b', 'turn'),
      begun(),
      inject('c', 'turn'),
      inject('d', 'session'),
    ]
    expect(foldOf(...running).injected.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd'])
    expect(foldOf(...running, ended).injected.map(({ id }) => id)).toEqual(['a', 'd'])
    expect(foldOf(...running).injected.every(({ stability }) => stability === 'turn')).toBe(true)
  })

  test('a list of injected text that was read before stays what it was', () => {
    const events = stamped([
      begun(),
      { type: 'context.injected', id: 'a', text: '', scope: 'turn', plugin: 'p' },
      ended,
    ])
    const before = fold(events.slice(0, 3)).injected
    expect(before).toHaveLength(1)
    expect(fold(events).injected).toHaveLength(0)
    expect(before).toHaveLength(1)
  })

  test('a prompt of a plugin, before or after, does not end what the turn is about', () => {
    const state = foldOf(begun(), user('a'))
    expect(state.turn).toMatchObject({ turnId: 't1', hasPrompt: true, steps: 0 })
    expect(state.status).toBe('interrupted')
  })

  test('only calls of the turn itself are steps, and every call is usage of the turn', () => {
    const usage = { inputTokens: 2, outputTokens: 1 }
    const state = foldOf(
      begun(),
      { type: 'usage.recorded', ...T, purpose: 'turn', model: 'm', usage },
      { type: 'usage.recorded', ...T, purpose: 'judge', model: 'm', usage },
    )
    expect(state.turn).toMatchObject({ steps: 1, usage: { inputTokens: 4, outputTokens: 2 } })
  })
})

test('a state before its first event can be read', () => {
  const state = fold([])
  expect(state.sessionId).toBe('')
  expect(state.blueprint).toMatchObject({ sessionId: '', model: '', metadata: {} })
  expect([state.head, state.status, state.transcript.length]).toEqual([0, 'idle', 0])
})

test('a log that begins with a session.started of a newer version can still be read', () => {
  const [first, ...rest] = stamped([user('a')])
  const state = fold([{ ...first!, v: 2 }, ...rest])
  expect(state.sessionId).toBe('s1')
  expect(state.readOnly).toEqual({ type: 'session.started', v: 2, seq: 1 })
  expect(ids(state)).toEqual(['a'])
})

test('the first event that is not known is the one that is named', () => {
  const [, ...rest] = stamped([user('a'), user('b')])
  const state = fold(rest.map((event) => ({ ...event, v: 9 })))
  expect(state.readOnly).toEqual({ type: 'message.appended', v: 9, seq: 2 })
})

test('a session that was closed is idle again once it is resumed', () => {
  const closed = { type: 'session.closed', reason: 'done' } as const
  expect(foldOf(closed).status).toBe('closed')
  expect(foldOf(closed, { type: 'session.resumed', interrupted: 'close' }).status).toBe('idle')
})

test('a fork of a closed session is open', () => {
  const forked = { type: 'session.forked', from: 's0', atSeq: 2, inheritedUsage: NOTHING } as const
  expect(foldOf({ type: 'session.closed', reason: 'done' }, forked).status).toBe('idle')
})

test('a version that was never written is as unknown as one that is not written yet', () => {
  const [first] = stamped([])
  expect(fold([{ ...first!, v: 0 }]).readOnly).toEqual({ type: 'session.started', v: 0, seq: 1 })
})

function foldOf(...events: readonly PendingEvent[]): SessionState {
  return fold(stamped(events))
}

/** `events` after a `session.started`, from seq 2. */
function stamped(events: readonly PendingEvent[]): readonly StoredEvent[] {
  return [{ type: 'session.started', blueprint } as const, ...events].map((event, index) => ({
    sessionId: 's1',
    seq: index + 1,
    at: index + 1,
    v: 1,
    ...event,
  }))
}

function ids(state: SessionState): readonly string[] {
  return state.transcript.slice().map(({ id }) => id)
}

function begun(): PendingEvent {
  return { type: 'turn.started', ...T, generation: 1, revision: 'r', input: [] }
}

function user(id: string): PendingEvent {
  return {
    type: 'message.appended',
    ...T,
    message: { role: 'user', id, at: 0, parts: [{ kind: 'text', text: id }] },
  }
}

function reply(id: string, ...callIds: readonly string[]): PendingEvent {
  const parts = callIds.map((callId): AssistantPart => ({
    kind: 'toolCall',
    callId,
    name: 'read',
    input: {},
  }))
  return {
    type: 'message.appended',
    ...T,
    message: { role: 'assistant', id, at: 0, parts, stopReason: 'tool-calls', from },
  }
}

function started(callId: string): PendingEvent {
  return { type: 'toolCall.started', ...T, callId, name: 'read', input: {} }
}

function finished(callId: string, messageId = `result-${callId}`): PendingEvent {
  return { type: 'toolCall.finished', ...T, callId, outcome: 'ok', messageId, parts: [] }
}

function compaction(droppedSeqs: readonly { from: number; to: number }[], summary: string): PendingEvent {
  return {
    type: 'compaction.applied',
    trigger: 'manual',
    droppedSeqs,
    summary,
    tokensBefore: 0,
    tokensAfter: 0,
  }
}
