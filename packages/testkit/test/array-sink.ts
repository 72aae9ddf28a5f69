import type { EventSink } from '@halter/core'
import type { SessionId, StoredEvent } from '@halter/protocol'
import type { OpenSink, SinkHarness } from '@halter/testkit'

/** Where array sinks write to: what several of them, like several processes, share. */
export class ArrayPlace {
  readonly lines: StoredEvent[] = []
}

/** The smallest sink that keeps the contract. Broken ones change one step of it. */
export class ArraySink implements EventSink {
  readonly name: string = 'array'
  protected readonly place: ArrayPlace

  constructor(place: ArrayPlace) {
    this.place = place
  }

  accepts(event: StoredEvent): boolean {
    return event.type !== 'usage.recorded'
  }

  async write(events: readonly StoredEvent[], signal: AbortSignal): Promise<void> {
    for (const event of events) {
      signal.throwIfAborted()
      if (!this.hasWritten(event)) this.append(event)
    }
  }

  close(): void {}

  protected hasWritten({ sessionId, seq }: StoredEvent): boolean {
    return this.place.lines.some((line) => line.sessionId === sessionId && line.seq >= seq)
  }

  protected append(event: StoredEvent): void {
    this.place.lines.push(event)
  }
}

/** Each `open` leads to a new place, each `reopen` to the last one. */
export function sinkHarness(Sink: typeof ArraySink): SinkHarness {
  let place = new ArrayPlace()
  const open = async (): Promise<OpenSink> => {
    const here = place
    const sink = new Sink(here)
    return {
      sink,
      written: async (id: SessionId) =>
        here.lines.filter(({ sessionId }) => sessionId === id).map(({ seq }) => seq),
      close: async () => sink.close(),
    }
  }
  return {
    open() {
      place = new ArrayPlace()
      return open()
    },
    reopen: open,
  }
}
