import type { HandlerStatus } from '../hook-handler.ts'

/** Node fires a longer timer at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Why a run was ended before it was done. */
export type Ended = Extract<HandlerStatus, 'timed-out' | 'cancelled'>

/**
 * How long a run may take, and until when somebody waits for it. In real time, whatever the session's clock says: programs and
 * servers keep no other.
 */
export class Deadline {
  readonly #controller = new AbortController()
  readonly #outer: AbortSignal
  readonly #timer: NodeJS.Timeout | undefined
  #ended: Ended | undefined

  constructor(timeoutMs: number, outer: AbortSignal) {
    this.#outer = outer
    if (outer.aborted) this.#end('cancelled')
    else if (timeoutMs <= 0) this.#end('timed-out')
    else {
      outer.addEventListener('abort', this.#onAbort, { once: true })
      // Not AbortSignal.timeout: its timer is unref'd, so that a process with nothing but a hung handler would end in silence.
      this.#timer = setTimeout(() => this.#end('timed-out'), Math.min(timeoutMs, LONGEST_TIMER_MS))
    }
  }

  /** Aborted when the time is over, or nobody waits any more. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Set once `signal` is aborted. */
  get ended(): Ended | undefined {
    return this.#ended
  }

  /** Waits for `work`, but not longer than this lasts; what it comes to after that is not looked at. */
  async wait<T>(work: Promise<T>): Promise<{ readonly value: T } | { readonly ended: Ended }> {
    const { promise, resolve } = Promise.withResolvers<{ readonly ended: Ended }>()
    const onEnd = (): void => resolve({ ended: this.#ended! })
    if (this.#ended) onEnd()
    else this.signal.addEventListener('abort', onEnd, { once: true })
    try {
      return await Promise.race([promise, work.then((value) => ({ value }))])
    } finally {
      this.signal.removeEventListener('abort', onEnd)
    }
  }

  /** The run is over. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#outer.removeEventListener('abort', this.#onAbort)
  }

  readonly #onAbort = (): void => this.#end('cancelled')

  #end(ended: Ended): void {
    this.#ended ??= ended
    this.#controller.abort(
      new Error(ended === 'timed-out' ? 'The hook ran out of time.' : 'The hook was cancelled.'),
    )
  }
}
