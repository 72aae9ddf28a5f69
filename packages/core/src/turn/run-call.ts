import {
  textOf,
  type MessageId,
  type PendingEvent,
  type ToolCallPart,
  type ToolOutcome,
  type ToolResultPart,
  type WholePart,
} from '@halter/protocol'
import type { ToolCallResult } from '../contracts/hooks.ts'
import { toErrorWire } from '../errors.ts'
import { runAs } from '../kernel/attribution.ts'
import { problemOfParts } from '../session/whole-parts.ts'
import { isPromise } from './abort-scope.ts'
import { CallContext } from './call-context.ts'
import { announceEnd, type CallSite } from './call-site.ts'
import { asHooksSee, type CallAnswer, type PreparedCall } from './prepare-call.ts'
import { INTERRUPTED } from './tool-answers.ts'
import { toResult } from './tool-result.ts'
import type { Turn } from './turn.ts'

/** Whose tools are those that the embedder gave a session. */
const SESSION = 'session'

interface Finished {
  readonly outcome: ToolOutcome
  readonly parts: readonly WholePart<ToolResultPart>[]
}

/** Runs a call whose intent is stored, and stores its result. Never throws what the tool threw: the model reads it. */
export async function runCall(site: CallSite, prepared: PreparedCall): Promise<ToolCallResult> {
  const messageId: MessageId = site.service('ids').next('message')
  const raw = await execute(site, prepared, messageId)
  const finished = raw.outcome === 'cancelled' ? raw : await transformResult(site, prepared, raw)
  const { call, input } = prepared
  await site.commit(finishedEvent(site, call, finished, messageId))
  const failure = finished.outcome === 'error' ? textOf(finished) : undefined
  site.repeatedCalls.note(call.name, input, failure)
  const result = asResult(site, prepared, finished)
  announceEnd(site, result)
  return result
}

/** Puts the answer to a call that does not run into the next commit. */
export function refuseCall(turn: Turn, call: ToolCallPart, answer: CallAnswer): void {
  const { outcome, text } = answer
  if (outcome === 'error') turn.repeatedCalls.note(call.name, call.input ?? call.malformed, text)
  const { event, result } = answerTo(turn, call, answer)
  turn.append(event)
  turn.unrun.push(result)
}

/** The answer to a call that does not run, as it is stored and as hooks are told of it. */
export function answerTo(
  site: CallSite,
  call: ToolCallPart,
  { outcome, text: message, input = call.input ?? null }: CallAnswer,
): { readonly event: PendingEvent<'toolCall.finished'>; readonly result: ToolCallResult } {
  const finished = text(outcome, message)
  const event = finishedEvent(site, call, finished, site.service('ids').next('message'))
  return { event, result: asResult(site, { call, input }, finished) }
}

async function execute(site: CallSite, prepared: PreparedCall, messageId: MessageId): Promise<Finished> {
  const { tool, value, call } = prepared
  const owner = site.generation.ownerOf(tool) ?? SESSION
  const context = new CallContext(site, { owner, callId: call.callId, messageId })
  try {
    const who = { plugin: owner, sessionId: site.session.id, turnId: site.id }
    const work = runAs(who, () => tool.execute(value, context))
    const result = toResult(isPromise(work) ? await context.settle(work, tool) : work)
    if (result.isError && site.abort.isAborted) return { outcome: 'cancelled', parts: result.parts }
    return { outcome: result.isError ? 'error' : 'ok', parts: result.parts }
  } catch (error) {
    if (site.abort.isAborted) return text('cancelled', INTERRUPTED)
    return text('error', toErrorWire(context.stoppedFor ?? error).message)
  } finally {
    context.close()
  }
}

async function transformResult(
  site: CallSite,
  prepared: PreparedCall,
  finished: Finished,
): Promise<Finished> {
  if (!site.hooks.has('toolResult.transform')) return finished
  const before = asResult(site, prepared, finished)
  try {
    const after = await site.transform('toolResult.transform', before)
    if (after === before) return finished
    const problem = problemOfParts(after.parts)
    if (problem) throw problem
    return { outcome: after.isError ? 'error' : 'ok', parts: after.parts }
  } catch (error) {
    return site.abort.isAborted ? finished : text('error', toErrorWire(error).message)
  }
}

function asResult(
  site: CallSite,
  { call, input }: Pick<PreparedCall, 'call' | 'input'>,
  { outcome, parts }: Finished,
): ToolCallResult {
  return { call: asHooksSee(site, call, input), parts, isError: outcome !== 'ok', outcome }
}

function finishedEvent(
  { id: turnId, caller }: CallSite,
  { callId }: ToolCallPart,
  { outcome, parts }: Finished,
  messageId: MessageId,
): PendingEvent<'toolCall.finished'> {
  const by = caller !== undefined && { by: caller }
  return { type: 'toolCall.finished', turnId, callId, outcome, messageId, parts, ...by }
}

function text(outcome: ToolOutcome, message: string): Finished {
  return { outcome, parts: [{ kind: 'text', text: message }] }
}
