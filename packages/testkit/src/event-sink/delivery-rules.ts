import assert from 'node:assert/strict'
import type { StoredEvent } from '@halter/protocol'
import type { Rule } from '../rule.ts'
import { HOSTILE_TEXTS } from '../session-store/checks.ts'
import { sampleId } from '../session-store/samples.ts'
import { forReadable, forTwoInstances, offer, type ReadableSink, type SinkHarness } from './harness.ts'
import { sampleLog, unknownEvent } from './samples.ts'

/** What becomes of the events: each is there once, in order, whatever comes twice. */
export const deliveryRules: readonly Rule<SinkHarness>[] = [
  forReadable('every event that it accepts is written once, in order', async (open) => {
    const { events } = sampleLog()
    const wanted: number[] = []
    for (const batch of [events.slice(0, 1), events.slice(1, 4), events.slice(4)])
      wanted.push(...(await offer(open.sink, batch)))
    await assertWritten(open, events, wanted)
  }),

  forReadable('the same events again change nothing', async (open) => {
    const { events } = sampleLog()
    const wanted = await offer(open.sink, events)
    for (const batch of [events, events.slice(0, 3), events.slice(-1)]) await offer(open.sink, batch)
    await assertWritten(open, events, wanted)
  }),

  forReadable('of a batch that is half known only the new half is written', async (open) => {
    const { events } = sampleLog()
    await offer(open.sink, events.slice(0, 5))
    const wanted = await offer(open.sink, events.slice(0, 9))
    await assertWritten(open, events, wanted)
  }),

  forReadable('sessions in one batch are kept apart', async (open) => {
    const logs = Array.from({ length: 7 }, () => sampleLog())
    const mixed = logs[0]!.events.flatMap((_, index) => logs.map(({ events }) => events[index]!))
    await offer(open.sink, mixed.slice(0, 30))
    await offer(open.sink, mixed.slice(20))
    for (const { events } of logs) await assertWritten(open, events, accepted(open, events))
  }),

  forReadable('a long batch is written to its end', async (open) => {
    const { events } = sampleLog({ turns: 700 })
    await assertWritten(open, events, await offer(open.sink, events))
  }),

  forReadable('ids and texts are never more than data', async (open) => {
    const mark = sampleId()
    // Beside each one a harmless id: what leads out of its place would not be found, or would be found with it.
    const ids = HOSTILE_TEXTS.flatMap((text, index) => [
      `${text}${mark}`,
      `${mark}${text}`,
      `${mark}-${index}`,
    ])
    const logs = ids.map((sessionId, index) =>
      sampleLog({ sessionId, turns: 1, text: HOSTILE_TEXTS[index % HOSTILE_TEXTS.length]! }),
    )
    for (const { events } of logs) await offer(open.sink, events)
    for (const { events } of logs) await offer(open.sink, events.slice(2))
    for (const { events } of logs) await assertWritten(open, events, accepted(open, events))
  }),

  forReadable('an event of a kind that nobody knows yet is written like any other', async (open) => {
    const { sessionId, events } = sampleLog()
    const log = [...events, unknownEvent(sessionId, events.length + 1)]
    await assertWritten(open, log, await offer(open.sink, log))
  }),

  forReadable('after a write that was told to stop, the same events make it whole', async (open) => {
    const { events } = sampleLog({ turns: 50 })
    const stop = new AbortController()
    const writing = offer(open.sink, events, stop.signal).catch(() => {}) // it may fail, and it may be done already
    stop.abort(new Error('The rule stops this write on purpose.'))
    await writing
    await assertWritten(open, events, await offer(open.sink, events))
  }),

  forTwoInstances('what a process before it wrote is not written again', async (first, reopen) => {
    const { events } = sampleLog()
    await offer(first.sink, events.slice(0, 6))
    await first.close()
    const second = await reopen()
    await offer(second.sink, events.slice(2))
    await assertWritten(second, events, accepted(second, events))
  }),

  forTwoInstances('what a process beside it wrote is not written again', async (first, reopen) => {
    const second = await reopen()
    const { events } = sampleLog({ turns: 6 })
    for (let end = 4; end <= events.length + 4; end += 4) {
      await offer(first.sink, events.slice(0, end))
      await offer(second.sink, events.slice(0, end + 2))
    }
    await assertWritten(first, events, accepted(first, events))
  }),

  forTwoInstances(
    'two processes that write the same events at the same time write each once',
    async (first, reopen) => {
      const second = await reopen()
      const { events } = sampleLog({ turns: 20 })
      for (let start = 0; start < events.length; start += 5) {
        const batch = events.slice(Math.max(0, start - 3), start + 5)
        await Promise.all([first, second].map(({ sink }) => offer(sink, batch)))
      }
      await assertWritten(first, events, accepted(first, events))
    },
  ),
]

function accepted({ sink }: ReadableSink, events: readonly StoredEvent[]): readonly number[] {
  return events.filter((event) => sink.accepts?.(event) ?? true).map(({ seq }) => seq)
}

async function assertWritten(
  open: ReadableSink,
  [first]: readonly StoredEvent[],
  expected: readonly number[],
): Promise<void> {
  const found = await open.written(first!.sessionId)
  assert.deepEqual(
    [...found],
    [...expected],
    `of session ${JSON.stringify(first!.sessionId)} it has other events`,
  )
}
