import { runAs } from './attribution.ts'

/** Something that waits for its deadline. */
interface Waiter {
  readonly at: number
  readonly expire: () => void
  readonly queue: Queue
  previous: Waiter | undefined
  next: Waiter | undefined
}

/** Waiters of one duration, which expire in the order they came. */
interface Queue {
  first: Waiter | undefined
  last: Waiter | undefined
}

/** What came of something that had a deadline. */
export type Settled<T> =
  | { readonly status: 'fulfilled'; readonly value: T }
  | { readonly status: 'rejected'; readonly reason: unknown }
  | { readonly status: 'expired' }

// Node fires a longer timer at once.
const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * All deadlines of a kernel, on one timer that is ref'd only while something waits. Not `AbortSignal.timeout`: its timer is
 * unref'd, so a process with nothing but a hung tap would end, with code 0 and no error. Not a timer per deadline either: nearly
 * all are called off a moment later, and here that is two pointers.
 */
export class Deadlines {
  readonly #queues = new Map<number, Queue>()
  #waiting = 0
  #timer: NodeJS.Timeout | undefined
  #firesAt = Infinity
  #isClosed = false

  /** Calls `expire` after `ms`, unless the returned function is called first. */
  start(ms: number, expire: () => void): () => void {
    const waiter = this.#add(ms, expire)
    return () => this.#remove(waiter)
  }

  /** What came of `pending` within `ms`. Never rejects; what comes later is not looked at. */
  settle<T>(pending: T | PromiseLike<T>, ms: number): Promise<Settled<T>> {
    return new Promise((resolve) => {
      const waiter = this.#add(ms, () => resolve({ status: 'expired' }))
      const reject = (reason: unknown): void => {
        this.#remove(waiter)
        resolve({ status: 'rejected', reason })
      }
      try {
        Promise.resolve(pending).then((value) => {
          this.#remove(waiter)
          resolve({ status: 'fulfilled', value })
        }, reject)
      } catch (error) {
        reject(error) // a promise of somebody's own making may throw from `then` or `constructor`
      }
    })
  }

  /** From now on no timer is kept for what may still come. What waits still has its deadline. */
  close(): void {
    this.#isClosed = true
    if (this.#waiting === 0) this.#disarm()
  }

  #add(ms: number, expire: () => void): Waiter {
    let queue = this.#queues.get(ms)
    if (!queue) this.#queues.set(ms, (queue = { first: undefined, last: undefined }))
    const waiter: Waiter = {
      at: performance.now() + ms,
      expire,
      queue,
      previous: queue.last,
      next: undefined,
    }
    if (queue.last) queue.last.next = waiter
    else queue.first = waiter
    queue.last = waiter
    this.#waiting++
    if (waiter.at < this.#firesAt) this.#arm(waiter.at)
    else if (this.#waiting === 1) this.#timer?.ref()
    return waiter
  }

  /** Takes a waiter out, once: the second time its queue no longer holds it. */
  #remove(waiter: Waiter): void {
    const { queue, previous, next } = waiter
    if (!previous && queue.first !== waiter) return
    if (previous) previous.next = next
    else queue.first = next
    if (next) next.previous = previous
    else queue.last = previous
    waiter.previous = waiter.next = undefined
    if (--this.#waiting > 0) return
    if (this.#isClosed) this.#disarm()
    else this.#timer?.unref()
  }

  #disarm(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#firesAt = Infinity
  }

  #arm(at: number): void {
    clearTimeout(this.#timer)
    this.#firesAt = at
    const ms = Math.max(0, Math.ceil(at - performance.now()))
    // One more round of the event loop first: whoever blocked it until now may have kept an answer from arriving.
    const fire = (): void => void setImmediate(() => this.#expire())
    // Nobody's: it fires for others than the one who happened to set it.
    this.#timer = runAs(undefined, setTimeout, fire, Math.min(ms, LONGEST_TIMER_MS))
  }

  #expire(): void {
    const now = performance.now()
    const expired: Waiter[] = []
    let soonest = Infinity
    for (const [ms, queue] of this.#queues) {
      for (let waiter = queue.first; waiter && waiter.at <= now; waiter = queue.first) {
        this.#remove(waiter)
        expired.push(waiter)
      }
      if (!queue.first) this.#queues.delete(ms)
      else soonest = Math.min(soonest, queue.first.at)
    }
    this.#firesAt = Infinity
    if (this.#waiting > 0) this.#arm(soonest)
    for (const { expire } of expired.toSorted((a, b) => a.at - b.at)) expire() // last: it may start another
  }
}
