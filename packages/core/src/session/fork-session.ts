import {
  addUsage,
  foldSummary,
  SessionFold,
  type PendingEvent,
  type SessionId,
  type SessionSummary,
  type StoredEvent,
  type Usage,
} from '@halter/protocol'
import type { SessionAttachments, SessionHandle } from '../contracts/runtime.ts'
import { HalterError } from '../errors.ts'
import { gap } from './open-session.ts'
import { repairEvents } from './repair.ts'
import type { Runtime } from './runtime.ts'
import { stampEvents } from './stamp-events.ts'

/**
 * A new session that begins with events 1 to `at` of another, then says so, then is repaired where the cut fell into a turn. A store
 * that can shares the prefix; for one that cannot, it is copied.
 * @throws HalterError `ERR_SESSION_UNKNOWN`; `ERR_SESSION_INPUT` when there is no such event; `ERR_SESSION_DAMAGED` when one before it
 * cannot be read.
 */
export async function forkSession(
  runtime: Runtime,
  from: SessionId,
  asked: number | undefined,
  attachments: SessionAttachments,
): Promise<SessionHandle> {
  const at = asked ?? (await headOf(runtime, from))
  const { store } = runtime
  const ids = runtime.service('ids')
  const sessionId = ids.next('session')
  const prefix = await prefixOf(runtime, from, at)
  const forked = prefix.map((event) => ({ ...event, sessionId }))
  const state = new SessionFold(runtime.reducers)
  for (const event of forked) state.apply(event)
  const marks: PendingEvent[] = [
    { type: 'session.forked', from, atSeq: at, inheritedUsage: everythingSpent(state) },
    ...repairEvents(state, ids),
  ]
  const own = stampEvents(sessionId, at, runtime.service('clock').now(), marks)
  const summary = [...forked, ...own].reduce<SessionSummary | undefined>(foldSummary, undefined)!
  const commitId = ids.next('commit')
  if (store.fork) await store.fork({ sessionId, commitId, from, at, events: own, summary })
  else await store.create({ sessionId, commitId, events: [...forked, ...own], summary })
  runtime.announce(own)
  return (await runtime.resume(sessionId, attachments))!
}

/** What the prefix had cost, children and what an earlier fork had inherited included. */
function everythingSpent({ usage }: SessionFold): Usage {
  return addUsage(usage.inherited, addUsage(usage.total, usage.children))
}

async function headOf(runtime: Runtime, id: SessionId): Promise<number> {
  const stored = await runtime.store.load(id)
  if (stored) return stored.head
  throw new HalterError('ERR_SESSION_UNKNOWN', `There is no session ${id} to fork.`)
}

async function prefixOf(runtime: Runtime, from: SessionId, at: number): Promise<readonly StoredEvent[]> {
  const events: StoredEvent[] = []
  if (at >= 1)
    for await (const event of runtime.store.replay(from, { limit: at })) {
      if (event.seq !== events.length + 1) throw gap(from, events.length, event)
      events.push(event)
    }
  if (at >= 1 && events.length === at) return events
  const head = await headOf(runtime, from)
  throw new HalterError(
    'ERR_SESSION_INPUT',
    `Session ${from} cannot be forked at seq ${at}: it has events 1 to ${head}.`,
  )
}
