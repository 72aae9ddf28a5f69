import type { SessionId } from '@halter/protocol'
import type { SessionHandle } from '../contracts/runtime.ts'
import { HalterError } from '../errors.ts'
import { forkSession } from './fork-session.ts'
import type { Runtime } from './runtime.ts'
import { verifySession } from './verify.ts'

/**
 * A fork of a damaged session at its last good event. Undefined when nothing is wrong with it.
 * @throws HalterError `ERR_SESSION_UNKNOWN`; `ERR_SESSION_DAMAGED` when not even its first event is good.
 */
export async function repairSession(runtime: Runtime, id: SessionId): Promise<SessionHandle | undefined> {
  const { events, problems } = await verifySession(runtime.store, id)
  if (problems.length === 0 && events > 0) return undefined
  if (problems.length === 0)
    throw new HalterError('ERR_SESSION_UNKNOWN', `There is no session ${id} to repair.`)
  const firstBad = Math.min(...problems.map(({ seq }) => seq))
  if (firstBad > 1) return forkSession(runtime, id, firstBad - 1, {})
  throw new HalterError(
    'ERR_SESSION_DAMAGED',
    `Session ${id} cannot be repaired: not even its first event can be used. Import it from an export, or restore the store from a backup.`,
    { data: { seq: 1 } },
  )
}
