import type { CompactionTrigger } from '@halter/protocol'
import type { CompactionInstructions, ContextInput } from '../contracts/context-manager.ts'
import type { ModelReply, ModelRequest, ResolvedModel, ToolSpec } from '../contracts/provider.ts'
import type { Activity } from './activity.ts'
import { callModel, NO_LISTENER } from './call-model.ts'

/** What a context manager gets to work with, in a turn or between two. */
export function contextInput(
  activity: Activity,
  model: ResolvedModel,
  tools: readonly ToolSpec[],
  overflow = false,
): ContextInput {
  return {
    state: activity.state,
    turnId: activity.turn?.turnId,
    model,
    limits: model.info,
    tools,
    estimatedTokens: activity.session.estimate.tokens(activity.state, tools),
    ...(overflow && { overflow }),
    callModel: (request) => summarise(activity, model, request),
    beforeCompaction: (trigger) => beforeCompaction(activity, trigger),
  }
}

async function summarise(
  activity: Activity,
  model: ResolvedModel,
  request: ModelRequest,
): Promise<ModelReply> {
  const reply = await callModel(activity, request, {
    purpose: 'compaction',
    model,
    messageId: activity.service('ids').next('message'),
    estimatedTokens: activity.session.estimate.tokens(activity.state, []),
    listener: NO_LISTENER,
  })
  await activity.session.log.append([
    { type: 'usage.recorded', purpose: 'compaction', model: model.id, usage: reply.usage, ...activity.turn },
  ])
  return reply
}

/** What the hooks say of a compaction that is about to run; undefined when one of them keeps the long context. */
async function beforeCompaction(
  activity: Activity,
  trigger: CompactionTrigger,
): Promise<CompactionInstructions | undefined> {
  const draft = await activity.transform('compaction.transform', {
    trigger,
    window: activity.session.estimate.tokens(activity.state, []),
  })
  const decision = await activity.guard('compaction.guard', draft)
  if (decision?.kind === 'deny') return undefined
  const { instructions, summary } = draft
  return { ...(instructions !== undefined && { instructions }), ...(summary !== undefined && { summary }) }
}
