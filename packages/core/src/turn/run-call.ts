import {
  textOf,
  type MessageId,
  type PendingEvent,
  type ToolCallPart,
  type ToolOutcome,
  type ToolResultPart,
} from '@halter/protocol'
import type { ToolCallResult } from '../contracts/hooks.ts'
import { toErrorWire } from '../errors.ts'
import { runAs } from '../kernel/attribution.ts'
import { problemOfParts } from '../session/whole-parts.ts'
import { isPromise } from './abort-scope.ts'
import { CallContext } from './call-context.ts'
import type { PreparedCall } from './prepare-call.ts'
import { INTERRUPTED } from './tool-answers.ts'
import { toResult } from './tool-result.ts'
import type { Turn } from './turn.ts'

/** Whose tools are those that the embedder gave a session. */
const SESSION = 'session'

interface Finished {
  readonly outcome: ToolOutcome
  readonly parts: readonly ToolResultPart[]
}

/** Runs a call whose intent is stored, and stores its result. Never throws what the tool threw: the model reads it. */
export async function runCall(turn: Turn, prepared: PreparedCall): Promise<void> {
  const messageId: MessageId = turn.service('ids').next('message')
  const raw = await execute(turn, prepared, messageId)
  const finished = raw.outcome === 'cancelled' ? raw : await transformResult(turn, prepared, raw)
  const { call, input } = prepared
  await turn.commit(finishedEvent(turn, call, finished, messageId))
  const failure = finished.outcome === 'error' ? textOf(finished) : undefined
  turn.repeatedCalls.note(call.name, input, failure)
  if (turn.hooks.has('toolCall.end'))
    void turn.hooks.observe('toolCall.end', asResult(prepared, finished), turn)
}

/** The answer to a call that does not run. */
export function refuseCall(
  turn: Turn,
  call: ToolCallPart,
  outcome: ToolOutcome,
  text: string,
): PendingEvent<'toolCall.finished'> {
  if (outcome === 'error') turn.repeatedCalls.note(call.name, call.input ?? call.malformed, text)
  const finished: Finished = { outcome, parts: [{ kind: 'text', text }] }
  return finishedEvent(turn, call, finished, turn.service('ids').next('message'))
}

async function execute(turn: Turn, prepared: PreparedCall, messageId: MessageId): Promise<Finished> {
  const { tool, value, call } = prepared
  const owner = turn.generation.ownerOf(tool) ?? SESSION
  const context = new CallContext(turn, { owner, callId: call.callId, messageId })
  try {
    const work = runAs({ plugin: owner, sessionId: turn.session.id }, () => tool.execute(value, context))
    const result = toResult(isPromise(work) ? await context.settle(work, tool) : work)
    if (result.isError && turn.abort.isAborted) return { outcome: 'cancelled', parts: result.parts }
    return { outcome: result.isError ? 'error' : 'ok', parts: result.parts }
  } catch (error) {
    if (turn.abort.isAborted) return text('cancelled', INTERRUPTED)
    return text('error', toErrorWire(context.stoppedFor ?? error).message)
  } finally {
    context.close()
  }
}

async function transformResult(turn: Turn, prepared: PreparedCall, finished: Finished): Promise<Finished> {
  if (!turn.hooks.has('toolResult.transform')) return finished
  const before = asResult(prepared, finished)
  try {
    const after = await turn.transform('toolResult.transform', before)
    if (after === before) return finished
    const problem = problemOfParts(after.parts)
    if (problem) throw problem
    return { outcome: after.isError ? 'error' : 'ok', parts: after.parts }
  } catch (error) {
    return turn.abort.isAborted ? finished : text('error', toErrorWire(error).message)
  }
}

function asResult({ call, input }: PreparedCall, { outcome, parts }: Finished): ToolCallResult {
  return { call: { callId: call.callId, name: call.name, input }, parts, isError: outcome !== 'ok' }
}

function finishedEvent(
  turn: Turn,
  call: ToolCallPart,
  { outcome, parts }: Finished,
  messageId: MessageId,
): PendingEvent<'toolCall.finished'> {
  return { type: 'toolCall.finished', turnId: turn.id, callId: call.callId, outcome, messageId, parts }
}

function text(outcome: ToolOutcome, message: string): Finished {
  return { outcome, parts: [{ kind: 'text', text: message }] }
}
