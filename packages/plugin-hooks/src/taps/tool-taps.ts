import { HalterError, type Tap, type ToolCall, type ToolCallResult, type ToolVerdict } from '@halter/core'
import { textOf, toolCallsOf } from '@halter/protocol'
import { describeHandler } from '../describe-handler.ts'
import { dispatch, passOn, record } from '../dispatch.ts'
import type { HookServices, Moment } from '../hook-services.ts'
import type { HookSession } from '../hook-session.ts'
import { aboutCall, finalRound, firstRound } from '../judge-call.ts'
import { judgeTask } from '../judge-task.ts'
import type { Judged, Merged } from '../merge-answers.ts'
import type { Subject } from '../subject.ts'
import { partsOfResponse, responseOf, toolInputIn, toolNameIn, toolResponseIn } from '../tool-dialect.ts'
import { hooksOf, momentOf } from './tap-context.ts'

/** The taps around tool calls. One run of a handler serves transform and guard. */
export function toolTaps(services: HookServices): {
  readonly 'response.guard': Tap<'response.guard'>
  readonly 'toolCall.transform': Tap<'toolCall.transform'>
  readonly 'toolCall.guard': Tap<'toolCall.guard'>
  readonly 'toolResult.transform': Tap<'toolResult.transform'>
  readonly 'toolCall.end': Tap<'toolCall.end'>
  readonly 'context.transform': Tap<'context.transform'>
} {
  return {
    'response.guard': (reply, ctx) => {
      const hooks = hooksOf(services, ctx)
      if (hooks.mayHandle(ctx.turn, 'PreToolUse', 'PermissionRequest')) hooks.reply = reply
    },
    'toolCall.transform': (call, ctx) => {
      const hooks = hooksOf(services, ctx)
      if (!hooks.mayHandle(ctx.turn, 'PreToolUse') || isStopped(hooks, ctx.turn?.turnId)) return undefined
      return rewrite(hooks, call, momentOf(ctx))
    },
    'toolCall.guard': (call, ctx) => {
      const hooks = hooksOf(services, ctx)
      if (isStopped(hooks, ctx.turn?.turnId)) return { deny: hooks.stop!.why }
      if (!hooks.mayHandle(ctx.turn, 'PreToolUse', 'TaskCreated', 'TaskCompleted')) return undefined
      return judge(hooks, call, momentOf(ctx))
    },
    'toolResult.transform': (result, ctx) => {
      const hooks = hooksOf(services, ctx)
      if (!hooks.mayHandle(ctx.turn, 'PostToolUse', 'PostToolUseFailure', 'PostToolBatch')) return undefined
      return afterCall(hooks, result, momentOf(ctx))
    },
    'toolCall.end': (result, ctx) => {
      const hooks = hooksOf(services, ctx)
      hooks.calls.delete(result.call.callId)
      if (result.outcome !== 'denied' || !hooks.mayHandle(ctx.turn, 'PermissionDenied')) return undefined
      // Nobody waits for this hook, but the next model call does: what is said of a denial is for it.
      const told = denied(hooks, result, momentOf(ctx))
      hooks.denials.push(told.catch(() => []))
      return told.then(() => undefined)
    },
    'context.transform': (plan, ctx) => {
      const hooks = hooksOf(services, ctx)
      if (!isStopped(hooks, ctx.turn?.turnId) && hooks.batch.length === 0 && hooks.denials.length === 0)
        return undefined
      return beforeModelCall(hooks, plan, momentOf(ctx))
    },
  }
}

async function rewrite(hooks: HookSession, call: ToolCall, moment: Moment): Promise<ToolCall | undefined> {
  await hooks.planFor(moment)
  const round = await firstRound(hooks, call, moment)
  if (!round) return undefined
  await record(hooks, aboutCall(hooks, 'PreToolUse', call), round.answers, moment)
  hooks.calls.set(call.callId, round)
  return round.rewritten
}

async function judge(hooks: HookSession, call: ToolCall, moment: Moment): Promise<ToolVerdict> {
  await hooks.planFor(moment)
  const before = hooks.calls.get(call.callId)
  hooks.calls.delete(call.callId)
  const subject = aboutCall(hooks, 'PreToolUse', call)
  const { merged, again } = await finalRound(hooks, call, before, moment)
  await record(hooks, subject, again, moment)
  await passOn(hooks, subject, merged, moment)
  if (merged.stop) requestStop(hooks, merged.stop, moment)
  if (merged.verdict?.kind === 'deny') return verdictOf(merged.verdict)
  const task = await judgeTask(hooks, call, moment)
  if (task.stop) requestStop(hooks, task.stop, moment)
  return task.verdict ?? verdictOf(merged.verdict)
}

/** What a guard says for an opinion. */
export function verdictOf(verdict: Judged | undefined): ToolVerdict {
  if (!verdict) return undefined
  const reason = `${verdict.reason}${verdict.isFailure ? '' : ` (${verdict.handler.source.file})`}`
  if (verdict.kind === 'deny') return { deny: reason }
  if (verdict.kind === 'ask') return { ask: reason }
  return { allow: verdict.reason || true }
}

