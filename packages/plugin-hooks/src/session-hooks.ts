import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock, Logger, SessionHooks } from '@halter/core'
import { createServices } from './create-services.ts'
import { createTaps } from './create-taps.ts'
import type { HookDefinition } from './define-hook.ts'

/**
 * In-process handlers for one session: `newSession({ hooks: sessionHooks([defineHook(…)]) })`. They mean the same as those of a hook
 * file, and stand beside them: of what both decide, the strictest counts. One call of a tap may take 30 s, whatever a handler's timeout.
 */
export function sessionHooks(definitions: readonly HookDefinition[]): SessionHooks {
  return createTaps(
    createServices(
      `functions:${randomUUID()}`,
      { clock: systemClock, logger: silent },
      {
        functions: definitions,
        settings: false,
        usesResources: false,
        dialect: 'halter',
        files: [],
        passEnv: [],
        allowedHosts: [],
        allowLoopback: false,
        allowPrivate: false,
      },
    ),
  )
}

const systemClock: Clock = Object.freeze({
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms: number, signal?: AbortSignal) => sleep(ms, undefined, signal && { signal }),
  timer: (ms: number, run: () => void) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
})

const silent: Logger = Object.freeze({
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silent,
})
