import type { StoredEvent } from '@halter/protocol'

/**
 * Collection `eventSinks`: writes events somewhere. Delivery is at least once and in order per session: (`sessionId`, `seq`)
 * is the idempotency key. A sink that throws gets the same events again, later.
 */
export interface EventSink {
  readonly name: string
  /** Absent: every event. */
  accepts?(event: StoredEvent): boolean
  write(events: readonly StoredEvent[], signal: AbortSignal): Promise<void>
  /** Where a sink begins that has never run; default `now`. */
  readonly from?: 'start' | 'now'
}
