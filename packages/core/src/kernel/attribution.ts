import { AsyncLocalStorage } from 'node:async_hooks'
import type { SessionId, TurnId } from '@halter/protocol'

/** Whose code is running. */
export interface Attribution {
  readonly plugin: string
  readonly sessionId?: SessionId | undefined
  /** The turn that waits for it, or began it. */
  readonly turnId?: TurnId | undefined
}

/** How deep the running code is in what could call itself for ever. */
export interface Nesting {
  /** Inside what a tap of `notification.end` started. */
  readonly isAnnouncing: boolean
  /** Tool calls of plugins that are around it. */
  readonly toolCalls: number
}

const FLAT: Nesting = Object.freeze({ isAnnouncing: false, toolCalls: 0 })

// They hold nothing themselves: the values live in Node's async context, so there is one per call chain and none per module.
const storage = new AsyncLocalStorage<Attribution | undefined>()
const nestings = new AsyncLocalStorage<Nesting>()

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

/** Runs `fn`, and whatever it starts, one level deeper. */
export function runNested<T>(change: Partial<Nesting>, fn: () => T): T {
  return nestings.run({ ...currentNesting(), ...change }, fn)
}

/** Where the running code is. */
export function currentNesting(): Nesting {
  return nestings.getStore() ?? FLAT
}

/** Runs work of core's own that goes on by itself: nobody's, and inside nothing. */
export function runDetached<T>(fn: () => T): T {
  return nestings.run(FLAT, runAs<T, []>, undefined, fn)
}
