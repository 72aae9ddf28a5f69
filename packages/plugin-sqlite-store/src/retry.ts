import { setTimeout as sleep } from 'node:timers/promises'
import { isBusy } from './errors.ts'

/** How long a caller waits for a lock that another process holds. */
export const PATIENCE_MS = 5000

/** Milliseconds to wait before the next try: few at first, never in step with another process. */
export function pauseBefore(attempt: number): number {
  return 1 + Math.random() * Math.min(2 ** attempt, 32)
}

/** Runs `work` until it finds the file unlocked. SQLite itself blocks for milliseconds only, so the event loop stays free. */
export async function whileBusy<T>(work: () => T): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS
  for (let attempt = 0; ; attempt++) {
    try {
      return work()
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error
    }
    await sleep(pauseBefore(attempt))
  }
}
