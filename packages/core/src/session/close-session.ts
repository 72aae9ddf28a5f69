import { HalterError, toErrorWire } from '../errors.ts'
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
  try {
    await runEndHooks(session, reason)
    await session.log.append([{ type: 'session.closed', reason }])
  } finally {
    await session.runtime.forget(session)
  }
}

/** Whatever keeps the hooks from being called keeps no session open. */
async function runEndHooks(session: Session, reason: string): Promise<void> {
  let activity: Activity | undefined
  try {
    activity = new Activity(session)
    await within(END_TIMEOUT_MS, activity.hooks.observe('session.end', { reason }, activity))
  } catch (error) {
    const { code, message } = toErrorWire(error)
    session.warn({ code, message })
  } finally {
    await activity?.release()
  }
}
