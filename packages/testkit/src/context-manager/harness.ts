import type { ContextManager } from '@halter/core'
import type { PluginReducers } from '@halter/protocol'
import type { Rule } from '../rule.ts'
import { PlayedSession, type PlayOptions } from './played-session.ts'

/** How the suite gets at an implementation. */
export interface ContextManagerHarness {
  /** A manager that knows no session yet. */
  create(): ContextManager | Promise<ContextManager>
  /** How the manager's plugin folds its notes, by the plugin's name; absent for one that takes none. */
  readonly reducers?: PluginReducers
}

type Check = (manager: ContextManager, play: (options?: PlayOptions) => PlayedSession) => Promise<void>

/** A rule that every context manager must keep. `play` begins a session for it. */
export function required(name: string, check: Check): Rule<ContextManagerHarness> {
  return {
    name,
    run: async ({ create, reducers }) => {
      const manager = await create()
      await check(manager, (options) => new PlayedSession({ ...(reducers && { reducers }), ...options }))
    },
  }
}
