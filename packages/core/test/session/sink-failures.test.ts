import { HalterError, type ChangePage, type EventSink } from '@halter/core'
import { TestStore, VirtualClock } from '@halter/core/testing'
import type { StoredEvent } from '@halter/protocol'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { currentAttribution, runAs } from '../../src/kernel/attribution.ts'
import { SinkPump, type SinkPumpOptions } from '../../src/session/sink-pump.ts'
import { until } from './support/gates.ts'
import { openRuntime, startRuntime } from './support/runtime.ts'
import { bringing, distinct, KeepingSink, listening, oneTurn, script } from './support/sinks.ts'

describe('a sink that fails', () => {
  test('gets the same events again after longer and longer waits, is warned of once, and disturbs no other', async () => {
    const times: number[] = []
    const warnings: string[] = []
    const bad = new KeepingSink('bad', {
      before: (call) => {
        times.push(clock.now())
        if (call <= 4) throw new Error('the queue is down')
      },
    })
    const good = new KeepingSink('good')
    const { runtime, clock } = await startRuntime({
      script,
      plugins: [listening(warnings), bringing('a', [bad]), bringing('b', [good])],
    })
    const log = await oneTurn(runtime)
    await until(() => bad.events.length === log.length && good.events.length === log.length)
    expect(bad.events).toEqual(log)
    expect(good.events).toEqual(log)
    const waits = times.slice(1, 5).map((time, index) => time - times[index]!)
    expect(waits).toEqual([100, 200, 400, 800])
    expect(warnings).toEqual([
      expect.stringContaining(
        'ERR_SINK_FAILED The event sink "bad" failed and will get the same events again: the queue is down',
      ),
    ])
  })

  test('is attributed to its plugin, whoever made the commit that woke it', async () => {
    const reading = new Set<string | undefined>()
    const writing = new Set<string | undefined>()
    const sink = new KeepingSink('one', { before: () => writing.add(currentAttribution()?.plugin) })
    const { options, store } = await pumping(sink, { plugin: 'whose' })
    const changes = store.changes.bind(store)
    store.changes = (range) => {
      reading.add(currentAttribution()?.plugin)
      return changes(range)
    }
    const pump = new SinkPump(options)
    runAs({ plugin: 'the committer' }, () => pump.wake())
    await until(() => sink.events.length === 4)
    await pump.close(100)
    expect(writing).toEqual(new Set(['whose']))
    expect(reading).toEqual(new Set([undefined]))
  })

  test('at an event that cannot be read passes it over, by name, and gets the rest', async () => {
    const store = new DamagedAt(3)
    const warnings: string[] = []
    const sink = new KeepingSink('one')
    const { runtime } = await startRuntime({
      script,
      store,
      plugins: [listening(warnings), bringing('a', [sink])],
    })
    const log = await oneTurn(runtime)
    await until(() => sink.events.length >= log.length - 1)
    expect(sink.events.map(({ seq }) => seq)).toEqual(log.map(({ seq }) => seq).filter((seq) => seq !== 3))
    expect(warnings).toEqual([expect.stringContaining('seq 3')])
  })
})

describe('a sink that hangs', () => {
  test('delays no turn, no other sink, and the shutdown only by its limit', async () => {
    const signals: AbortSignal[] = []
    const hanging = new KeepingSink('hanging', {
      before: (_, signal) => {
        signals.push(signal)
        return new Promise(() => {})
      },
    })
    const good = new KeepingSink('good')
    const warnings: string[] = []
    const { runtime } = await openRuntime({
      script,
      plugins: [listening(warnings), bringing('a', [hanging, good])],
    })
    const logs = [await oneTurn(runtime), await oneTurn(runtime)]
    await until(() => good.events.length === logs.flat().length)
    const asked = performance.now()
    await runtime.shutdown()
    expect(performance.now() - asked).toBeGreaterThan(1900)
    expect(performance.now() - asked).toBeLessThan(2600)
    expect(signals.map(({ aborted }) => aborted)).toEqual([true])
    expect(warnings).toEqual([expect.stringContaining('"hanging" was left behind after 2000 ms')])
  })
})

describe('a write that takes too long', () => {
  test('is told to stop, and comes again when it has', async () => {
    const sink = new KeepingSink('slow', {
      before: (call, signal) =>
        call === 1 &&
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    })
    const { options, warnings } = await pumping(sink, { writeMs: 30 })
    const pump = new SinkPump(options)
    pump.wake()
    await until(() => sink.batches.length > 0)
    expect(sink.events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4])
    expect(warnings[0]).toContain('"slow" has not written 4 events within 30 ms')
    await pump.close(100)
  })

  test('and does not stop has no second one beside it', async () => {
    let running = 0
    let most = 0
    const deaf = new KeepingSink('deaf', {
      before: async () => {
        most = Math.max(most, (running += 1))
        await new Promise((resolve) => setTimeout(resolve, 120))
        running -= 1
      },
    })
    const { options } = await pumping(deaf, { writeMs: 20 })
    const pump = new SinkPump(options)
    pump.wake()
    await new Promise((resolve) => setTimeout(resolve, 60))
    pump.wake()
    await until(() => deaf.batches.length > 0)
    expect(most).toBe(1)
    await pump.close(100)
  })
})

