import type { Message } from './messages.ts'

/**
 * A fixed view of messages in order. Taking one of a running session costs the same at ten messages and at a million:
 * the list behind it only grows, and the view remembers how far it reached.
 */
export interface Transcript extends Iterable<Message> {
  readonly length: number
  /** The message at `index`; negative counts from the end, as in `Array.prototype.at`. */
  at(index: number): Message | undefined
  /** A new array of the messages from `start` up to, not including, `end`; bounds as in `Array.prototype.slice`. */
  slice(start?: number, end?: number): Message[]
}

/** A view of `messages` as they are now. Messages pushed later are not in it; the caller must not remove or replace any. */
export function transcript(messages: readonly Message[]): Transcript {
  return new ArrayTranscript(messages, messages.length)
}

class ArrayTranscript implements Transcript {
  readonly #messages: readonly Message[]
  readonly length: number

  constructor(messages: readonly Message[], length: number) {
    this.#messages = messages
    this.length = length
  }

  at(index: number): Message | undefined {
    const at = index < 0 ? this.length + index : index
    return at < this.length ? this.#messages[at] : undefined
  }

  slice(start = 0, end = this.length): Message[] {
    const from = start < 0 ? Math.max(this.length + start, 0) : start
    const to = end < 0 ? this.length + end : Math.min(end, this.length)
    return this.#messages.slice(from, Math.max(from, to))
  }

  [Symbol.iterator](): Iterator<Message> {
    return new TranscriptIterator(this.#messages, this.length)
  }
}

/** By hand: a provider reads the whole transcript at every call, and a generator takes twice as long as an array. */
class TranscriptIterator implements Iterator<Message> {
  readonly #messages: readonly Message[]
  readonly #length: number
  #next = 0

  constructor(messages: readonly Message[], length: number) {
    this.#messages = messages
    this.#length = length
  }

  next(): IteratorResult<Message> {
    if (this.#next >= this.#length) return { done: true, value: undefined }
    return { done: false, value: this.#messages[this.#next++]! }
  }
}
