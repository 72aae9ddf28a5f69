import { HalterError } from '../errors.ts'
import { Activity } from '../turn/activity.ts'
import { within } from '../turn/within.ts'
import type { Session } from './session.ts'

/** How long `session.end` may hold up a shutdown. Milliseconds. */
const END_TIMEOUT_MS = 1000

/**
 * Ends a session's life here, in the one order that loses nothing: turn away what waits, interrupt what runs, children
 * included, and let it record its end, run `session.end`, record `session.closed`.
 */
export async function closeSession(session: Session, reason: string): Promise<void> {
  session.turns.close(
    new HalterError('ERR_SESSION_CLOSED', `Session ${session.id} was shut down. Resume it to go on with it.`),
  )
  await session.turns.interrupt(`session shutdown (${reason})`)
  await session.turns.settled()
  for (const child of session.children) void child.turns.interrupt('its parent was shut down')
  await Promise.all(session.settling)
  const activity = new Activity(session)
  try {
    await within(END_TIMEOUT_MS, activity.hooks.observe('session.end', { reason }, activity))
    await session.log.append([{ type: 'session.closed', reason }])
  } finally {
    await activity.release()
    await session.runtime.forget(session)
  }
}
