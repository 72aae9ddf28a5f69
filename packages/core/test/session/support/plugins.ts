import { definePlugin, type HookName, type Plugin, type SessionHooks, type Tap } from '@halter/core'

/** A plugin that only taps. */
export function tapping(name: string, taps: SessionHooks): Plugin {
  return definePlugin({
    name,
    apiVersion: 1,
    setup({ hooks }) {
      for (const [hook, tap] of Object.entries(taps))
        for (const each of [tap].flat()) hooks.tap(hook as HookName, each as Tap<HookName>)
      return {}
    },
  })
}
