import { setImmediate } from 'node:timers/promises'
import type { StoredEvent } from '@halter/protocol'
import { checkRules, eventSinkRules } from '@halter/testkit'
import { describe, expect, test } from 'vitest'
import { ArraySink, sinkHarness } from './array-sink.ts'

/** Another name in every process. */
class ChangesItsName extends ArraySink {
  override readonly name = `array-${Math.random()}`
}

/** Asks the event for what not every event has. */
class AsksForMore extends ArraySink {
  override accepts(event: StoredEvent): boolean {
    return (event as StoredEvent<'message.appended'>).message.role.length > 0
  }
}

/** Marks what it was given. */
class MarksEvents extends ArraySink {
  protected override append(event: StoredEvent): void {
    super.append(Object.assign(event, { isWritten: true }))
  }
}

/** Waits for something that never comes. */
class HearsNoSignal extends ArraySink {
  override async write(events: readonly StoredEvent[], signal: AbortSignal): Promise<void> {
    await setImmediate()
    if (signal.aborted) await new Promise(() => {})
    for (const event of events) if (!this.hasWritten(event)) this.append(event)
  }
}

/** Takes the last event of a batch for granted. */
class NeedsAnEvent extends ArraySink {
  override async write(events: readonly StoredEvent[], signal: AbortSignal): Promise<void> {
    await super.write(events, signal)
    events.at(-1)!.seq.toFixed()
  }
}

/** Flushes by a timer that nobody stops. */
class LeavesItsTimer extends ArraySink {
  readonly #timer = setInterval(() => {}, 60_000).unref()

  override close(): void {
    this.#timer.hasRef()
  }
}

/** Counts on the newest events only. */
class StopsAtAThousand extends ArraySink {
  override write(events: readonly StoredEvent[], signal: AbortSignal): Promise<void> {
    return super.write(events.slice(0, 1000), signal)
  }
}

/** Does not look for what it has. */
class WritesAgain extends ArraySink {
  protected override hasWritten(): boolean {
    return false
  }
}

/** Looks at the first event of a batch only. */
class DropsKnownBatches extends ArraySink {
  override async write(events: readonly StoredEvent[], signal: AbortSignal): Promise<void> {
    const [first] = events
    if (first && !super.hasWritten(first)) for (const event of events) this.append(event)
    signal.throwIfAborted()
  }
}

/** One number for all sessions. */
class CountsSessionsTogether extends ArraySink {
  protected override hasWritten({ seq }: StoredEvent): boolean {
    return this.place.lines.some((line) => line.seq >= seq)
  }
}

/** Cuts ids at what looks like the end of a path. */
class TakesIdsForPaths extends ArraySink {
  protected override append(event: StoredEvent): void {
    super.append({ ...event, sessionId: event.sessionId.split(/[/\\]/).at(-1)!.toWellFormed() })
  }
}

/** Knows a list of types. */
class RefusesTheUnknown extends ArraySink {
  protected override append(event: StoredEvent): void {
    if (event.v > 9) throw new Error(`${event.type} is none of mine`)
    super.append(event)
  }
}

/** Takes what it began for done. */
class RemembersTooEarly extends ArraySink {
  readonly #begun = new Set<string>()

  override async write(events: readonly StoredEvent[], signal: AbortSignal): Promise<void> {
    const fresh = events.filter(({ sessionId, seq }) => !this.#begun.has(`${sessionId} ${seq}`))
    for (const { sessionId, seq } of fresh) this.#begun.add(`${sessionId} ${seq}`)
    await setImmediate()
    await super.write(fresh, signal)
  }
}

/** Keeps in memory what it has written. */
class ForgetsWithItsProcess extends ArraySink {
  readonly #written = new Set<string>()

  protected override hasWritten({ sessionId, seq }: StoredEvent): boolean {
    const key = `${sessionId} ${seq}`
    return this.#written.size === this.#written.add(key).size
  }
}

/** Reads what is there once, when it begins. */
class LooksOnlyAtFirst extends ArraySink {
  #known: ReadonlySet<string> | undefined
  readonly #own = new Set<string>()

