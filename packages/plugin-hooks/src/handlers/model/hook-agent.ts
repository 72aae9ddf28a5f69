import { AsyncLocalStorage } from 'node:async_hooks'

/** Set in everything that runs for an agent hook. Not the name of the session: any subagent could be given that one. */
const inside = new AsyncLocalStorage<true>()

/** Runs `open` so that what it starts is known as a hook's agent. */
export function asHookAgent<T>(open: () => T): T {
  return inside.run(true, open)
}

/** True where a hook's agent does something, or a child of it. */
export function isHookAgent(): boolean {
  return inside.getStore() === true
}
