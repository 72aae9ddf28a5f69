import { isStored, type Delta, type SessionEvent, type StoredEvent } from '@halter/protocol'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { settle } from './support/gates.ts'
import { startRuntime, withRuntime } from './support/runtime.ts'
import { logOf } from './support/sound.ts'
import { tool } from './support/tools.ts'

/** A turn that streams many deltas, from the model and from a tool that then takes its time: a reader can catch up meanwhile. */
const chatty = tool('chatty', async (_, ctx) => {
  for (let index = 0; index < 20; index++) ctx.emit(`${index} `)
  await settle(10)
})
const script = [
  {
    text: Array.from({ length: 30 }, (_, index) => `${index} `),
    toolCalls: [
      { name: 'chatty', id: 'c1' },
      { name: 'chatty', id: 'c2' },
    ],
  },
  { text: ['a', 'b', 'c'], toolCalls: [{ name: 'chatty', id: 'c3' }] },
  { text: ['done'] },
]

function deltasIn(events: readonly SessionEvent[]): number {
  return events.filter((event) => !isStored(event) && event.type !== 'lagged').length
}

function lagIn(events: readonly SessionEvent[]): number {
  return events.reduce((sum, event) => sum + (event.type === 'lagged' ? event.dropped : 0), 0)
}

describe('a reader that reads nothing while the session runs', () => {
  test('gets every stored event once and in order, and is told exactly how many deltas it missed', async () => {
    const { runtime } = await startRuntime({ script })
    const shown: Delta[] = []
    runtime.events.listen((event) => {
      if (!isStored(event)) shown.push(event)
    })
    const session = await runtime.newSession({ tools: [chatty] })
    const events: SessionEvent[] = []
    const reader = session.events({ live: true, capacity: 8 })[Symbol.asyncIterator]()
    await session.submitTurn('go').result
    const log = await logOf(runtime, session.id)
    const isAllIn = (): boolean =>
      events.filter(isStored).length === log.length && deltasIn(events) + lagIn(events) === shown.length
    while (!isAllIn()) events.push((await reader.next()).value as SessionEvent)
    await reader.return!()
    expect(events.filter(isStored)).toEqual(log)
    expect(deltasIn(events) + lagIn(events)).toBe(shown.length)
    expect(lagIn(events)).toBeGreaterThan(0)
  })

  test('with onSlow "close" ends instead', async () => {
    const { runtime } = await startRuntime({ script })
    const session = await runtime.newSession({ tools: [chatty] })
    const reader = session.events({ live: true, capacity: 8, onSlow: 'close' })[Symbol.asyncIterator]()
    await session.submitTurn('go').result
    expect((await Array.fromAsync({ [Symbol.asyncIterator]: () => reader })).length).toBeLessThanOrEqual(8)
  })

  test('does not delay the session, and holds no more than its capacity', async () => {
    const { runtime } = await startRuntime({ script: [{ text: Array.from({ length: 20_000 }, () => 'x') }] })
    const session = await runtime.newSession()
    const reader = session.events({ live: true, capacity: 4 })[Symbol.asyncIterator]()
    await session.submitTurn('go').result
    const first = (await reader.next()) as IteratorYieldResult<SessionEvent>
    expect(first.value).toEqual({ type: 'lagged', dropped: 19_999 })
  })
})

test('a stored event that only deltas had pushed out is not lost: the next read gives it', async () => {
  const { runtime } = await startRuntime({ script })
  const session = await runtime.newSession({ tools: [chatty] })
  const reader = session.events({ live: true, after: 1, capacity: 3 })[Symbol.asyncIterator]()
  const seqs: number[] = []
  const turn = session.submitTurn('go')
  for (;;) {
    const { value } = (await reader.next()) as IteratorYieldResult<SessionEvent>
    if (isStored(value)) seqs.push(value.seq)
    if (value.type === 'turn.completed') break
    await settle(1)
  }
  await turn.result
  expect(seqs).toEqual((await logOf(runtime, session.id)).slice(1).map(({ seq }) => seq))
})

test.each([0, -5, Number.NaN, 1.5])(
  'a capacity of %s is taken for the least that works',
  async (capacity) => {
    const { runtime } = await startRuntime({ script })
    const session = await runtime.newSession({ tools: [chatty] })
    const events: SessionEvent[] = []
    const turn = session.submitTurn('go')
    for await (const event of session.events({ live: true, capacity })) {
      events.push(event)
      if (event.type === 'turn.completed') break
    }
    await turn.result
    expect(events.filter(isStored)).toEqual(await logOf(runtime, session.id))
  },
)

interface ReaderScript {
  readonly capacity: number
  /** Rounds of the event loop before each read, in turn. */
  readonly pauses: readonly number[]
  /** After how many events it leaves, and comes back by its cursor. */
  readonly stays: readonly number[]
  readonly after: number
}

const readerScript: fc.Arbitrary<ReaderScript> = fc.record({
  capacity: fc.integer({ min: 1, max: 40 }),
  pauses: fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 5 }),
  stays: fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 4 }),
  after: fc.nat({ max: 6 }),
})

/** Reads as its script says until the turn has ended; gives the stored events, by whatever connection they came. */
async function readAll(
  open: (after: number, capacity: number) => AsyncIterable<SessionEvent>,
  { capacity, pauses, stays, after }: ReaderScript,
): Promise<StoredEvent[]> {
  const got: StoredEvent[] = []
  let cursor = after
  let reads = 0
  for (let connection = 0; ; connection++) {
    const stay = stays[connection] ?? Infinity
    let read = 0
    for await (const event of open(cursor, capacity)) {
      if (isStored(event)) {
        got.push(event)
        cursor = event.seq
        if (event.type === 'turn.completed') return got
      }
      await settle(pauses[reads++ % pauses.length])
      if (++read >= stay) break
    }
  }
}

test('readers of any speed, with any cursor and any reconnects, get exactly what a replay gives', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(readerScript, { minLength: 1, maxLength: 4 }), async (readers) => {
      await withRuntime({ script }, async ({ runtime }) => {
        const session = await runtime.newSession({ tools: [chatty] })
        const reading = readers.map((reader) =>
          readAll((after, capacity) => session.events({ live: true, after, capacity }), reader),
        )
        await session.submitTurn('go').result
        const log = await logOf(runtime, session.id)
        for (const [index, got] of (await Promise.all(reading)).entries())
          expect(got).toEqual(log.slice(readers[index]!.after))
      })
    }),
    { numRuns: 60 },
  )
})
