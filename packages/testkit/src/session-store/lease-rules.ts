import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import type { LeaseHolder, LeaseOperations, SessionStore } from '@halter/core'
import type { SessionId, StoredEvent } from '@halter/protocol'
import type { Rule } from '../rule.ts'
import { assertLog, assertRefused } from './checks.ts'
import { forAbility, forReopened, forTwoInstances, type StoreHarness } from './harness.ts'
import { sampleBatch, SAMPLE_TIME, sampleId, sampleSession } from './samples.ts'

/** Leases: one holder, fences that only grow. Time is told by the rules, so they wait for nothing. */
export const leaseRules: readonly Rule<StoreHarness>[] = [
  forAbility(
    'leases',
    'a session that somebody holds is refused to others, naming the holder',
    async (store) => {
      const { leases, sessionId } = await leasable(store)
      assert.equal(await leases.holderOf(sessionId), undefined)
      const first = holder()
      const lease = await leases.acquire(sessionId, first, at(0))
      assert.deepEqual(lease, { ...first, sessionId, fence: lease.fence, expiresAt: SAMPLE_TIME + TTL_MS })
      const error = await assertRefused(
        leases.acquire(sessionId, holder(), at(TTL_MS - 1)),
        'ERR_SESSION_LEASED',
      )
      assert.deepEqual(error.data?.['lease'], lease)
      assert.deepEqual(await leases.holderOf(sessionId), lease)
    },
  ),

  forAbility('leases', 'a lease can be had before its session is there', async (store) => {
    assert(store.leases)
    const session = sampleSession()
    const { fence } = await store.leases.acquire(session.sessionId, holder(), at(0))
    await store.create(session)
    const batch = { ...sampleBatch(session.sessionId, 1), fence }
    await store.commit(session.sessionId, batch)
    await assertLog(store, session.sessionId, [...session.events, ...batch.events])
  }),

  forAbility('leases', 'a lease that was given back is free, and its fence is used up', async (store) => {
    const { leases, sessionId, events } = await leasable(store)
    const first = await leases.acquire(sessionId, holder(), at(0))
    await leases.release(first)
    await leases.release(first)
    assert.equal(await leases.holderOf(sessionId), undefined)
    const second = await leases.acquire(sessionId, holder(), at(1))
    assert(second.fence > first.fence)
    await leases.release(first)
    assert.deepEqual(await leases.holderOf(sessionId), second)
    await leases.release(second)
    const late = { ...sampleBatch(sessionId, 1), fence: first.fence }
    await assertRefused(store.commit(sessionId, late), 'ERR_SESSION_LEASED')
    await assertLog(store, sessionId, events)
  }),

  forAbility('leases', 'a lease that is renewed lasts, and keeps its fence', async (store) => {
    const { leases, sessionId } = await leasable(store)
    const lease = await leases.acquire(sessionId, holder(), at(0))
    const renewed = await leases.renew(lease, at(TTL_MS - 1))
    assert.deepEqual(renewed, { ...lease, expiresAt: SAMPLE_TIME + 2 * TTL_MS - 1 })
    await assertRefused(leases.acquire(sessionId, holder(), at(TTL_MS + 1)), 'ERR_SESSION_LEASED')
  }),

  forAbility('leases', 'an expired lease can be taken, and not be renewed afterwards', async (store) => {
    const { leases, sessionId } = await leasable(store)
    const lease = await leases.acquire(sessionId, holder(), at(0))
    const next = await leases.acquire(sessionId, holder(), at(TTL_MS))
    assert(next.fence > lease.fence)
    await assertRefused(leases.renew(lease, at(TTL_MS)), 'ERR_SESSION_LEASED')
    await leases.release(lease)
    assert.deepEqual(await leases.holderOf(sessionId), next)
  }),

  forAbility('leases', 'the lease of a dead holder can be taken at once', async (store) => {
    const { leases, sessionId } = await leasable(store)
    const dead = holder()
    await leases.acquire(sessionId, dead, at(0))
    const asked: LeaseHolder[] = []
    const isGone = (each: LeaseHolder) => asked.push(each) > 0 && each.owner === dead.owner
    const next = await leases.acquire(sessionId, holder(), { ...at(1), isGone })
    assert.deepEqual(await leases.holderOf(sessionId), next)
    for (const [key, value] of Object.entries(dead)) assert.equal(asked[0]?.[key as keyof LeaseHolder], value)
  }),

  forAbility('leases', 'a holder that was robbed can neither renew nor commit', async (store) => {
    const { leases, sessionId, events } = await leasable(store)
    const robbed = await leases.acquire(sessionId, holder(), at(0))
    const first = { ...sampleBatch(sessionId, 1), fence: robbed.fence }
    await store.commit(sessionId, first)
    const thief = await leases.acquire(sessionId, holder(), { ...at(1), steal: true })
    assert(thief.fence > robbed.fence)
    await assertRefused(leases.renew(robbed, at(2)), 'ERR_SESSION_LEASED')
    const late = { ...sampleBatch(sessionId, 2), fence: robbed.fence }
    await assertRefused(store.commit(sessionId, late), 'ERR_SESSION_LEASED')
    const second = { ...sampleBatch(sessionId, 2), fence: thief.fence }
    await store.commit(sessionId, second)
    await assertLog(store, sessionId, [...events, ...first.events, ...second.events])
  }),

  forTwoInstances(
    'of two instances that ask for a lease at once one gets it',
    async (one, other) => {
      assert(one.leases && other.leases)
      const { sessionId } = sampleSession()
      const results = await Promise.allSettled([
        one.leases.acquire(sessionId, holder(), at(0)),
        other.leases.acquire(sessionId, holder(), at(0)),
      ])
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
    },
    'leases',
  ),

  forReopened('a lease is held after a reopen, by the same holder', {
    ability: 'leases',
    async before(store) {
      const { leases, sessionId } = await leasable(store)
      return await leases.acquire(sessionId, holder(), at(0))
    },
    async after(store, lease) {
      assert.deepEqual(await store.leases?.holderOf(lease.sessionId), lease)
    },
  }),
]

const TTL_MS = 30_000

async function leasable(store: SessionStore): Promise<{
  leases: LeaseOperations
  sessionId: SessionId
  events: readonly StoredEvent[]
}> {
  assert(store.leases)
  const session = sampleSession()
  await store.create(session)
  return { leases: store.leases, sessionId: session.sessionId, events: session.events }
}

function holder(): LeaseHolder {
  return { owner: sampleId(), host: hostname(), bootId: 'this boot', pid: process.pid, pidStartTime: '0' }
}

/** Asks `ms` after the samples happened, on a host where everybody is alive. */
function at(ms: number): Parameters<LeaseOperations['acquire']>[2] {
  return { ttlMs: TTL_MS, now: SAMPLE_TIME + ms, isGone: () => false }
}
