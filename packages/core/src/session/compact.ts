import type { CompactionResult } from '../contracts/context-manager.ts'
import type { Activity } from '../turn/activity.ts'
import { ContextDesk } from '../turn/context-desk.ts'
import { Turn } from '../turn/turn.ts'
import type { Session } from './session.ts'

/**
 * Compacts because somebody asked. The next turn announces itself to `session.start` as `compact`.
 * @throws what the context manager or its model call failed with; the log is then as it was.
 */
export async function compactSession(
  session: Session,
  activity: Activity,
  instructions: string | undefined,
): Promise<CompactionResult | undefined> {
  const isTurn = activity instanceof Turn
  const model = isTurn
    ? activity.model
    : await activity.resolveModel(session.state.blueprint.model, 'default')
  const desk = new ContextDesk(activity, { model, tools: isTurn ? activity.tools.specs : [], instructions })
  const request = { trigger: 'manual' as const, ...(instructions !== undefined && { instructions }) }
  const result = await activity.abort.settle(
    activity.service('contextManager').compactNow(request, desk.input, activity.signal),
  )
  if (!result) return undefined
  const { outcome } = result
  const { trigger, summary } = outcome
  const spent = desk.usage && { usage: desk.usage }
  await session.log.append([{ type: 'compaction.applied', ...outcome, ...spent, ...activity.turn }])
  session.estimate.compacted(session.state, outcome.tokensAfter)
  session.startSource = 'compact'
  void activity.hooks.observe('compaction.end', { trigger, summary, ...spent }, activity)
  return { outcome, ...spent }
}
