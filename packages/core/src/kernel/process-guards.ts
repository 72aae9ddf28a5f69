import process from 'node:process'
import type { SessionId } from '@halter/protocol'
import { currentAttribution, type Attribution } from './attribution.ts'

/** An error that nobody caught, and the plugin whose code it came from. */
export interface ProcessFailure {
  readonly error: unknown
  readonly origin: 'uncaughtException' | 'unhandledRejection'
  readonly plugin: string
  readonly sessionId?: SessionId
}

/**
 * Keeps the process alive when a plugin's timer throws or its promise rejects with nobody waiting: `onFailure` is told. An
 * error that is no plugin's ends the process as it would have without the guards, with its own stack and exit code 1, unless
 * another listener of the process wants it. `onFailure` must not throw. Returns how to remove the guards.
 */
export function createProcessGuards(onFailure: (failure: ProcessFailure) => void): () => void {
  const onException = (error: unknown): void => take(error, 'uncaughtException')
  const onRejection = (reason: unknown): void => take(reason, 'unhandledRejection')
  process.on('uncaughtException', onException)
  process.on('unhandledRejection', onRejection)
  return remove

  function take(error: unknown, origin: ProcessFailure['origin']): void {
    const failure = attribute(error, origin)
    if (failure) return onFailure(failure)
    if (process.listenerCount(origin) > 1) return
    remove()
    // In a callback of its own: thrown from inside a listener, Node would report the listener and exit with 7.
    process.nextTick(() => {
      throw error
    })
  }

  function remove(): void {
    process.off('uncaughtException', onException)
    process.off('unhandledRejection', onRejection)
  }
}

function attribute(error: unknown, origin: ProcessFailure['origin']): ProcessFailure | undefined {
  const who = currentAttribution()
  if (!who) return undefined
  const sessionId = sessionOf(who)
  return { error, origin, plugin: who.plugin, ...(sessionId !== undefined && { sessionId }) }
}

/** The session may be gone by now, and an error in here would end the process. */
function sessionOf(who: Attribution): SessionId | undefined {
  try {
    return who.sessionId
  } catch {
    return undefined
  }
}
