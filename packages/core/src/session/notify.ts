import { currentNesting, runNested } from '../kernel/attribution.ts'
import { Activity } from '../turn/activity.ts'
import type { Session } from './session.ts'

/** Records a notification and tells `notification.end` of it. Of one that a tap of that hook raises, nobody is told again. */
export async function notify(session: Session, kind: string, message: string): Promise<void> {
  const isAnnouncing = currentNesting().isAnnouncing
  await session.log.append([{ type: 'notification.raised', kind, message }])
  if (isAnnouncing || session.isDisposed || !isHeard(session)) return
  const running = session.turns.current
  const activity = running ?? new Activity(session)
  const told = runNested({ isAnnouncing: true }, () =>
    activity.hooks.observe('notification.end', { kind, message }, activity),
  )
  if (!running) void Promise.resolve(told).then(() => activity.release())
}

function isHeard(session: Session): boolean {
  return session.hooksIn(session.runtime.kernel.current).has('notification.end')
}
