import type { SessionStore } from '@halter/core'
import { TestStore } from '@halter/core/testing'
import { foldSummary, type SessionId, type SessionSummary, type StoredEvent } from '@halter/protocol'

/** A store that holds one session with this log, as a process left it. */
export async function storeWith(
  log: readonly StoredEvent[],
): Promise<{ store: SessionStore; id: SessionId }> {
  const store = new TestStore()
  const id = log[0]!.sessionId
  const summary = log.reduce<SessionSummary | undefined>(foldSummary, undefined)!
  await store.create({ sessionId: id, commitId: 'as-it-was', events: log, summary })
  return { store, id }
}
