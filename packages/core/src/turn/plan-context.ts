import type { CompactionOutcome, ContextPlan, Usage } from '@halter/protocol'
import { contextInput } from './context-input.ts'
import type { Turn } from './turn.ts'

/**
 * What this step shows the model. A compaction that the plan rests on is recorded before anybody uses it.
 * `overflow`: the provider has just said that the context is too long.
 */
export async function planContext(turn: Turn, overflow = false): Promise<ContextPlan> {
  const manager = turn.service('contextManager')
  const input = contextInput(turn, turn.model, turn.tools.specs, overflow)
  const plan = await turn.abort.settle(manager.plan(input, turn.signal))
  turn.abort.throwIfAborted()
  if (plan.warning !== undefined) turn.warn('ERR_COMPACTION_UNSUPPORTED', plan.warning, undefined)
  if (plan.compaction) await recordCompaction(turn, plan.compaction)
  return turn.transform('context.transform', plan)
}

async function recordCompaction(turn: Turn, outcome: CompactionOutcome, usage?: Usage): Promise<void> {
  await turn.commit({ type: 'compaction.applied', turnId: turn.id, ...outcome })
  void turn.hooks.observe('compaction.end', { summary: outcome.summary, ...(usage && { usage }) }, turn)
}
