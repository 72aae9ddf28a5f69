import type { StoredEvent } from '@halter/protocol'

/**
 * Collection `eventSinks`: writes events somewhere. Delivery is at least once and in order per session: (`sessionId`, `seq`)
 * is the idempotency key. A sink that throws gets the same events again, later. Commits of other processes reach it too, so two
 * processes with the same sink give it the same events at about the same time.
 */
export interface EventSink {
  /** Names its place in the order of commits: unique in a runtime, and the same in every process. */
  readonly name: string
  /** Absent: every event. */
  accepts?(event: StoredEvent): boolean
  /**
   * One call at a time. `signal` is aborted when the call takes longer than 30 s, and when a runtime that shuts down cannot wait any
   * longer; events of a call that then rejects come again.
   */
  write(events: readonly StoredEvent[], signal: AbortSignal): Promise<void>
  /** Where a sink begins that has never run; default `now`. */
  readonly from?: 'start' | 'now'
}
