import { AsyncLocalStorage } from 'node:async_hooks'
import type { SessionId } from '@halter/protocol'

/** Whose code is running. */
export interface Attribution {
  readonly plugin: string
  readonly sessionId?: SessionId | undefined
}

// Holds nothing itself: the value lives in Node's async context, so there is one per call chain and none per module.
const storage = new AsyncLocalStorage<Attribution | undefined>()

/**
 * Runs `fn` so that what it starts (timers, sockets, promises) is known to be `who`'s. `undefined`: nobody's, for work of
 * core's own that begins inside a plugin's call.
 */
export function runAs<T, A extends unknown[]>(
  who: Attribution | undefined,
  fn: (...args: A) => T,
  ...args: A
): T {
  return storage.run(who, fn, ...args)
}

/** Whose code is running here; undefined: not a plugin's. */
export function currentAttribution(): Attribution | undefined {
  return storage.getStore()
}