test('a new sink begins where it was plugged in, also when its cursor cannot be looked up at first', async () => {
  let looks = 0
  const get = async (): Promise<undefined> => {
    if ((looks += 1) === 1) throw new Error('not now')
  }
  const sink = new KeepingSink('one')
  const { options, store } = await pumping(sink, { sink, cursors: { get, set: async () => {} } })
  const pump = new SinkPump(options)
  await pump.ready
  await store.add(2)
  pump.wake()
  await until(() => sink.events.length > 0)
  expect(sink.events.map(({ seq }) => seq)).toEqual([5, 6])
  await pump.close(100)
})

test('whatever fails and whenever, each event comes at least once and in order', async () => {
  const failing = fc.array(fc.boolean(), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(
      failing,
      failing,
      failing,
      fc.array(fc.nat(3), { maxLength: 6 }),
      async (write, set, read, commits) => {
        const fails = (plan: readonly boolean[], nth: number): void => {
          if (plan[nth]) throw new Error('not now')
        }
        let [writes, sets, reads] = [0, 0, 0]
        const sink = new KeepingSink('one', { before: () => fails(write, writes++) })
        const { options, store } = await pumping(sink, {
          cursors: {
            get: async () => undefined,
            set: async () => fails(set, sets++),
          },
        })
        const changes = store.changes.bind(store)
        store.changes = async (range) => {
          fails(read, reads++)
          return changes({ ...range, limit: 2 })
        }
        const pump = new SinkPump(options)
        for (const count of commits) {
          pump.wake()
          await store.add(count)
        }
        pump.wake()
        await until(() => distinct(sink.events).length === store.size)
        expect(distinct(sink.events).map(({ seq }) => seq)).toEqual(
          Array.from({ length: store.size }, (_, index) => index + 1),
        )
        await pump.close(1_000)
        const before = sink.events.length
        await new Promise((resolve) => setImmediate(resolve))
        expect(sink.events.length).toBe(before)
      },
    ),
    { numRuns: 150 },
  )
})

/** Tells of a damaged event, and where to go on, instead of the event with this seq. */
class DamagedAt extends TestStore {
  readonly #seq: number

  constructor(seq: number) {
    super()
    this.#seq = seq
  }

  override async changes(
    range: { readonly after?: string; readonly limit?: number } = {},
  ): Promise<ChangePage> {
    const page = await super.changes(range)
    const index = page.events.findIndex(({ seq }) => seq === this.#seq)
    const first = Number(range.after ?? 0)
    if (index > 0) return { events: page.events.slice(0, index), position: String(first + index) }
    if (index === -1) return page
    throw new HalterError('ERR_SESSION_DAMAGED', `seq ${this.#seq} is damaged.`, {
      data: { position: String(first + 1) },
    })
  }
}

/** A store with one session that grows by as many events as it is told. */
class GrowingStore extends TestStore {
  size = 0

  async add(count: number): Promise<void> {
    if (count === 0) return
    const events = Array.from({ length: count }, (): StoredEvent => {
      const seq = (this.size += 1)
      return {
        sessionId: 's',
        seq,
        at: 0,
        v: 1,
        type: 'notification.raised',
        kind: 'test',
        message: String(seq),
      }
    })
    const expectedHead = this.size - count
    const commitId = `commit-${this.size}`
    if (expectedHead > 0) await this.commit('s', { expectedHead, commitId, events })
    else await this.create({ sessionId: 's', commitId, events, summary: {} as never }) // no one lists it
  }
}

/** A pump's options around a sink, over a store with four events, which it is to have. */
async function pumping(
  sink: EventSink,
  rest: Partial<SinkPumpOptions> = {},
): Promise<{ options: SinkPumpOptions; store: GrowingStore; warnings: string[] }> {
  const store = new GrowingStore()
  await store.add(4)
  const warnings: string[] = []
  const options: SinkPumpOptions = {
    sink: { name: sink.name, from: 'start', write: (events, signal) => sink.write(events, signal) },
    plugin: undefined,
    store,
    cursors: { get: async () => undefined, set: async () => {} },
    clock: new VirtualClock(),
    writeMs: 30_000,
    warn: ({ message }) => void warnings.push(message),
    ...rest,
  }
  return { options, store, warnings }
}
