import { toErrorWire } from '../errors.ts'
import type { Generation } from '../kernel/generation.ts'
import type { Session } from './session.ts'

/**
 * Brings the plugin states of open sessions to the reducers of the generation that is current now: they are what the log folds to, not
 * what was noted since the reload. Costs a read of the log, and only where a reducer of a plugin that left notes came, went or changed.
 */
export async function refoldPlugins(sessions: Iterable<Session>, previous: Generation): Promise<void> {
  for (const session of sessions) {
    const { runtime, state, id } = session
    const { reducers } = runtime.kernel.current
    if (!state.noters.some((plugin) => reducers.get(plugin) !== previous.reducers.get(plugin))) continue
    try {
      await state.refoldPlugins(({ from, to }) =>
        runtime.store.replay(id, { after: from - 1, limit: to - from + 1 }),
      )
    } catch (error) {
      const { code, message } = toErrorWire(error)
      session.warn({ code, message: `The states of plugins are those from before the reload: ${message}` })
    }
  }
}
