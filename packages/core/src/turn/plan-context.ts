import type { CompactionOutcome, ContextPlan, Usage } from '@halter/protocol'
import { ContextDesk } from './context-desk.ts'
import type { Turn } from './turn.ts'

/** Compactions that one step may record: the older turns, and then steps of the running one. */
const MAX_COMPACTIONS = 2

/**
 * What this step shows the model. A compaction is recorded first, and the plan made again from what is then true, so that this
 * step shows the summary as every later one does. `overflow`: the provider has just said that the context is too long.
 */
export async function planContext(turn: Turn, overflow = false): Promise<ContextPlan> {
  for (let count = 0; ; count++) {
    const isForced = overflow && count === 0
    const desk = new ContextDesk(turn, {
      model: turn.model,
      tools: turn.tools.specs,
      overflow: isForced,
    })
    const manager = turn.service('contextManager')
    const plan = await turn.abort.settle(manager.plan(desk.input, turn.signal))
    turn.abort.throwIfAborted()
    if (plan.warning !== undefined) turn.warn('ERR_CONTEXT_OVERFLOW', plan.warning, undefined)
    if (!plan.compaction || count === MAX_COMPACTIONS) return turn.transform('context.transform', plan)
    await recordCompaction(turn, plan.compaction, desk.usage)
  }
}

/** When something left, session hooks hear of it at the next turn's start, as `compact`. */
async function recordCompaction(
  turn: Turn,
  outcome: CompactionOutcome,
  usage: Usage | undefined,
): Promise<void> {
  const spent = usage && { usage }
  await turn.commit({ type: 'compaction.applied', turnId: turn.id, ...outcome, ...spent })
  turn.session.estimate.compacted(turn.state, outcome.tokensAfter)
  if (outcome.droppedSeqs.length > 0) turn.session.startSource = 'compact'
  const { trigger, summary } = outcome
  void turn.hooks.observe('compaction.end', { trigger, summary, ...spent }, turn)
}
