import { HalterError, type StoredSession } from '@halter/core'
import { TestStore } from '@halter/core/testing'
import { foldSummary, type SessionId, type SessionSummary, type StoredEvent } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { openRuntime, startRuntime } from './support/runtime.ts'
import { logOf } from './support/sound.ts'
import { storeWith } from './support/stored-logs.ts'
import { echo } from './support/tools.ts'

/** A sound log: a turn with a call of `echo`, and a second turn. */
async function sound(): Promise<readonly StoredEvent[]> {
  const { runtime } = await startRuntime({
    script: [{ toolCalls: [{ name: 'echo', id: 'c' }] }, { text: 'done' }, { text: 'again' }],
  })
  const session = await runtime.newSession({ tools: [echo] })
  for (const prompt of ['a', 'b']) await session.submitTurn(prompt).orThrow()
  return logOf(runtime, session.id)
}

/** Where the first event of a type stands. */
function indexOf(log: readonly StoredEvent[], type: StoredEvent['type']): number {
  return log.findIndex((event) => event.type === type)
}

/** As a store gives it back that lost or doubled rows: the events keep their own `seq`. */
function without(log: readonly StoredEvent[], type: StoredEvent['type']): StoredEvent[] {
  return log.toSpliced(indexOf(log, type), 1)
}

/** With an event in between, and all after it moved on. */
function inserted(log: readonly StoredEvent[], at: number, event: StoredEvent): StoredEvent[] {
  return log.toSpliced(at, 0, event).map((each, index) => ({ ...each, seq: index + 1 }))
}

/** Without an event, and all after it moved up. */
function removed(log: readonly StoredEvent[], type: StoredEvent['type']): StoredEvent[] {
  return without(log, type).map((each, index) => ({ ...each, seq: index + 1 }))
}

/** A log, and which of its problems comes first: the seq after the last event that is good. */
type Planted = [
  what: string,
  plant: (log: readonly StoredEvent[]) => StoredEvent[],
  seq: number,
  problem: RegExp,
]

// 1 session, 2 turn, 3 prompt, 4 reply, 5 usage, 6 call started, 7 finished, 8 reply, 9 usage, 10 turn's end, 11 turn, …
const planted: Planted[] = [
  ['a gap', (log) => without(log, 'usage.recorded'), 5, /seq 6 follows seq 4.*missing or doubled/],
  ['a doubled row', (log) => log.toSpliced(5, 0, log[4]!), 6, /seq 5 follows seq 5/],
  [
    'an event of another session',
    (log) => log.with(3, { ...log[3]!, sessionId: 'other' }),
    4,
    /belongs to session other/,
  ],
  ['an unanswered call', (log) => removed(log, 'toolCall.finished'), 9, /without a result: c/],
  [
    'a call that is answered twice',
    (log) => inserted(log, 7, log[6]!),
    8,
    /call c, which no reply asked for/,
  ],
  [
    'an answer to nothing',
    (log) => inserted(log, 4, { ...log[6]!, callId: 'x' } as StoredEvent),
    5,
    /call x, which no reply/,
  ],
  ['a turn without an end', (log) => removed(log, 'turn.completed'), 10, /starts a turn while turn-1/],
  [
    'an end of another turn',
    (log) => log.with(9, { ...log[9]!, turnId: 'turn-9' } as StoredEvent),
    10,
    /ends turn turn-9, which is not running/,
  ],
  ['a second end', (log) => inserted(log, 10, log[9]!), 11, /ends turn turn-1, which is not running/],
]

describe('verify', () => {
  test('finds nothing wrong with a sound log, a turn that is still open included', async () => {
    const log = await sound()
    for (const length of [log.length, indexOf(log, 'toolCall.started') + 1]) {
      const { store, id } = await storeWith(log.slice(0, length))
      const { runtime } = await startRuntime({ store })
      expect(await runtime.verify(id)).toEqual({ sessionId: id, events: length, problems: [] })
    }
  })

  test.each(planted)('finds %s, and where', async (_what, plant, seq, problem) => {
    const log = plant(await sound())
    const { store, id } = await storeWith(log)
    const { runtime } = await openRuntime({ store })
    const { problems } = await runtime.verify(id)
    expect(problems[0]).toEqual({ seq, problem: expect.stringMatching(problem) as string })
    expect(await logOf(runtime, id)).toEqual(log)
    await runtime.shutdown()
  })

  test('finds two answers to one of several calls', async () => {
    const { runtime: first } = await startRuntime({
      script: [{ toolCalls: ['a', 'b'].map((id) => ({ name: 'echo', id })) }, { text: 'x' }],
    })
    const session = await first.newSession({ tools: [echo] })
    await session.submitTurn('go').orThrow()
    const log = await logOf(first, session.id)
    const finished = log.filter((event) => event.type === 'toolCall.finished')
    const [a, b] = [
      finished.find(({ callId }) => callId === 'a')!,
      finished.find(({ callId }) => callId === 'b')!,
    ]
    const at = Math.min(a.seq, b.seq) - 1
    const twice = log.toSpliced(at, 2, b, b, a).map((event, index) => ({ ...event, seq: index + 1 }))
    const { store, id } = await storeWith(twice)
    const { runtime } = await openRuntime({ store })
    const { problems } = await runtime.verify(id)
    expect(problems).toContainEqual({
      seq: at + 2,
      problem: expect.stringMatching(/second time/) as string,
    })
    await runtime.shutdown()
  })

  test('finds a summary that keeps a sound log from being resumed', async () => {
    const log = await sound()
    const store = new UnreadableStore(log)
    const { runtime } = await openRuntime({ store })
    store.isSummaryDamaged = true
    const { events, problems } = await runtime.verify('session-1')
    expect([events, problems]).toEqual([
      log.length,
      [{ seq: log.length + 1, problem: 'the summary is damaged' }],
    ])
    await runtime.shutdown()
  })

  test('finds a log that ends before the head that the store tells', async () => {
    const log = await sound()
    const store = new UnreadableStore(log)
    const { runtime } = await openRuntime({ store })
    store.lostEvents = 2
    const { events, problems } = await runtime.verify('session-1')
    expect([events, problems]).toEqual([
      log.length - 2,
      [{ seq: log.length - 1, problem: `is not there: the store tells of ${log.length} events` }],
    ])
    await runtime.shutdown()
  })

  test('tells what the store cannot read, and where it stopped', async () => {
    const { runtime } = await openRuntime({ store: new UnreadableStore(await sound(), 5) })
    const { events, problems } = await runtime.verify('session-1')
    expect([events, problems]).toEqual([4, [{ seq: 5, problem: 'row 5 is damaged' }]])
    await runtime.shutdown()
  })
})

