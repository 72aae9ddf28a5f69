import {
  HalterError,
  type CommitBatch,
  type CommitResult,
  type Lease,
  type LeaseOperations,
} from '@halter/core'
import { TestStore } from '@halter/core/testing'
import type { SessionId } from '@halter/protocol'

/** Keeps one lease per session, and refuses commits of older ones. */
export class LeasingStore extends TestStore {
  /** While set, no lease is taken back. */
  isBroken = false
  readonly held = new Map<SessionId, Lease>()
  /** The newest fence of each session. */
  readonly #fences = new Map<SessionId, number>()
  /** How often each session's lease was renewed. */
  readonly renewals = new Map<SessionId, number>()
  /** What each commit brought, in order. */
  readonly fences: (number | undefined)[] = []
  #fence = 0

  readonly leases: LeaseOperations = {
    acquire: async (sessionId, holder, { now, ttlMs, steal, isGone }) => {
      const held = this.held.get(sessionId)
      if (held && !steal && held.expiresAt > now && !isGone(held)) throw leased(held)
      const lease = { ...holder, sessionId, fence: ++this.#fence, expiresAt: now + ttlMs }
      this.held.set(sessionId, lease)
      this.#fences.set(sessionId, lease.fence)
      return lease
    },
    renew: async (lease, { now, ttlMs }) => {
      const { sessionId } = lease
      this.renewals.set(sessionId, (this.renewals.get(sessionId) ?? 0) + 1)
      const held = this.held.get(sessionId)
      if (held?.fence !== lease.fence) throw leased(held ?? lease)
      const renewed = { ...lease, expiresAt: now + ttlMs }
      this.held.set(sessionId, renewed)
      return renewed
    },
    release: async ({ sessionId, fence }) => {
      if (this.isBroken) throw new HalterError('ERR_STORE_FAILED', 'The disk has failed.')
      if (this.held.get(sessionId)?.fence === fence) this.held.delete(sessionId)
    },
    holderOf: async (sessionId) => this.held.get(sessionId),
  }

  override async commit(id: SessionId, batch: CommitBatch): Promise<CommitResult> {
    const newest = this.#fences.get(id) ?? 0
    if (batch.fence !== undefined && batch.fence < newest) throw leased(this.held.get(id))
    this.fences.push(batch.fence)
    return super.commit(id, batch)
  }

  /** As if its holder had not renewed it in time. */
  expire(id: SessionId): void {
    this.held.set(id, { ...this.held.get(id)!, expiresAt: 0 })
  }
}

function leased(lease: Lease | undefined): HalterError {
  const message = lease
    ? `Session ${lease.sessionId} is held by ${lease.owner}, process ${lease.pid} on ${lease.host}.`
    : 'The session was held by somebody else since.'
  return new HalterError('ERR_SESSION_LEASED', message, { data: { lease } })
}
