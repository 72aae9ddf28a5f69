import { definePlugin, type Plugin } from '@halter/core'
import type { PluginReducer } from '@halter/protocol'
import type { HookHandlers } from './hook-handlers.ts'
import type { HookServices } from './hook-services.ts'
import { eachTap, lazyTaps } from './lazy-taps.ts'
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
    const { files, functions = [], settings } = config
    const hasOwn = config.hooks !== undefined || files.length > 0 || functions.length > 0
    let shared: Promise<HookServices> | undefined
    const share = (): Promise<HookServices> =>
      (shared ??= import('./create-services.ts').then(({ createServices }) =>
        createServices('plugin', services, { ...config, usesResources: true }),
      ))
    const taps = lazyTaps({
      async isNeeded({ session }) {
        if (hasOwn) return true
        const found = (await session.resources()).hooks
        return settings ? found.length > 0 : found.some(({ plugin }) => plugin)
      },
      load: async () => (await import('./create-taps.ts')).createTaps(await share()),
    })
    eachTap(taps, (name, run) => hooks.tap(name, run, { timeoutMs: TAP_TIMEOUT_MS }))
    return { hookHandlers: lazyHandlers(share) }
  },
})

function lazyHandlers(share: () => Promise<HookServices>): HookHandlers {
  const load = async (): Promise<HookHandlers> =>
    (await import('./hook-handlers.ts')).createHookHandlers(await share())
  return {
    list: async (...args) => (await load()).list(...args),
    test: async (...args) => (await load()).test(...args),
  }
}
