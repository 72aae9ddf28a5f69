import type { Clock } from '@halter/core'

/** Node fires a longer timer at once: it keeps the delay in a signed 32-bit integer. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

/** Slot `clock`: the system's time and Node's timers. */
export function createClock(): Clock {
  return { now: () => Date.now(), monotonic: () => performance.now(), sleep, timer }
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  if (signal?.aborted) {
    reject(signal.reason)
    return promise
  }
  const onAbort = (): void => {
    cancel()
    reject(signal?.reason)
  }
  const cancel = timer(ms, () => {
    signal?.removeEventListener('abort', onAbort)
    resolve()
  })
  signal?.addEventListener('abort', onAbort, { once: true })
  return promise
}

function timer(ms: number, run: () => void): () => void {
  let remaining = ms
  let handle: NodeJS.Timeout
  const arm = (): void => {
    const part = Math.min(remaining, LONGEST_TIMEOUT_MS)
    remaining -= part
    handle = setTimeout(() => (remaining > 0 ? arm() : run()), part)
  }
  arm()
  return () => clearTimeout(handle)
}
