import { EVENT_VERSIONS, type PendingEvent, type SessionId, type StoredEvent } from '@halter/protocol'

/** Gives events their place in the log: after `head`, all at the same time. */
export function stampEvents(
  sessionId: SessionId,
  head: number,
  at: number,
  events: readonly PendingEvent[],
): readonly StoredEvent[] {
  return events.map((event, index) => {
    const envelope = { sessionId, seq: head + 1 + index, at, v: EVENT_VERSIONS[event.type] }
    return { ...envelope, ...event }
  })
}