/** From now on nothing of this turn runs, and the next model call does not happen. */
export function requestStop(hooks: HookSession, { handler, reason }: Judged, { turnId }: Moment): void {
  if (turnId === undefined) return
  const who = `${handler.event} hook ${describeHandler(handler)} (${handler.source.file})`
  hooks.stop ??= { turnId, why: `The ${who} stopped the turn: ${reason}` }
}

function isStopped(hooks: HookSession, turnId: string | undefined): boolean {
  return hooks.stop !== undefined && hooks.stop.turnId === turnId
}

async function afterCall(
  hooks: HookSession,
  result: ToolCallResult,
  moment: Moment,
): Promise<ToolCallResult | undefined> {
  await hooks.planFor(moment)
  const { call, isError } = result
  const text = textOf(result)
  const cwd = hooks.session.blueprint.workingDir
  const subject = aboutCall(hooks, isError ? 'PostToolUseFailure' : 'PostToolUse', call, (dialect) =>
    isError
      ? { error: text, is_interrupt: false }
      : { tool_response: toolResponseIn(dialect, call, responseOf(result.parts), cwd) },
  )
  const merged = await dispatch(hooks, subject, moment)
  const parts = merged ? resultParts(result.parts, merged) : result.parts
  hooks.batch.push({ callId: call.callId, name: call.name, input: call.input, response: responseOf(parts) })
  if (merged?.stop) requestStop(hooks, merged.stop, moment)
  return parts === result.parts ? undefined : { ...result, parts }
}

/** The result as handlers replaced it, with what they had against it beside it. */
function resultParts(
  parts: ToolCallResult['parts'],
  { updatedOutput, verdict }: Merged,
): ToolCallResult['parts'] {
  const replaced = updatedOutput ? partsOfResponse(updatedOutput.value) : parts
  if (verdict?.kind !== 'deny') return replaced
  return [...replaced, { kind: 'text', text: `A hook says: ${verdict.reason}` }]
}

/** Returns what the model is to read of it. */
async function denied(
  hooks: HookSession,
  result: ToolCallResult,
  moment: Moment,
): Promise<readonly string[]> {
  await hooks.planFor(moment)
  const subject = aboutCall(hooks, 'PermissionDenied', result.call, () => ({ reason: textOf(result) }))
  const merged = await dispatch(hooks, subject, moment)
  if (!merged?.mayRetry) return merged?.contexts ?? []
  const mayRetry = `The denied call of "${result.call.name}" may be tried again.`
  await hooks.session.inject(mayRetry)
  return [...merged.contexts, mayRetry]
}

type Plan = Parameters<Tap<'context.transform'>>[0]

/** After a batch of calls and before the next model call: `PostToolBatch`, and the end of a turn that a handler stopped. */
async function beforeModelCall(hooks: HookSession, plan: Plan, moment: Moment): Promise<Plan | undefined> {
  await hooks.planFor(moment)
  const batch = inCallOrder(hooks)
  hooks.batch = []
  const denials = hooks.denials.splice(0)
  const ofDenials = (await Promise.all(denials)).flat()
  const merged = batch.length > 0 ? await dispatch(hooks, aboutBatch(hooks, batch), moment) : undefined
  if (merged?.verdict?.kind === 'deny') requestStop(hooks, merged.verdict, moment)
  if (isStopped(hooks, moment.turnId)) throw new HalterError('ERR_TURN_REFUSED', hooks.stop!.why)
  const shown = new Set(plan.segments.map(({ text }) => text))
  const texts = [...ofDenials, ...(merged?.contexts ?? [])].filter((text) => !shown.has(text))
  if (texts.length === 0) return undefined
  // The plan may have been made before; from the next step on it has the text by itself.
  const segments = texts.map((text, index) => ({ id: `hooks:${index}`, text, stability: 'turn' as const }))
  return { ...plan, segments: [...plan.segments, ...segments] }
}

/** Results come as tools end; the batch is told in the order in which the model made its calls. */
function inCallOrder({ batch, session }: HookSession): HookSession['batch'] {
  const { transcript } = session.state
  let at = transcript.length - 1
  while (at >= 0 && transcript.at(at)?.role !== 'assistant') at--
  const reply = transcript.at(at)
  const order = reply?.role === 'assistant' ? toolCallsOf(reply).map(({ callId }) => callId) : []
  return batch.toSorted((a, b) => order.indexOf(a.callId) - order.indexOf(b.callId))
}

function aboutBatch(hooks: HookSession, batch: HookSession['batch']): Subject {
  const cwd = hooks.session.blueprint.workingDir
  return {
    event: 'PostToolBatch',
    names: [],
    payload: (dialect) => ({
      tool_calls: batch.map(({ callId, name, input, response }) => ({
        tool_name: toolNameIn(dialect, name),
        tool_input: toolInputIn(dialect, { name, input }, cwd),
        tool_use_id: callId,
        tool_response: toolResponseIn(dialect, { name, input }, response, cwd),
      })),
    }),
  }
}
