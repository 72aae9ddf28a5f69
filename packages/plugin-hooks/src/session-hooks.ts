import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock, Logger, SessionHooks } from '@halter/core'
import type { HookDefinition } from './define-hook.ts'
import { lazyTaps } from './lazy-taps.ts'

/**
 * In-process handlers for one session: `newSession({ hooks: sessionHooks([defineHook(…)]) })`. They mean the same as those of a hook
 * file, and stand beside them: of what both decide, the strictest counts. One call of a tap may take 30 s, whatever a handler's
 * timeout, and `transcript_path` is empty.
 */
export function sessionHooks(definitions: readonly HookDefinition[]): SessionHooks {
  const key = `functions:${randomUUID()}`
  return lazyTaps({
    isNeeded: () => definitions.length > 0,
    async load() {
      const { createServices } = await import('./create-services.ts')
      const { createTaps } = await import('./create-taps.ts')
      return createTaps(
        createServices(
          key,
          { clock: systemClock, logger: silent },
          { ...NOTHING_ELSE, functions: definitions },
        ),
      )
    },
  })
}

const NOTHING_ELSE = {
  settings: false,
  usesResources: false,
  dialect: 'halter',
  files: [],
  passEnv: [],
  allowedHosts: [],
  allowLoopback: false,
  allowPrivate: false,
} as const

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
