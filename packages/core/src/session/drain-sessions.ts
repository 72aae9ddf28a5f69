import type { ShutdownReport } from '../contracts/runtime.ts'
import type { Session } from './session.ts'

/** Waits for what runs in sessions to end by itself, then interrupts the rest and waits until it is recorded. */
export async function drainSessions(sessions: readonly Session[], drainMs: number): Promise<ShutdownReport> {
  const running = sessions.filter(({ turns }) => turns.isRunning)
  const all = Promise.all(sessions.map(settled)).then(() => true)
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, drainMs, false)
  })
  const isDrained = await Promise.race([all, deadline])
  clearTimeout(timer)
  const late = isDrained ? [] : running.filter(({ turns }) => turns.isRunning)
  if (!isDrained) await Promise.all(sessions.map(({ turns }) => turns.interrupt('the runtime shut down')))
  await all
  return { turnsDrained: running.length - late.length, turnsAborted: late.length, timedOut: !isDrained }
}

/** Resolves when no turn of a session runs, no child of it, and no question of a plugin. */
async function settled({ turns, settling }: Session): Promise<void> {
  await turns.settled()
  await Promise.all(settling)
}