describe('repair', () => {
  test.each(planted)('of %s is a fork before it, which can be gone on with', async (_what, plant, seq) => {
    const log = plant(await sound())
    const { store, id } = await storeWith(log)
    const { runtime } = await openRuntime({ store, script: [{ text: 'on' }] })
    const fork = (await runtime.repairSession(id))!
    expect((await logOf(runtime, fork.id)).slice(0, seq)).toMatchObject([
      ...log.slice(0, seq - 1).map(({ type }) => ({ type })),
      { type: 'session.forked', from: id, atSeq: seq - 1 },
    ])
    expect(await fork.submitTurn('go on').result).toMatchObject({ status: 'completed', text: 'on' })
    expect((await runtime.verify(fork.id)).problems).toEqual([])
    expect(await logOf(runtime, id)).toEqual(log)
    await runtime.shutdown()
  })

  test('of what the store cannot read takes what comes before it', async () => {
    const { runtime } = await openRuntime({ store: new UnreadableStore(await sound(), 8) })
    const fork = (await runtime.repairSession('session-1'))!
    expect(fork.state.transcript).toHaveLength(3)
    expect((await runtime.verify(fork.id)).problems).toEqual([])
    await runtime.shutdown()
  })

  test('of a damaged summary keeps the whole log', async () => {
    const log = await sound()
    const store = new UnreadableStore(log)
    const { runtime } = await openRuntime({ store })
    store.isSummaryDamaged = true
    const fork = (await runtime.repairSession('session-1'))!
    expect(fork.state.turns).toBe(2)
    expect((await logOf(runtime, fork.id))[log.length]).toMatchObject({
      type: 'session.forked',
      atSeq: log.length,
    })
    await runtime.shutdown()
  })

  test('of a sound session is not needed', async () => {
    const { runtime, store } = await startRuntime()
    const { id } = await runtime.newSession()
    expect(await runtime.repairSession(id)).toBeUndefined()
    expect((await store.list()).sessions).toHaveLength(1)
  })

  test('of a session of which nothing is good is refused', async () => {
    const { runtime } = await openRuntime({ store: new UnreadableStore(await sound(), 1) })
    await expect(runtime.repairSession('session-1')).rejects.toMatchObject({
      code: 'ERR_SESSION_DAMAGED',
      message: expect.stringContaining('session-1') as string,
      data: { seq: 1 },
    })
    await runtime.shutdown()
  })

  test('of a session that nobody knows is refused', async () => {
    const { runtime } = await startRuntime()
    await expect(runtime.repairSession('nobody')).rejects.toMatchObject({ code: 'ERR_SESSION_UNKNOWN' })
  })
})

/** Holds one session, and cannot read it from `damagedSeq` on, or not what is kept beside it. */
class UnreadableStore extends TestStore {
  isSummaryDamaged = false
  /** At the end, without a word. */
  lostEvents = 0
  readonly #damagedSeq: number
  readonly #ready: Promise<unknown>

  constructor(log: readonly StoredEvent[], damagedSeq = Infinity) {
    super()
    this.#damagedSeq = damagedSeq
    this.#ready = this.create({
      sessionId: 'session-1',
      commitId: 'c',
      events: log,
      summary: log.reduce<SessionSummary | undefined>(foldSummary, undefined)!,
    })
  }

  override async load(id: SessionId): Promise<StoredSession | undefined> {
    await this.#ready
    if (id === 'session-1' && this.isSummaryDamaged)
      throw new HalterError('ERR_SESSION_DAMAGED', 'the summary is damaged', { data: { seq: 0 } })
    return super.load(id)
  }

  override async *replay(
    id: SessionId,
    range: { readonly after?: number; readonly limit?: number } = {},
  ): AsyncGenerator<StoredEvent> {
    await this.#ready
    const head = (await super.load(id))?.head ?? 0
    for await (const event of super.replay(id, range)) {
      if (event.seq > head - this.lostEvents) return
      if (id === 'session-1' && event.seq >= this.#damagedSeq)
        throw new HalterError('ERR_SESSION_DAMAGED', `row ${event.seq} is damaged`, {
          data: { seq: event.seq },
        })
      yield event
    }
  }
}
