import {
  addUsage,
  SessionFold,
  textOf,
  type ErrorWire,
  type PendingEvent,
  type SessionId,
  type SessionState,
  type Usage,
} from '@halter/protocol'
import type { SessionStore } from '../contracts/session-store.ts'
import { isHalterError, toErrorWire } from '../errors.ts'
import { outcomeOf } from './child-outcome.ts'

type Settled = PendingEvent<'subagent.settled'>

/**
 * How the children ended that were running when the parent's process died: as their own log says, or as lost. Their logs are read,
 * not changed.
 */
export async function settleLostChildren(
  store: SessionStore,
  state: SessionState,
  ancestors: readonly SessionId[] = [],
): Promise<readonly Settled[]> {
  const line = [...ancestors, state.sessionId]
  const open = [...state.children.values()].filter(({ outcome }) => outcome === undefined)
  return Promise.all(open.map(({ childId }) => settle(store, childId, line)))
}

/** One whose log is damaged is lost, and harms its parent no further. */
async function settle(store: SessionStore, childId: SessionId, line: readonly SessionId[]): Promise<Settled> {
  if (line.includes(childId)) return { type: 'subagent.settled', childId, outcome: 'lost' } // nobody's own ancestor
  try {
    return { type: 'subagent.settled', childId, ...(await endOf(store, childId, line)) }
  } catch (error) {
    if (!isHalterError(error, 'ERR_SESSION_DAMAGED')) throw error
    return { type: 'subagent.settled', childId, outcome: 'lost', error: toErrorWire(error) }
  }
}

async function endOf(
  store: SessionStore,
  childId: SessionId,
  line: readonly SessionId[],
): Promise<Omit<Settled, 'type' | 'childId'>> {
  const stored = await store.load(childId)
  if (!stored) return { outcome: 'lost' }
  const child = new SessionFold()
  let error: ErrorWire | undefined
  for await (const event of store.replay(childId, { limit: stored.head })) {
    child.apply(event)
    if (event.type === 'turn.started') error = undefined
    if (event.type === 'turn.failed') ({ error } = event)
  }
  const usage = await spentBy(store, child, line)
  if (child.turn || !child.lastTurn) return { outcome: 'lost', usage }
  const reply = child.transcript.slice().findLast(({ role }) => role === 'assistant')
  return {
    outcome: outcomeOf(child.lastTurn),
    usage,
    ...(reply && { text: textOf(reply) }),
    ...(error && { error }),
  }
}

/** With what its own children had spent, those included that were running. */
async function spentBy(store: SessionStore, state: SessionState, line: readonly SessionId[]): Promise<Usage> {
  const running = await settleLostChildren(store, state, line)
  return running.reduce(
    (sum, { usage }) => (usage ? addUsage(sum, usage) : sum),
    addUsage(state.usage.total, state.usage.children),
  )
}
