import type { Tap, TurnOutcome, TurnStop, Verdict } from '@halter/core'
import { textOf } from '@halter/protocol'
import { consult, dispatch, HOOK_NOTIFICATION } from '../dispatch.ts'
import type { HookServices, Moment } from '../hook-services.ts'
import type { HookSession } from '../hook-session.ts'
import { observed, type Subject } from '../subject.ts'
import { openTurn } from '../turn-changes.ts'
import { watchFiles } from '../watch-files.ts'
import { hooksOf, isChild, momentOf } from './tap-context.ts'

/** The taps of a session's life: start, stop, end, and what it tells. */
export function sessionTaps(services: HookServices): {
  readonly 'session.start': Tap<'session.start'>
  readonly 'session.end': Tap<'session.end'>
  readonly 'turn.guard': Tap<'turn.guard'>
  readonly 'turn.end': Tap<'turn.end'>
  readonly 'notification.end': Tap<'notification.end'>
} {
  return {
    'session.start': ({ source }, ctx) => start(hooksOf(services, ctx), source, momentOf(ctx)),
    'session.end': ({ reason }, ctx) => end(hooksOf(services, ctx), reason, momentOf(ctx)),
    'turn.guard': (stop, ctx) => {
      const hooks = hooksOf(services, ctx)
      if (!hooks.mayHandle(ctx.turn, isChild(hooks) ? 'SubagentStop' : 'Stop')) return undefined
      return mayStop(hooks, stop, momentOf(ctx))
    },
    'turn.end': (outcome, ctx) => {
      const hooks = hooksOf(services, ctx)
      hooks.calls.clear()
      hooks.batch = []
      hooks.denials.length = 0
      const wasStopped = hooks.stop !== undefined
      hooks.stop = undefined
      // A turn that a handler ended did as it was told.
      if (wasStopped || !hooks.mayHandle(ctx.turn, 'StopFailure')) return undefined
      return failed(hooks, outcome, momentOf(ctx))
    },
    'notification.end': ({ kind, message }, ctx) => {
      const hooks = hooksOf(services, ctx)
      if (kind === HOOK_NOTIFICATION || !hooks.mayHandle(ctx.turn, 'Notification')) return undefined
      return notified(hooks, { kind, message }, momentOf(ctx))
    },
  }
}

/** A child's beginning is its parent's `SubagentStart`; what that had to say to it is shown here, where it can be. */
async function start(hooks: HookSession, source: string, moment: Moment): Promise<void> {
  const { session, services } = hooks
  const { sessionId, workingDir, title } = session.blueprint
  await openTurn(hooks, moment)
  for (const text of services.forChildren.get(sessionId) ?? [])
    await session.inject(text, { scope: 'session' })
  services.forChildren.delete(sessionId)
  if (isChild(hooks)) return
  const payload = { source, working_dir: workingDir, ...(title !== undefined && { session_title: title }) }
  const merged = await dispatch(hooks, observed('SessionStart', [source], payload, 'session'), moment)
  if (merged?.verdict?.kind === 'deny') ignored('SessionStart', merged.verdict.reason, moment)
  watchFiles(hooks, merged?.watchPaths)
}

async function end(hooks: HookSession, reason: string, moment: Moment): Promise<void> {
  await hooks.planFor(moment)
  if (isChild(hooks)) return
  const merged = await dispatch(hooks, observed('SessionEnd', [reason], { reason }), moment)
  if (merged?.verdict?.kind === 'deny') ignored('SessionEnd', merged.verdict.reason, moment)
}

function ignored(event: string, reason: string, moment: Moment): void {
  moment.warn(`A hook wants to stop at ${event}, where nothing can be stopped: ${reason}`)
}

/** "Not yet": a handler's reason is the next input. `continue: false` ends the turn whatever the others want. */
async function mayStop(hooks: HookSession, stop: TurnStop, moment: Moment): Promise<Verdict> {
  await hooks.planFor(moment)
  const merged = await consult(hooks, isChild(hooks) ? aboutChild(hooks, stop) : aboutStop(stop), moment)
  for (const text of merged?.messages ?? []) await hooks.session.notify(HOOK_NOTIFICATION, text)
  if (!merged || merged.stop) return undefined
  if (merged.verdict?.kind === 'deny') return { deny: merged.verdict.reason }
  // Claude Code: feedback at the end of a turn is there to be acted on.
  return merged.contexts.length > 0 ? { deny: merged.contexts.join('\n\n') } : undefined
}

function aboutStop({ stopHookActive, lastMessage }: TurnStop): Subject {
  const text = textOf(lastMessage)
  return observed('Stop', [], {
    stop_hook_active: stopHookActive,
    last_assistant_message: text === '' ? null : text,
    background_tasks: [],
    session_crons: [],
  })
}

function aboutChild(hooks: HookSession, stop: TurnStop): Subject {
  const { sessionId, parentId, agent = 'default' } = hooks.session.blueprint
  const { payload } = aboutStop(stop)
  return {
    event: 'SubagentStop',
    names: [agent],
    payload: (dialect) => ({
      ...payload(dialect),
      session_id: parentId ?? sessionId,
      agent_id: sessionId,
      agent_type: agent,
    }),
  }
}

/** A turn that ended badly; one that somebody interrupted did what it was told. */
async function failed(hooks: HookSession, { outcome }: TurnOutcome, moment: Moment): Promise<void> {
  const error = FAILURES.get(outcome)
  if (error === undefined) return
  await hooks.planFor(moment)
  await dispatch(hooks, observed('StopFailure', [error], { error, error_details: outcome }), moment)
}

const FAILURES: ReadonlyMap<string, string> = new Map([
  ['error', 'unknown'],
  ['budget-exhausted', 'billing_error'],
  ['repeated-call', 'unknown'],
  ['crashed', 'unknown'],
])

async function notified(
  hooks: HookSession,
  { kind, message }: { readonly kind: string; readonly message: string },
  moment: Moment,
): Promise<void> {
  await hooks.planFor(moment)
  await dispatch(hooks, observed('Notification', [kind], { notification_type: kind, message }), moment)
}
