import {
  HalterError,
  type Lease,
  type LeaseHolder,
  type LeaseOperations,
  type LeaseRequest,
} from '@halter/core'
import type { SessionId } from '@halter/protocol'
import type { Redis } from './redis.ts'
import { REPLACE_LEASE, TAKE_LEASE } from './scripts.ts'

/** Makes the key of something of a session. */
type KeyOf = (kind: string, id: SessionId) => string
/** Turns what Redis complains of into an error of the store. */
type Ask = <T>(answer: Promise<T>) => Promise<T>

/**
 * Leases, one key each. The lease is read, judged here, and replaced only if it is still the one that was read; the fence is a counter
 * that outlives it.
 */
export class RedisLeases implements LeaseOperations {
  readonly #redis: Redis
  readonly #key: KeyOf
  readonly #ask: Ask

  constructor(redis: Redis, key: KeyOf, ask: Ask) {
    this.#redis = redis
    this.#key = key
    this.#ask = ask
  }

  async acquire(id: SessionId, holder: LeaseHolder, request: LeaseRequest): Promise<Lease> {
    for (;;) {
      const there = await this.#read(id)
      if (there && !mayTake(there.lease, request)) throw leased(there.lease, request.now)
      const { owner, host, bootId, pid, pidStartTime } = holder
      const lease = {
        owner,
        host,
        bootId,
        pid,
        pidStartTime,
        sessionId: id,
        expiresAt: request.now + request.ttlMs,
      }
      const fence = await this.#ask(
        this.#redis.eval(TAKE_LEASE, {
          keys: [this.#key('lease', id), this.#key('fence', id)],
          arguments: [there?.text ?? '', JSON.stringify(lease)],
        }),
      )
      if (typeof fence === 'number') return { ...lease, fence }
    }
  }

  async renew(lease: Lease, { ttlMs, now }: Pick<LeaseRequest, 'ttlMs' | 'now'>): Promise<Lease> {
    const renewed = { ...lease, expiresAt: now + ttlMs }
    const there = await this.#read(lease.sessionId)
    if (there?.lease.fence !== lease.fence || !(await this.#replace(there.text, renewed)))
      throw leased(there?.lease ?? lease, now)
    return renewed
  }

  async release(lease: Lease): Promise<void> {
    const there = await this.#read(lease.sessionId)
    if (there?.lease.fence === lease.fence) await this.#replace(there.text, undefined, lease.sessionId)
  }

  async holderOf(id: SessionId): Promise<Lease | undefined> {
    return (await this.#read(id))?.lease
  }

  async #read(id: SessionId): Promise<{ readonly text: string; readonly lease: Lease } | undefined> {
    const text = await this.#ask(this.#redis.get(this.#key('lease', id)))
    if (text === null) return undefined
    const space = text.indexOf(' ')
    return { text, lease: { ...JSON.parse(text.slice(space)), fence: Number(text.slice(0, space)) } }
  }

  async #replace(text: string, by: Lease | undefined, id = by!.sessionId): Promise<boolean> {
    const answer = await this.#ask(
      this.#redis.eval(REPLACE_LEASE, {
        keys: [this.#key('lease', id)],
        arguments: [text, by ? `${by.fence} ${JSON.stringify(by)}` : ''],
      }),
    )
    return answer === 1
  }
}

function mayTake(lease: Lease, { now, steal, isGone }: LeaseRequest): boolean {
  return steal === true || lease.expiresAt <= now || isGone(lease)
}

function leased(lease: Lease, now: number): HalterError {
  const { sessionId, host, pid, expiresAt } = lease
  const seconds = Math.max(0, Math.ceil((expiresAt - now) / 1000))
  return new HalterError(
    'ERR_SESSION_LEASED',
    `Session ${sessionId} is held by process ${pid} on ${host}, for ${seconds} s more unless it renews.`,
    { data: { lease } },
  )
}
