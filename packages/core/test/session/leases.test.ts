import { HalterError, type Lease, type LeaseOperations } from '@halter/core'
import { TestStore } from '@halter/core/testing'
import type { SessionId } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { startRuntime } from './support/runtime.ts'

/** Keeps one lease per session, and gives none back while it is broken. */
class LeasingStore extends TestStore {
  isBroken = false
  readonly #held = new Map<SessionId, Lease>()
  #fence = 0

  readonly leases: LeaseOperations = {
    acquire: async (sessionId, holder, { now, ttlMs, steal, isGone }) => {
      const held = this.#held.get(sessionId)
      if (held && !steal && held.expiresAt > now && !isGone(held))
        throw new HalterError('ERR_SESSION_LEASED', `Session ${sessionId} is held by ${held.owner}.`)
      const lease = { ...holder, sessionId, fence: ++this.#fence, expiresAt: now + ttlMs }
      this.#held.set(sessionId, lease)
      return lease
    },
    renew: async (lease, { now, ttlMs }) => ({ ...lease, expiresAt: now + ttlMs }),
    release: async ({ sessionId }) => {
      if (this.isBroken) throw new HalterError('ERR_STORE_FAILED', 'The disk has failed.')
      this.#held.delete(sessionId)
    },
    holderOf: async (sessionId) => this.#held.get(sessionId),
  }
}

describe('a store that cannot take a lease back', () => {
  test('does not fail the detach, and does not keep the session from being resumed here', async () => {
    const store = new LeasingStore()
    const { runtime } = await startRuntime({ store })
    const session = await runtime.newSession()
    store.isBroken = true
    await session.detach()
    const again = await runtime.resume(session.id)
    expect(again?.status).toBe('idle')
    await again?.notify('note', 'written with the new lease')
  })

  test('does not end the process when a turn ends that nobody holds any more', async () => {
    const store = new LeasingStore()
    const { runtime } = await startRuntime({ store, script: [{ text: 'done' }] })
    const session = await runtime.newSession()
    store.isBroken = true
    const turn = session.submitTurn('go')
    await session.detach()
    expect(await turn.result).toMatchObject({ status: 'completed' })
    // An unhandled rejection fails the test run.
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(runtime.describe().openSessions).toBe(0)
  })

  test('does not keep a shutdown from stopping the plugins', async () => {
    const store = new LeasingStore()
    const { runtime } = await startRuntime({ store })
    await runtime.newSession()
    store.isBroken = true
    expect(await runtime.shutdown()).toMatchObject({ timedOut: false })
  })
})
