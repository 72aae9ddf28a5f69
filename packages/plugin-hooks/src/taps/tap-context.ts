import type { TapContext } from '@halter/core'
import type { HookServices, Moment } from '../hook-services.ts'
import { HookSession } from '../hook-session.ts'
import { judgeChange } from '../turn-changes.ts'

/** The hooks of the session that a tap is called for: made at the first call, gone when the session leaves memory. */
export function hooksOf(services: HookServices, { session }: TapContext): HookSession {
  return session.resource(services.key, (defer) => new HookSession(services, session, defer, judgeChange))
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
