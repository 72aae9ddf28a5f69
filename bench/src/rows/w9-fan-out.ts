import { EventEmitter } from 'node:events'
import { EventBus } from '@halter/core/host'
import type { Delta } from '@halter/protocol'
import { figure, type Figure } from '../figure.ts'
import { inTurn } from '../rounds.ts'

const SUBSCRIBERS = 100
const EVENTS = 20_000
/** Few enough for the buffer of a reader, so that none is lost. */
const BURST = 500

const DELTA: Delta = {
  type: 'text.delta',
  sessionId: 'session',
  turnId: 'turn',
  messageId: 'message',
  part: 0,
  offset: 0,
  text: 'tick ',
}

/** W9: one event to 100 subscribers. */
export async function deliveries(): Promise<readonly Figure[]> {
  const ns = await inTurn(9, { emitter: emitting, listeners: listening, readers: buffering })
  return [
    figure({
      row: 'W9',
      work: 'one event to 100 listeners',
      unit: 'ns/delivery',
      ours: ns.listeners,
      floor: ns.emitter,
      floorIs: 'EventEmitter',
      goal: { of: 'ratio', atMost: 2 },
    }),
    figure({
      row: 'W9',
      work: 'one event into the buffers of 100 readers',
      unit: 'ns/delivery',
      ours: ns.readers,
      floor: ns.emitter,
      floorIs: 'EventEmitter',
      goal: { of: 'figure', atMost: 50 },
    }),
  ]
}

async function emitting(): Promise<number> {
  const emitter = new EventEmitter().setMaxListeners(SUBSCRIBERS)
  const counters = Array.from({ length: SUBSCRIBERS }, () => new Counter())
  for (const counter of counters) emitter.on('event', (event: Delta) => counter.take(event))
  const start = performance.now()
  for (let count = 0; count < EVENTS; count++) emitter.emit('event', DELTA)
  return checked(performance.now() - start, counters)
}

async function listening(): Promise<number> {
  const bus = new EventBus()
  const counters = Array.from({ length: SUBSCRIBERS }, () => new Counter())
  for (const counter of counters) bus.listen((event) => counter.take(event))
  const start = performance.now()
  for (let count = 0; count < EVENTS; count++) bus.publish(DELTA)
  return checked(performance.now() - start, counters)
}

/** The publisher's part: it must not matter to a session how many readers it has. Each reads what came after each burst. */
async function buffering(): Promise<number> {
  const bus = new EventBus()
  const counters = Array.from({ length: SUBSCRIBERS }, () => new Counter())
  const reading = counters.map(async (counter) => {
    for await (const event of bus.subscribe()) counter.take(event)
  })
  let ms = 0
  for (let count = 0; count < EVENTS; count += BURST) {
    const start = performance.now()
    for (let event = 0; event < BURST; event++) bus.publish(DELTA)
    ms += performance.now() - start
    await new Promise((resolve) => setImmediate(resolve))
  }
  bus.close()
  await Promise.all(reading)
  return checked(ms, counters)
}

class Counter {
  count = 0

  take(event: { readonly type: string }): void {
    if (event.type === 'text.delta') this.count += 1
  }
}

function checked(ms: number, counters: readonly Counter[]): number {
  const wrong = counters.find(({ count }) => count !== EVENTS)
  if (wrong) throw new Error(`a subscriber got ${wrong.count} events, not ${EVENTS}`)
  return (ms * 1_000_000) / (EVENTS * SUBSCRIBERS)
}
