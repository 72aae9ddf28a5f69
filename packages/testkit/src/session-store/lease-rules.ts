import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import type { LeaseHolder, LeaseOperations, SessionStore } from '@halter/core'
import type { SessionId } from '@halter/protocol'
import type { Rule } from '../rule.ts'
import { assertLog, assertRefused } from './checks.ts'
import { forAbility, type StoreHarness } from './harness.ts'
import { sampleBatch, sampleId, sampleSession } from './samples.ts'

const MINUTE_MS = 60_000

/** Leases: one holder, fences that only grow. */
export const leaseRules: readonly Rule<StoreHarness>[] = [
  forAbility(
    'leases',
    'a session that somebody holds is refused to others, naming the holder',
    async (store) => {
      const { leases, sessionId } = await leasable(store)
      const first = holder()
      const lease = await leases.acquire(sessionId, first, { ttlMs: MINUTE_MS })
      assert.equal(lease.sessionId, sessionId)
      assert.equal(lease.owner, first.owner)
      assert(lease.expiresAt > Date.now())
      const error = await assertRefused(
        leases.acquire(sessionId, holder(), { ttlMs: MINUTE_MS }),
        'ERR_SESSION_LEASED',
      )
      assert(error.message.includes(first.host) || error.message.includes(String(first.pid)))
    },
  ),

  forAbility('leases', 'a lease that was given back is free', async (store) => {
    const { leases, sessionId } = await leasable(store)
    const lease = await leases.acquire(sessionId, holder(), { ttlMs: MINUTE_MS })
    await leases.release(lease)
    await leases.release(lease)
    const next = await leases.acquire(sessionId, holder(), { ttlMs: MINUTE_MS })
    assert(next.fence > lease.fence)
    await leases.release(lease)
    await assertRefused(leases.acquire(sessionId, holder(), { ttlMs: MINUTE_MS }), 'ERR_SESSION_LEASED')
  }),

  forAbility('leases', 'an expired lease can be taken and not be renewed', async (store) => {
    const { leases, sessionId } = await leasable(store)
    const lease = await leases.acquire(sessionId, holder(), { ttlMs: 1 })
    await new Promise((resolve) => setTimeout(resolve, 10))
    const next = await leases.acquire(sessionId, holder(), { ttlMs: MINUTE_MS })
    assert(next.fence > lease.fence)
    await assertRefused(leases.renew(lease, MINUTE_MS), 'ERR_SESSION_LEASED')
    const renewed = await leases.renew(next, 2 * MINUTE_MS)
    assert(renewed.expiresAt > next.expiresAt)
    assert.equal(renewed.fence, next.fence)
  }),

  forAbility('leases', 'a holder that was robbed cannot commit', async (store) => {
    const { leases, sessionId, events } = await leasable(store)
    const old = await leases.acquire(sessionId, holder(), { ttlMs: MINUTE_MS })
    const first = { ...sampleBatch(sessionId, 1), fence: old.fence }
    await store.commit(sessionId, first)
    const thief = await leases.acquire(sessionId, holder(), { ttlMs: MINUTE_MS, steal: true })
    assert(thief.fence > old.fence)
    await assertRefused(
      store.commit(sessionId, { ...sampleBatch(sessionId, 2), fence: old.fence }),
      'ERR_SESSION_LEASED',
    )
    const second = { ...sampleBatch(sessionId, 2), fence: thief.fence }
    await store.commit(sessionId, second)
    await assertLog(store, sessionId, [...events, ...first.events, ...second.events])
  }),
]

async function leasable(store: SessionStore): Promise<{
  leases: LeaseOperations
  sessionId: SessionId
  events: Parameters<typeof assertLog>[2]
}> {
  assert(store.leases)
  const session = sampleSession()
  await store.create(session)
  return { leases: store.leases, sessionId: session.sessionId, events: session.events }
}

/** Alive for as long as the test runs, so that nobody may take over a dead holder's lease. */
function holder(): LeaseHolder {
  return { owner: sampleId(), host: hostname(), bootId: 'this boot', pid: process.pid, pidStartTime: '0' }
}
