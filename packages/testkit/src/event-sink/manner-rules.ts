import assert from 'node:assert/strict'
import { EVENT_VERSIONS, type StoredEvent } from '@halter/protocol'
import { leftoversOf } from '../plugin-unload/census.ts'
import type { Rule } from '../rule.ts'
import { SAMPLE_TIME, sampleId } from '../session-store/samples.ts'
import { NEVER, offer, required, type SinkHarness } from './harness.ts'
import { sampleLog, unknownEvent } from './samples.ts'

/** How long a write may take to settle once it was told to. Milliseconds. */
const SETTLE_MS = 2000

/** How a sink behaves towards the runtime. */
export const mannerRules: readonly Rule<SinkHarness>[] = [
  {
    name: 'its name is the same each time, and it says where it begins',
    async run({ open, reopen }) {
      const names: string[] = []
      for (const again of [open, reopen ?? open]) {
        const { sink, close } = await again()
        names.push(sink.name)
        const beginnings: readonly unknown[] = ['start', 'now', undefined]
        assert(beginnings.includes(sink.from), `it begins at "${String(sink.from)}"; there is start and now`)
        await close()
      }
      assert.notEqual(names[0]!.trim(), '', 'it has no name')
      if (reopen) assert.equal(names[1], names[0])
    },
  },

  required('it answers whether it accepts an event, of any kind, always the same', async ({ sink }) => {
    if (!sink.accepts) return
    for (const event of eventsOfEveryKind()) {
      const answers: readonly unknown[] = [sink.accepts(event), sink.accepts(event)]
      assert.equal(typeof answers[0], 'boolean', `whether it accepts ${event.type}`)
      assert.equal(answers[1], answers[0], `whether it accepts ${event.type}`)
    }
  }),

  required('events that it is given stay as they are', async ({ sink }) => {
    const { events } = sampleLog()
    const frozen = deepFreeze(structuredClone(events))
    await offer(sink, frozen)
    assert.deepEqual(frozen, events)
  }),

  required('a write that is told to stop settles', async ({ sink }) => {
    const { events } = sampleLog({ turns: 20 })
    const stop = new AbortController()
    const writing = sink.write(events, stop.signal)
    stop.abort(new Error('The rule stops this write on purpose.'))
    await assertSettles(writing)
  }),

  required('a write that was told to stop before it began settles', async ({ sink }) => {
    const { events } = sampleLog()
    await assertSettles(
      sink.write(events, AbortSignal.abort(new Error('The rule stops this write on purpose.'))),
    )
  }),

  required('an empty batch is nothing to do', async ({ sink }) => {
    await sink.write([], NEVER)
  }),

  {
    name: 'closed, it leaves nothing open',
    async run({ open }) {
      const use = async (): Promise<void> => {
        const { sink, close } = await open()
        for (let session = 0; session < 40; session++) await offer(sink, sampleLog({ turns: 1 }).events)
        await close()
      }
      await use() // once before: what is loaded for the first time may stay
      const left = await leftoversOf(use)
      assert.deepEqual(
        left.map(({ what }) => what),
        [],
      )
    },
  },
]

/** One of each, as far as a sink can tell by the envelope; and one that does not exist. */
function eventsOfEveryKind(): StoredEvent[] {
  const sessionId = sampleId()
  const { events } = sampleLog({ sessionId })
  const known = Object.entries(EVENT_VERSIONS).map(
    ([type, v], index) => ({ sessionId, seq: index + 1, at: SAMPLE_TIME, type, v }) as unknown as StoredEvent,
  )
  return [...events, ...known, unknownEvent(sessionId, 99)]
}

async function assertSettles(writing: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, SETTLE_MS, 'late')
  })
  const settled = writing.catch(() => {}) // failing is one way to stop
  const end = await Promise.race([settled, late])
  clearTimeout(timer)
  assert.notEqual(end, 'late', `it has not settled ${SETTLE_MS} ms after it was told to stop`)
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const inner of Object.values(value)) deepFreeze(inner)
  return Object.freeze(value)
}
