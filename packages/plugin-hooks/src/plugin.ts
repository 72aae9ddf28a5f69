import { definePlugin, type Plugin } from '@halter/core'
import type { PluginReducer } from '@halter/protocol'
import { createServices } from './create-services.ts'
import { createTaps } from './create-taps.ts'
import { createHookHandlers } from './hook-handlers.ts'
import { optionsSchema } from './options.ts'

/** Longer than any handler's own timeout can sensibly be: the handler's is the one that counts. Milliseconds. */
const TAP_TIMEOUT_MS = 24 * 60 * 60 * 1_000

/** Ids of `once` handlers that have fired in a session. */
const firedOnce: PluginReducer = {
  version: 1,
  initial: { fired: [] },
  reduce(state, { name, data }) {
    const { fired } = state as { readonly fired: readonly string[] }
    const { id } = (data ?? {}) as { readonly id?: unknown }
    return name === 'fired' && typeof id === 'string' && !fired.includes(id)
      ? { fired: [...fired, id] }
      : state
  },
}

/** Runs the handlers of hook files, of plugin folders and of programs at the moments of a session. */
export const hooksPlugin: Plugin = definePlugin({
  name: '@halter/plugin-hooks',
  apiVersion: 1,
  config: optionsSchema,
  provides: ['hookHandlers'],
  requires: ['clock', 'logger', 'sessionStore'],
  optional: ['watcher'],
  sessionState: firedOnce,
  setup({ config, services, hooks }) {
    const shared = createServices('plugin', services, { ...config, usesResources: true })
    const options = { timeoutMs: TAP_TIMEOUT_MS }
    for (const [name, tap] of Object.entries(createTaps(shared)))
      hooks.tap(name as 'session.start', tap as Parameters<typeof hooks.tap<'session.start'>>[1], options)
    return { hookHandlers: createHookHandlers(shared) }
  },
})
