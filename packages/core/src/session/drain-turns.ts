import type { ShutdownReport } from '../contracts/runtime.ts'
import { HalterError } from '../errors.ts'
import type { Turn } from '../turn/turn.ts'

/** Waits for turns to end by themselves, then interrupts the rest and waits until they have their terminal event. */
export async function drainTurns(turns: readonly Turn[], drainMs: number): Promise<ShutdownReport> {
  const ends = turns.map((turn) => turn.session.turns.settled())
  const all = Promise.all(ends).then(() => true)
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, drainMs, false)
  })
  const isDrained = turns.length === 0 || (await Promise.race([all, deadline]))
  clearTimeout(timer)
  if (isDrained) return { turnsDrained: turns.length, turnsAborted: 0, timedOut: false }
  const late = turns.filter((turn) => turn.isOpen)
  const reason = new HalterError('ERR_TURN_INTERRUPTED', 'The turn was interrupted: the runtime shut down.')
  for (const turn of late) turn.abort.abort(reason)
  await all
  return { turnsDrained: turns.length - late.length, turnsAborted: late.length, timedOut: true }
}
