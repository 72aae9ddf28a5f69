import {
  NO_USAGE,
  textOf,
  transcript,
  type PendingEvent,
  type Usage,
  type UserMessage,
} from '@halter/protocol'
import type { ModelAnswer, ModelQuestion } from '../contracts/hooks.ts'
import type { ModelRequest, ResolvedModel } from '../contracts/provider.ts'
import type { Session } from '../session/session.ts'
import { messageTokens, ruleOfThumb } from '../session/token-estimate.ts'
import { Activity } from './activity.ts'
import { callModel, NO_LISTENER, type CalledModel } from './call-model.ts'
import { followSignal } from './follow-signal.ts'

/**
 * See `SessionPort.callModel`. Asked inside a turn, it is interrupted with that turn, and may outlast it: whoever asked waits for the
 * answer, and the turn does not.
 */
export async function askModel(session: Session, question: ModelQuestion): Promise<ModelAnswer> {
  const turn = session.turns.current
  const activity = new Activity(session, turn?.isOpen ? turn.id : undefined)
  const leave = turn?.abort.adopt(activity.abort)
  const unfollow = followSignal(activity.abort, question.signal)
  const release = session.holdFor(activity)
  try {
    activity.abort.throwIfAborted()
    const { models, model: usual } = activity.state.blueprint
    const model = await activity.resolveModel(question.model ?? models?.small ?? usual, 'small')
    const reply = await call(activity, model, requestOf(activity, question, model))
    return { text: textOf(reply.message), model: reply.model.id, usage: reply.usage }
  } finally {
    unfollow()
    leave?.()
    await activity.release()
    release()
  }
}

async function call(activity: Activity, model: ResolvedModel, request: ModelRequest): Promise<CalledModel> {
  const { purpose } = request
  const { session, turn } = activity
  const used = (usage: Usage, { id }: ResolvedModel): PendingEvent[] =>
    usage === NO_USAGE ? [] : [{ type: 'usage.recorded', purpose, model: id, usage, ...turn }]
  let wasted: PendingEvent[] = []
  try {
    const reply = await callModel(activity, request, {
      purpose,
      model,
      messageId: activity.service('ids').next('message'),
      estimatedTokens: estimate(activity, request),
      listener: NO_LISTENER,
      onFailure: (_, usage, failing) => (wasted = used(usage, failing)),
    })
    const told = reply.metadata.map((data): PendingEvent => ({
      type: 'model.metadata',
      purpose,
      data,
      ...turn,
    }))
    await session.log.append([...told, ...used(reply.usage, reply.model)])
    for (const message of reply.warnings) activity.warn('ERR_MODEL_FAILED', message, undefined)
    return reply
  } catch (error) {
    if (wasted.length > 0) await session.log.append(wasted)
    throw error
  }
}

function requestOf(
  { session, state, turn, clock }: Activity,
  { purpose = 'hook', system, prompt, maxOutputTokens }: ModelQuestion,
  { model }: ResolvedModel,
): ModelRequest {
  const message: UserMessage = {
    role: 'user',
    id: session.nextId('message'),
    at: clock.now(),
    parts: [{ kind: 'text', text: prompt }],
  }
  const { agent } = state.blueprint
  return {
    sessionId: session.id,
    ...turn,
    purpose,
    ...(agent !== undefined && { agent }),
    model,
    system: system === undefined ? [] : [{ id: 'question', text: system, stability: 'session' }],
    messages: transcript([message]),
    tail: [],
    tools: [],
    breakpoints: [],
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
  }
}

function estimate(activity: Activity, { system, messages }: ModelRequest): number {
  const estimator = activity.optional('tokenEstimator') ?? ruleOfThumb
  const own = system.reduce((sum, { text }) => sum + estimator(text), 0)
  return messages.slice().reduce((sum, message) => sum + messageTokens(message, estimator), own)
}
