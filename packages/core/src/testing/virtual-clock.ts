import type { Clock } from '../contracts/system.ts'

interface Timer {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/**
 * A clock that a test owns. Time stands still while anything runs, and jumps to the next timer when nothing does: sleeping costs no
 * real time, and the same program sees the same times.
 */
export class VirtualClock implements Clock {
  #now: number
  #order = 0
  #timers: Timer[] = []
  #isScheduled = false

  /** `start`: milliseconds since the epoch; default 2026-01-01T00:00:00Z. */
  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start
  }

  /** Whole milliseconds, as `Date.now`. */
  now(): number {
    return Math.floor(this.#now)
  }

  monotonic(): number {
    return this.#now
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error)
      const onAbort = (): void => {
        cancel()
        reject(signal!.reason as Error)
      }
      const cancel = this.timer(ms, () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      })
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  timer(ms: number, run: () => void): () => void {
    const timer: Timer = { at: this.#now + ms, order: this.#order++, run }
    this.#timers.push(timer)
    this.#timers.sort((a, b) => a.at - b.at || a.order - b.order)
    this.#schedule()
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  #schedule(): void {
    if (this.#isScheduled || this.#timers.length === 0) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      const next = this.#timers.shift()
      if (next) {
        this.#now = Math.max(this.#now, next.at)
        next.run()
      }
      this.#schedule()
    })
  }
}
