import { isStored, type Delta, type SessionEvent, type StoredEvent } from '@halter/protocol'
import { Ring } from './ring.ts'

/** What to do with an event: not this reader's, its next, or its next and last. */
export type Pick = 'skip' | 'take' | 'last'

/** How a reader reads. */
export interface EventReaderOptions {
  /** Entries kept for a consumer that is slower than the session. */
  readonly capacity: number
  readonly onSlow: 'lag' | 'close'
  /** Stored events after this `seq`. */
  readonly after: number
  /** Where missed stored events are read again; absent: they are counted as dropped. */
  readonly replay: ((after: number, limit: number) => AsyncIterable<StoredEvent>) | undefined
  /** Head of the log when the reader was made: up to here it reads from the log first. */
  readonly head: number
  readonly pick?: (event: StoredEvent | Delta) => Pick
  readonly signal?: AbortSignal | undefined
  /** The reader is done; whoever feeds it can forget it. */
  readonly onClose: (reader: EventReader) => void
}

const DONE: IteratorResult<SessionEvent> = { done: true, value: undefined }

/**
 * One consumer of a session's events. Stored events arrive in `seq` order, each once: from memory while the consumer keeps up,
 * from the log by its cursor when it does not. Deltas that did not fit are counted and reported by `lagged`.
 * For one consumer: do not call `next` again before the last one has settled.
 */
export class EventReader implements AsyncIterableIterator<SessionEvent> {
  readonly #options: EventReaderOptions
  readonly #ring: Ring<StoredEvent | Delta>
  #cursor: number
  /** Up to this `seq` stored events have to be read from the log: they are not in the ring. */
  #replayTo: number
  #replay: { readonly events: AsyncIterator<StoredEvent>; readonly to: number } | undefined
  #dropped = 0
  #isClosed = false
  #isEnding = false
  #wake: ((result: IteratorResult<SessionEvent>) => void) | undefined

  constructor(options: EventReaderOptions) {
    this.#options = options
    this.#ring = new Ring(Math.max(1, Math.floor(options.capacity) || 1))
    this.#cursor = options.after
    this.#replayTo = options.head
    if (options.signal?.aborted) this.close()
    else options.signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Takes an event from the session. Costs the same however slow the consumer is. */
  push(event: StoredEvent | Delta): void {
    if (this.#isClosed) return
    const wake = this.#wake
    if (wake) {
      this.#wake = undefined
      const result = this.#accept(event)
      if (result) wake(result)
      else this.#wake = wake
      return
    }
    const lost = this.#ring.push(event)
    if (lost === undefined) return
    if (this.#options.onSlow === 'close') this.close()
    else if (isStored(lost) && this.#options.replay) this.#replayTo = lost.seq
    else this.#dropped += 1
  }

  next(): Promise<IteratorResult<SessionEvent>> {
    if (this.#isBehind()) return this.#catchUp()
    const result = this.#nextBuffered()
    if (result) return Promise.resolve(result)
    if (this.#isEnding) this.close()
    if (this.#isClosed) return Promise.resolve(DONE)
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  return(): Promise<IteratorResult<SessionEvent>> {
    this.close()
    return Promise.resolve(DONE)
  }

  /** Nothing more will come: the iteration ends when what is buffered has been read. */
  end(): void {
    this.#isEnding = true
    if (this.#wake) this.close()
  }

  /** Ends the iteration; what is buffered is given up. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#options.onClose(this)
    this.#replay?.events.return?.().catch(() => {}) // nobody waits for it any more
    this.#wake?.(DONE)
    this.#wake = undefined
  }

  readonly #onAbort = (): void => this.close()

  #isBehind(): boolean {
    return !this.#isClosed && this.#options.replay !== undefined && this.#cursor < this.#replayTo
  }

  #lagged(): IteratorResult<SessionEvent> | undefined {
    const dropped = this.#dropped
    if (dropped === 0) return undefined
    this.#dropped = 0
    return { done: false, value: { type: 'lagged', dropped } }
  }

  /** The next result from memory, where nearly every delta comes from: no waiting, no promise of its own. */
  #nextBuffered(): IteratorResult<SessionEvent> | undefined {
    while (!this.#isClosed) {
      const lagged = this.#lagged()
      if (lagged) return lagged
      const event = this.#ring.shift()
      if (!event) return undefined
      const result = this.#accept(event)
      if (result) return result
    }
    return undefined
  }

  /** The next result from the log; from memory, once the log has nothing that is missing there. */
  async #catchUp(): Promise<IteratorResult<SessionEvent>> {
    while (this.#isBehind()) {
      const result = this.#lagged() ?? (await this.#nextStored())
      if (result) return result
    }
    return this.next()
  }

  async #nextStored(): Promise<IteratorResult<SessionEvent> | undefined> {
    const to = this.#replayTo
    const replay = (this.#replay ??= {
      events: this.#options.replay!(this.#cursor, to - this.#cursor)[Symbol.asyncIterator](),
      to,
    })
    try {
      const { done, value } = await replay.events.next()
      if (this.#isClosed) return DONE
      if (!done) return this.#accept(value)
    } catch (error) {
      this.close()
      throw error
    }
    this.#replay = undefined
    if (this.#replayTo === replay.to) this.#replayTo = 0 // whatever the log did not have is not there
    return undefined
  }

  #accept(event: StoredEvent | Delta): IteratorResult<SessionEvent> | undefined {
    if (isStored(event) && this.#options.replay) {
      if (event.seq <= this.#cursor) return undefined
      this.#cursor = event.seq
    }
    const pick = this.#options.pick?.(event) ?? 'take'
    if (pick === 'skip') return undefined
    if (pick === 'last') this.close()
    return { done: false, value: event }
  }
}
