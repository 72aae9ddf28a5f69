import {
  toErrorWire,
  type ApprovalRequest,
  type CompactionDraft,
  type Tap,
  type ToolVerdict,
  type Verdict,
} from '@halter/core'
import type { CompactionTrigger, SessionBlueprint } from '@halter/protocol'
import { consult, dispatch, HOOK_NOTIFICATION } from '../dispatch.ts'
import type { HookServices, Moment } from '../hook-services.ts'
import type { HookSession } from '../hook-session.ts'
import { aboutCall } from '../judge-call.ts'
import { observed } from '../subject.ts'
import { hooksOf, momentOf } from './tap-context.ts'
import { requestStop, verdictOf } from './tool-taps.ts'

/** The taps around compaction, children and approvals. */
export function otherTaps(services: HookServices): {
  readonly 'compaction.guard': Tap<'compaction.guard'>
  readonly 'compaction.end': Tap<'compaction.end'>
  readonly 'subagent.start': Tap<'subagent.start'>
  readonly 'approval.guard': Tap<'approval.guard'>
} {
  return {
    'compaction.guard': (draft, ctx) => beforeCompaction(hooksOf(services, ctx), draft, momentOf(ctx)),
    'compaction.end': (end, ctx) => afterCompaction(hooksOf(services, ctx), end, momentOf(ctx)),
    'subagent.start': (child, ctx) => childStarts(hooksOf(services, ctx), child, momentOf(ctx)),
    'approval.guard': (request, ctx) => {
      const hooks = hooksOf(services, ctx)
      if (!hooks.mayHandle(ctx.turn, 'PermissionRequest', 'Notification')) return undefined
      return answer(hooks, request, momentOf(ctx))
    },
  }
}

async function beforeCompaction(
  hooks: HookSession,
  draft: CompactionDraft,
  moment: Moment,
): Promise<Verdict> {
  await hooks.planFor(moment)
  const trigger = triggerOf(draft)
  const payload = { trigger, custom_instructions: draft.instructions ?? null }
  const merged = await dispatch(hooks, observed('PreCompact', [trigger], payload), moment)
  return merged?.verdict && merged.verdict.kind !== 'allow' ? { deny: merged.verdict.reason } : undefined
}

async function afterCompaction(
  hooks: HookSession,
  end: { readonly trigger: CompactionTrigger; readonly summary: string },
  moment: Moment,
): Promise<void> {
  await hooks.planFor(moment)
  const trigger = triggerOf(end)
  await dispatch(hooks, observed('PostCompact', [trigger], { trigger, compact_summary: end.summary }), moment)
}

/** Claude Code knows two: somebody asked, or it had to be. */
function triggerOf({ trigger }: { readonly trigger: CompactionTrigger }): 'manual' | 'auto' {
  return trigger === 'manual' ? 'manual' : 'auto'
}

/** In the parent's session, before the child's first turn; what is said to the child waits for that. */
async function childStarts(hooks: HookSession, child: SessionBlueprint, moment: Moment): Promise<void> {
  await hooks.planFor(moment)
  const { sessionId: parentId } = hooks.session.blueprint
  const { sessionId, agent = 'default' } = child
  const payload = { agent_id: sessionId, agent_type: agent, parent_session_id: parentId }
  const merged = await consult(hooks, observed('SubagentStart', [agent], payload), moment)
  if (!merged) return
  const { contexts, messages } = merged
  for (const text of messages) await hooks.session.notify(HOOK_NOTIFICATION, text)
  if (contexts.length > 0) hooks.services.forChildren.set(sessionId, contexts)
}

/** Before somebody is asked: a handler may answer in their place. Where none does, the question is a notification. */
async function answer(hooks: HookSession, request: ApprovalRequest, moment: Moment): Promise<ToolVerdict> {
  await hooks.planFor(moment)
  const { name, input, callId } = request
  const subject = aboutCall(hooks, 'PermissionRequest', { name, input, callId }, () => ({
    permission_suggestions: [],
    ...(request.reason !== undefined && { reason: request.reason }),
  }))
  const merged = await dispatch(hooks, subject, moment)
  const { verdict, updatedInput, stop } = merged ?? {}
  if (stop) requestStop(hooks, stop, moment)
  const isChanged = updatedInput && JSON.stringify(updatedInput.value) !== JSON.stringify(input)
  if (verdict?.kind === 'allow' && isChanged)
    // What was judged is what runs: a yes to another input is no yes to this one.
    moment.warn(
      `${updatedInput.handler.id} allows a call of "${name}" with another input, which nothing can change any more. Rewrite it in PreToolUse; somebody is asked instead.`,
    )
  else if (verdict && verdict.kind !== 'ask') return verdictOf(verdict)
  void tellUser(hooks, name, moment)
  return undefined
}

/** `Notification` of the kind `permission_prompt`. Nobody waits for it: the question is asked meanwhile. */
async function tellUser(hooks: HookSession, name: string, { turnId, warn }: Moment): Promise<void> {
  const moment: Moment = { session: hooks.session, turnId, signal: hooks.closing.signal, warn }
  const kind = 'permission_prompt'
  const payload = { notification_type: kind, message: `Permission is needed to use ${name}` }
  try {
    await dispatch(hooks, observed('Notification', [kind], payload), moment)
  } catch (error) {
    if (!hooks.closing.signal.aborted) warn(`Notification hooks failed: ${toErrorWire(error).message}`)
  }
}
