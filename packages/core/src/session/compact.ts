import type { CompactionResult } from '../contracts/context-manager.ts'
import type { Activity } from '../turn/activity.ts'
import { contextInput } from '../turn/context-input.ts'
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
    : await activity.service('models').resolve(session.state.blueprint.model, 'default')
  const input = contextInput(activity, model, isTurn ? activity.tools.specs : [])
  const request = { trigger: 'manual' as const, ...(instructions !== undefined && { instructions }) }
  const result = await activity.abort.settle(
    activity.service('contextManager').compactNow(request, input, activity.signal),
  )
  if (!result) return undefined
  const { outcome, usage } = result
  await session.log.append([{ type: 'compaction.applied', ...outcome, ...activity.turn }])
  session.startSource = 'compact'
  void activity.hooks.observe(
    'compaction.end',
    { summary: outcome.summary, ...(usage && { usage }) },
    activity,
  )
  return result
}
