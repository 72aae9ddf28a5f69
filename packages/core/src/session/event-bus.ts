import type { Delta, SessionEvent, StoredEvent } from '@halter/protocol'
import { EventReader } from './event-reader.ts'

/** Called for every event, at once. It must be quick and must not throw. */
export type EventListener = (event: StoredEvent | Delta) => void

/** How to subscribe; see `RuntimeEvents.subscribe`. */
export interface SubscribeOptions {
  readonly capacity?: number
  readonly onSlow?: 'lag' | 'close'
  readonly signal?: AbortSignal
}

/**
 * Events of many sessions to many readers. A slow reader loses the oldest events of its own buffer, is told how many, and
 * delays nobody.
 */
export class EventBus {
  readonly #capacity: number
  #readers: readonly EventReader[] = []
  #listeners: readonly EventListener[] = []
  readonly #onFailure: (error: unknown) => void
  #dropped = 0

  /**
   * `capacity`: events kept per reader, unless it asks for another number. `onFailure` is told of a listener that threw; absent, its
   * error is thrown where nobody catches it, as Node does with listeners.
   */
  constructor(capacity = 1024, onFailure: (error: unknown) => void = throwLater) {
    this.#capacity = capacity
    this.#onFailure = onFailure
  }

  /** Events that were published while nobody listened. */
  get droppedEvents(): number {
    return this.#dropped
  }

  /** Whether an event would reach anybody. */
  get isHeard(): boolean {
    return this.#readers.length > 0 || this.#listeners.length > 0
  }

  publish(event: StoredEvent | Delta): void {
    if (!this.isHeard) this.#dropped += 1
    for (const reader of this.#readers) reader.push(event)
    for (const listener of this.#listeners) this.#tell(listener, event)
  }

  /** Everything published from now on. */
  subscribe(options: SubscribeOptions = {}): AsyncIterableIterator<SessionEvent> {
    const reader = new EventReader({
      capacity: options.capacity ?? this.#capacity,
      onSlow: options.onSlow ?? 'lag',
      after: 0,
      head: 0,
      replay: undefined,
      signal: options.signal,
      onClose: (closed) => {
        this.#readers = this.#readers.filter((other) => other !== closed)
      },
    })
    if (!options.signal?.aborted) this.#readers = [...this.#readers, reader]
    return reader
  }

  listen(listener: EventListener): () => void {
    const entry: EventListener = (event) => listener(event)
    this.#listeners = [...this.#listeners, entry]
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== entry)
    }
  }

  /** Ends every subscription, once its reader has read what is buffered. */
  close(): void {
    for (const reader of this.#readers) reader.end()
    this.#readers = []
    this.#listeners = []
  }

  #tell(listener: EventListener, event: StoredEvent | Delta): void {
    try {
      listener(event)
    } catch (error) {
      this.#onFailure(error)
    }
  }
}

function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
