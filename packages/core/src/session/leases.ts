import type { SessionId } from '@halter/protocol'
import type { Lease, LeaseHolder, LeaseOperations } from '../contracts/session-store.ts'
import type { Clock } from '../contracts/system.ts'
import { isHalterError, toErrorWire } from '../errors.ts'
import { isGone, thisHolder } from './lease-holder.ts'

/** How long a lease lasts without renewal. Milliseconds. */
const TTL_MS = 30_000

/** What a keeper needs. */
export interface LeaseKeeperOptions {
  readonly leases: LeaseOperations
  readonly clock: Clock
  /** Unique per runtime. */
  readonly owner: string
  /** Told when a lease could not be renewed or given back. */
  readonly warn: (warning: { readonly code: string; readonly message: string }) => void
}

/** A lease that a session holds for as long as it is open here. */
export interface HeldLease {
  /** Goes into every commit: the store refuses it once somebody else holds the session. */
  readonly fence: number
  /** Never rejects: what the store does not take back expires. */
  release(): Promise<void>
}

/** Takes leases and renews them all at a third of their time. One timer, and none while nothing is held. */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions
  readonly #holder: LeaseHolder
  readonly #held = new Map<SessionId, Lease>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: LeaseKeeperOptions) {
    this.#options = options
    this.#holder = thisHolder(options.owner)
  }

  /** @throws HalterError `ERR_SESSION_LEASED` naming the holder. */
  async take(id: SessionId, steal = false): Promise<HeldLease> {
    const { leases, clock } = this.#options
    // One of our own that is not held any more is one that the store did not take back.
    const isFree = (holder: LeaseHolder): boolean => holder.owner === this.#holder.owner || isGone(holder)
    const request = { ttlMs: TTL_MS, now: clock.now(), isGone: isFree, ...(steal && { steal }) }
    const lease = await leases.acquire(id, this.#holder, request)
    this.#held.set(id, lease)
    // Of the process, not of the session's clock: a lease is about other processes, and they see real time.
    this.#timer ??= setInterval(() => void this.#renewAll(), TTL_MS / 3).unref()
    return { fence: lease.fence, release: () => this.#release(id) }
  }

  /** The process that holds a session, as long as it may be alive. */
  async holderOf(id: SessionId): Promise<Lease | undefined> {
    const lease = this.#held.get(id) ?? (await this.#options.leases.holderOf(id))
    const isAlive = lease !== undefined && lease.expiresAt > this.#options.clock.now() && !isGone(lease)
    return isAlive ? lease : undefined
  }

  async #release(id: SessionId): Promise<void> {
    const lease = this.#held.get(id)
    if (!lease) return
    this.#forget(id)
    try {
      await this.#options.leases.release(lease)
    } catch (error) {
      this.#options.warn(toErrorWire(error))
    }
  }

  #forget(id: SessionId): void {
    this.#held.delete(id)
    if (this.#held.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** A lease that was taken away is told once and left to its session's next commit, which is refused. */
  async #renewAll(): Promise<void> {
    const { leases, clock, warn } = this.#options
    for (const [id, lease] of this.#held) {
      const isStillOurs = (): boolean => this.#held.get(id) === lease
      try {
        const renewed = await leases.renew(lease, { ttlMs: TTL_MS, now: clock.now() })
        if (isStillOurs()) this.#held.set(id, renewed)
      } catch (error) {
        warn(toErrorWire(error))
        if (isStillOurs() && isHalterError(error, 'ERR_SESSION_LEASED')) this.#forget(id)
      }
    }
  }
}
