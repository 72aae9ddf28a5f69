import {
  NO_USAGE,
  type AssistantMessage,
  type ContextPlan,
  type MessageId,
  type Usage,
} from '@halter/protocol'
import type { ModelRequest, ResolvedModel } from '../contracts/provider.ts'
import { HalterError, isHalterError } from '../errors.ts'
import { assembleRequest } from './assemble-request.ts'
import { callModel, type CalledModel } from './call-model.ts'
import { planContext } from './plan-context.ts'
import { watchPrefix } from './prefix-watch.ts'
import { saysSomething } from './says-something.ts'
import type { DraftListener } from './reply-draft.ts'
import type { Turn } from './turn.ts'

/**
 * Calls the model and puts its reply into the next commit. The hot path: no hook, and no await but the provider's, between a
 * part and its readers. An interrupted reply leaves its text behind.
 */
export async function streamReply(
  turn: Turn,
  request: ModelRequest,
  plan: ContextPlan,
): Promise<AssistantMessage> {
  const seen = { hasContent: false }
  let reply: CalledModel
  try {
    reply = await callOnce(turn, request, plan.estimatedTokens, seen)
  } catch (error) {
    if (!isHalterError(error) || error.kind !== 'context-too-long' || seen.hasContent) throw error
    const shorter = await planContext(turn, true)
    reply = await callOnce(turn, await assembleRequest(turn, shorter), shorter.estimatedTokens)
  }
  return acceptReply(turn, reply)
}

/** `seen` tells of a call that failed whether anything of its reply was to be seen. */
async function callOnce(
  turn: Turn,
  request: ModelRequest,
  estimatedTokens: number,
  seen = { hasContent: false },
): Promise<CalledModel> {
  const messageId = turn.service('ids').next('message')
  let cutOff: AssistantMessage | undefined
  let paid = (): void => {}
  try {
    return await callModel(turn, request, {
      purpose: 'turn',
      model: turn.model,
      messageId,
      estimatedTokens,
      listener: liveListener(turn, messageId),
      onRequest: ({ system }) => watchPrefix(turn, system),
      onFailure: (draft, usage, model) => {
        seen.hasContent = draft.hasContent
        if (turn.abort.isAborted) cutOff = draft.salvage(turn.clock.now(), model.model)
        if (usage !== NO_USAGE) paid = () => appendUsage(turn, usage, model)
      },
    })
  } catch (error) {
    if (cutOff) await keepCutOff(turn, cutOff)
    paid()
    throw error
  }
}

/** Puts the reply, as hooks leave it, into the next commit. */
async function acceptReply(turn: Turn, reply: CalledModel): Promise<AssistantMessage> {
  const { id: turnId } = turn
  for (const data of reply.metadata) turn.append({ type: 'model.metadata', turnId, purpose: 'turn', data })
  for (const message of reply.warnings)
    turn.append({ type: 'warning.raised', code: 'ERR_MODEL_FAILED', message, turnId })
  try {
    const message = await judgeReply(turn, reply.message)
    appendReply(turn, message)
    return message
  } finally {
    appendUsage(turn, reply.usage, reply.model)
  }
}

/** @throws HalterError `ERR_TURN_REFUSED` when a guard refuses the reply. */
async function judgeReply(turn: Turn, message: AssistantMessage): Promise<AssistantMessage> {
  const changed = await turn.transform('response.transform', message)
  const decision = await turn.guard('response.guard', changed)
  if (decision?.kind !== 'deny') return changed
  throw new HalterError('ERR_TURN_REFUSED', `${decision.plugin} refused the reply: ${decision.reason}`, {
    plugin: decision.plugin,
    hook: 'response.guard',
  })
}

/** Keeps what an interrupted reply had said, as hooks leave it; nothing where they refuse it, or do not say in time. */
async function keepCutOff(turn: Turn, message: AssistantMessage): Promise<void> {
  try {
    appendReply(turn, await judgeReply(turn, message))
  } catch {
    // A reply that was not judged is not shown again.
  }
}

function appendReply(turn: Turn, message: AssistantMessage): void {
  if (saysSomething(message.parts)) turn.append({ type: 'message.appended', turnId: turn.id, message })
  turn.reply = message
}

function appendUsage(turn: Turn, usage: Usage, model: ResolvedModel): void {
  turn.append({ type: 'usage.recorded', turnId: turn.id, purpose: 'turn', model: model.id, usage })
}

/** Publishes deltas; builds none when nobody listens. */
function liveListener(turn: Turn, messageId: MessageId): DraftListener {
  const { session, id: turnId } = turn
  const { id: sessionId } = session
  return {
    callId: (raw) => session.callIds.claim(raw),
    text(part, offset, text) {
      if (session.isHeard)
        session.live({ type: 'text.delta', sessionId, turnId, messageId, part, offset, text })
    },
    thinking(part, offset, text) {
      if (session.isHeard)
        session.live({ type: 'thinking.delta', sessionId, turnId, messageId, part, offset, text })
    },
    toolInput(part, offset, text, callId, name) {
      if (session.isHeard)
        session.live({
          type: 'toolInput.delta',
          sessionId,
          turnId,
          messageId,
          part,
          offset,
          text,
          callId,
          name,
        })
    },
  }
}