  protected override hasWritten({ sessionId, seq }: StoredEvent): boolean {
    this.#known ??= new Set(this.place.lines.map((line) => `${line.sessionId} ${line.seq}`))
    const key = `${sessionId} ${seq}`
    return this.#known.has(key) || this.#own.size === this.#own.add(key).size
  }
}

/** Looks, waits, then writes. */
class LooksThenWaits extends ArraySink {
  override async write(events: readonly StoredEvent[], signal: AbortSignal): Promise<void> {
    const fresh = events.filter((event) => !this.hasWritten(event))
    await setImmediate()
    signal.throwIfAborted()
    for (const event of fresh) this.append(event)
  }
}

const broken: readonly [typeof ArraySink, string][] = [
  [ChangesItsName, 'its name is the same each time, and it says where it begins'],
  [AsksForMore, 'it answers whether it accepts an event, of any kind, always the same'],
  [MarksEvents, 'events that it is given stay as they are'],
  [HearsNoSignal, 'a write that is told to stop settles'],
  [HearsNoSignal, 'a write that was told to stop before it began settles'],
  [NeedsAnEvent, 'an empty batch is nothing to do'],
  [LeavesItsTimer, 'closed, it leaves nothing open'],
  [DropsKnownBatches, 'of a batch that is half known only the new half is written'],
  [WritesAgain, 'the same events again change nothing'],
  [CountsSessionsTogether, 'sessions in one batch are kept apart'],
  [StopsAtAThousand, 'a long batch is written to its end'],
  [TakesIdsForPaths, 'ids and texts are never more than data'],
  [RefusesTheUnknown, 'an event of a kind that nobody knows yet is written like any other'],
  [RemembersTooEarly, 'after a write that was told to stop, the same events make it whole'],
  [ForgetsWithItsProcess, 'what a process before it wrote is not written again'],
  [LooksOnlyAtFirst, 'what a process beside it wrote is not written again'],
  [LooksThenWaits, 'two processes that write the same events at the same time write each once'],
]

test('a sink that keeps everything keeps every rule', async () => {
  const outcomes = await checkRules(eventSinkRules, sinkHarness(ArraySink))
  expect(outcomes.filter(({ status }) => status !== 'kept')).toEqual([])
})

describe('a broken sink is caught by the rule it breaks', () => {
  test.each(broken)('%o: %s', async (Sink, name) => {
    const rule = eventSinkRules.filter((each) => each.name === name)
    expect(await checkRules(rule, sinkHarness(Sink))).toMatchObject([{ name, status: 'broken' }])
  })

  test('and every rule catches one of them', () => {
    const caught = new Set(broken.map(([, name]) => name))
    // Whoever writes nothing at all breaks the one that is left.
    expect(eventSinkRules.map(({ name }) => name).filter((name) => !caught.has(name))).toEqual([
      'every event that it accepts is written once, in order',
    ])
  })

  test('a sink that writes in another order', async () => {
    class WritesBackwards extends ArraySink {
      override write(events: readonly StoredEvent[], signal: AbortSignal): Promise<void> {
        return super.write(events.toReversed(), signal)
      }
    }
    const [rule] = eventSinkRules.filter(({ name }) => name.startsWith('every event that it accepts'))
    expect(await checkRules([rule!], sinkHarness(WritesBackwards))).toMatchObject([{ status: 'broken' }])
  })
})

test('what cannot be read back or opened again is skipped, by name', async () => {
  const { open } = sinkHarness(ArraySink)
  const outcomes = await checkRules(eventSinkRules, {
    open: async () => {
      const { sink, close } = await open()
      return { sink, close }
    },
  })
  expect(outcomes.filter(({ status }) => status === 'broken')).toEqual([])
  expect(new Set(outcomes.map(({ reason }) => reason))).toEqual(
    new Set([
      undefined,
      'nobody can read back what the sink has written',
      'the sink keeps nothing that could be opened again',
    ]),
  )
})

test('every rule has a name of its own', () => {
  const names = eventSinkRules.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
})
