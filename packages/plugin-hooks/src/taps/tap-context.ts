import type { TapContext } from '@halter/core'
import type { HookServices, Moment } from '../hook-services.ts'
import { HookSession } from '../hook-session.ts'
import { judgeChange } from '../turn-changes.ts'

/** What a session has of the plugin, whatever its options are by now. */
interface Slot {
  hooks?: HookSession
}

/**
 * The hooks of the session that a tap is called for: made at the first call, gone when the session leaves memory, and made anew when the
 * plugin was reloaded with other options.
 */
export function hooksOf(services: HookServices, { session }: TapContext): HookSession {
  const slot = session.resource<Slot>(services.key, (defer) => {
    const opened: Slot = {}
    defer(() => opened.hooks?.close())
    return opened
  })
  if (slot.hooks?.services === services) return slot.hooks
  slot.hooks?.close()
  return (slot.hooks = new HookSession(services, session, judgeChange))
}

/** Where a tap is called from. */
export function momentOf(ctx: TapContext): Moment {
  const { session, turn } = ctx
  return {
    session,
    turnId: turn?.turnId,
    signal: ctx.signal,
    warn: ctx.warn,
  }
}

/** True for a session that another one opened: it has subagent events in place of a session's own. */
export function isChild(hooks: HookSession): boolean {
  return hooks.session.blueprint.parentId !== undefined
}
