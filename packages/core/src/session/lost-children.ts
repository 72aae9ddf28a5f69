import { SessionFold, textOf, type PendingEvent, type SessionId, type SessionState } from '@halter/protocol'
import type { SessionStore } from '../contracts/session-store.ts'

/**
 * How the children ended that were running when the parent's process died: as their own log says, or as lost. Their logs are read,
 * not changed.
 */
export async function settleLostChildren(store: SessionStore, state: SessionState): Promise<PendingEvent[]> {
  const open = [...state.children.values()].filter(({ outcome }) => outcome === undefined)
  return Promise.all(open.map(({ childId }) => settle(store, childId)))
}

async function settle(store: SessionStore, childId: SessionId): Promise<PendingEvent<'subagent.settled'>> {
  const lost = { type: 'subagent.settled', childId, outcome: 'lost' } as const
  const stored = await store.load(childId)
  if (!stored) return lost
  const child = new SessionFold()
  for await (const event of store.replay(childId, { limit: stored.head })) child.apply(event)
  const usage = child.usage.total
  if (child.turn || !child.lastTurn) return { ...lost, usage }
  const { status } = child.lastTurn
  const reply = child.transcript.slice().findLast(({ role }) => role === 'assistant')
  return { ...lost, outcome: status, usage, ...(reply && { text: textOf(reply) }) }
}
