import { realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * Lets changes of one file come one after the other, whichever session makes them and by whichever name. Readers need no lock: a
 * file is replaced in one step. Other processes are not kept out; `edit` notices what they changed.
 */
export class PathLocks {
  readonly #last = new Map<string, Promise<void>>()

  /** Files that somebody is changing, or waits to change. */
  get size(): number {
    return this.#last.size
  }

  /** Does `work` while nobody else has the lock of this file. Rejects with the signal's reason when that is aborted first. */
  async hold<T>(path: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const key = await canonicalPath(path)
    const before = this.#last.get(key)
    const { promise: done, resolve } = Promise.withResolvers<void>()
    // Who gives up waiting must not let the next one in early.
    const last = before ? before.then(() => done) : done
    this.#last.set(key, last)
    void last.then(() => {
      if (this.#last.get(key) === last) this.#last.delete(key)
    })
    try {
      if (before) await untilAborted(before, signal)
      return await work()
    } finally {
      resolve()
    }
  }
}

/** The path with its links resolved, as far as it is there. */
async function canonicalPath(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch {
    const parent = dirname(path)
    return parent === path ? path : join(await canonicalPath(parent), basename(path))
  }
}

async function untilAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason as Error)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    signal.throwIfAborted()
    await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
