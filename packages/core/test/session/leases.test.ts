import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { definePlugin } from '@halter/core'
import { TestStore } from '@halter/core/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { byPrompt, spawns } from './support/children.ts'
import { settle } from './support/gates.ts'
import { LeasingStore } from './support/leasing-store.ts'
import { startRuntime } from './support/runtime.ts'
import { listening } from './support/sinks.ts'
import { logOf } from './support/sound.ts'
import { noneSpawned, spawning } from './support/spawning.ts'
import { storeWith } from './support/stored-logs.ts'

/** Ids that no other runtime of a test gives out. */
const otherIds = definePlugin({
  name: 'other-ids',
  apiVersion: 1,
  provides: ['ids'],
  setup: () => ({ ids: { next: (kind) => `${kind}-${randomUUID()}` } }),
})

/** Two runtimes over one store, as two processes are. */
async function two(script: Parameters<typeof startRuntime>[0] = {}) {
  const store = new LeasingStore()
  const first = await startRuntime({ store, script: () => ({ text: 'of the first' }), ...script })
  const second = await startRuntime({ store, script: () => ({ text: 'of the second' }), plugins: [otherIds] })
  return { store, first: first.runtime, second: second.runtime }
}

describe('a lease', () => {
  test('is taken by a new session and by a resume, and names this process', async () => {
    const { store, first } = await two()
    const session = await first.newSession()
    const lease = store.held.get(session.id)!
    expect(lease).toMatchObject({ sessionId: session.id, pid: process.pid })
    expect(lease.host).toContain(hostname())
    expect(lease.expiresAt).toBe(Date.UTC(2026, 0, 1) + 30_000)
    await session.detach()
    expect(store.held.size).toBe(0)
    await first.resume(session.id)
    expect(store.held.get(session.id)).toMatchObject({ owner: lease.owner })
    expect(store.held.get(session.id)!.fence).toBeGreaterThan(lease.fence)
  })

  test('is given back with the last holder, at the end of the session, and at that of the runtime', async () => {
    const { store, first } = await two()
    const [detached, ended, left] = [
      await first.newSession(),
      await first.newSession(),
      await first.newSession(),
    ]
    const clone = detached.clone()
    await detached.detach()
    expect(store.held.has(detached.id)).toBe(true)
    await clone.detach()
    await ended.shutdown()
    expect([...store.held.keys()]).toEqual([left.id])
    await first.shutdown()
    expect(store.held.size).toBe(0)
  })

  test('is held by every session of a family, and its fence comes with every commit', async () => {
    const store = new LeasingStore()
    const { runtime } = await startRuntime({
      store,
      script: byPrompt({ go: [{ toolCalls: [spawns('dig')] }, { text: 'x' }], dig: [{ text: 'y' }] }),
    })
    const held: string[] = []
    const session = await runtime.newSession({
      tools: [spawning(noneSpawned())],
      hooks: { 'subagent.start': () => void held.push(...store.held.keys()) },
    })
    await session.submitTurn('go').orThrow()
    const fork = await session.fork()
    expect(held).toEqual([session.id, 'session-2'])
    expect(store.held.has(fork.id)).toBe(true)
    expect(store.fences.length).toBeGreaterThan(5)
    expect(store.fences).not.toContain(undefined)
  })

  test('is given back when the session was deleted while it was being taken', async () => {
    class Vanishing extends LeasingStore {
      override load(id: string): ReturnType<LeasingStore['load']> {
        if (this.held.has(id)) void this.delete(id)
        return super.load(id)
      }
    }
    const store = new Vanishing()
    const { runtime } = await startRuntime({ store })
    const { id } = await runtime.newSession()
    await runtime.shutdown()
    const { runtime: next } = await startRuntime({ store })
    expect(await next.resume(id)).toBeUndefined()
    expect(store.held.size).toBe(0)
  })

  test('is not taken for a session that nobody knows, nor kept for one that cannot be opened', async () => {
    const { runtime: other } = await startRuntime({ script: [{ text: 'x' }] })
    const session = await other.newSession()
    await session.submitTurn('a').orThrow()
    const log = await logOf(other, session.id)
    const { summary } = (await (await storeWith(log)).store.load(session.id))!
    const { store, first } = await two()
    await store.create({ sessionId: 'damaged', commitId: 'c', events: log.toSpliced(2, 1), summary })
    expect(await first.resume('nobody')).toBeUndefined()
    await expect(first.resume('damaged')).rejects.toMatchObject({ code: 'ERR_SESSION_DAMAGED' })
    expect(store.held.size).toBe(0)
    await store.delete('damaged')
  })
})

describe('a session that another process holds', () => {
  test('is refused, naming the holder; reading and forking it needs no lease', async () => {
    const { store, first, second } = await two()
    const session = await first.newSession()
    await session.submitTurn('a').orThrow()
    await expect(second.resume(session.id)).rejects.toMatchObject({
      code: 'ERR_SESSION_LEASED',
      message: expect.stringContaining(store.held.get(session.id)!.owner) as string,
    })
    expect(second.describe().openSessions).toBe(0)
    expect(await logOf(second, session.id)).toHaveLength(6)
    expect((await second.verify(session.id)).problems).toEqual([])
    expect(await Array.fromAsync(second.exportSession(session.id))).toHaveLength(7)
    const fork = await second.forkSession(session.id)
    expect(await fork.submitTurn('b').result).toMatchObject({ text: 'of the second' })
    expect(await session.submitTurn('b').result).toMatchObject({ text: 'of the first' })
  })

  test('is not deleted under its holder; one whose holder is dead can be', async () => {
    const { store, first, second } = await two()
    const session = await first.newSession()
    await expect(second.deleteSession(session.id)).rejects.toMatchObject({
      code: 'ERR_SESSION_LEASED',
      message: expect.stringContaining(`process ${process.pid}`) as string,
    })
    expect(await session.submitTurn('a').result).toMatchObject({ status: 'completed' })
    await expect(first.deleteSession(session.id)).rejects.toMatchObject({ code: 'ERR_SESSION_INPUT' })
    const left = session.detach()
    await first.deleteSession(session.id)
    await left
    const dead = await first.newSession()
    store.held.set(dead.id, { ...store.held.get(dead.id)!, pidStartTime: '1' })
    await second.deleteSession(dead.id)
    expect((await store.list()).sessions).toEqual([])
  })

  test('can be had once its holder has not renewed it, or is dead', async () => {
    const { store, first, second } = await two()
    const [late, dead] = [await first.newSession(), await first.newSession()]
    store.expire(late.id)
    store.held.set(dead.id, { ...store.held.get(dead.id)!, pidStartTime: '1' }) // another process had this pid
    for (const { id } of [late, dead]) {
      const taken = (await second.resume(id))!
      await taken.notify('note', 'of the second')
    }
    await expect(late.notify('note', 'too late')).rejects.toMatchObject({ code: 'ERR_SESSION_LEASED' })
  })

  test('runs as the list says only while its holder is alive', async () => {
    const { store, first, second } = await two({ script: [{ text: 'x', hangs: true }] })
    const session = await first.newSession()
    session.submitTurn('a')
    await settle()
    const status = async (): Promise<unknown> => (await second.listSessions()).sessions[0]!.status
    expect((await first.listSessions()).sessions[0]!.status).toBe('running')
    expect(await status()).toBe('running')
    const lease = store.held.get(session.id)!
    store.held.set(session.id, { ...lease, pidStartTime: '1' })
    expect(await status()).toBe('interrupted')
    store.held.set(session.id, { ...lease, expiresAt: 0 })
    expect(await status()).toBe('interrupted')
    expect((await second.listSessions({ status: 'interrupted' })).sessions).toHaveLength(1)
    expect((await second.listSessions({ status: 'running' })).sessions).toEqual([])
    store.held.set(session.id, lease)
    expect((await second.listSessions({ status: 'interrupted' })).sessions).toEqual([])
    expect((await second.listSessions({ status: 'running' })).sessions).toHaveLength(1)
  })
})

describe('a session that was stolen', () => {
  test('is lost to its first holder: the running turn fails and says why, and nothing of it is stored any more', async () => {
    const { store, first, second } = await two({ script: [{ text: ['half', ' and whole'], delayMs: 20 }] })
    const session = await first.newSession()
    const turn = session.submitTurn('a')
    for await (const event of turn) if (event.type === 'text.delta') break
    const stolen = (await second.resume(session.id, { steal: true }))!
    expect(await turn.result).toMatchObject({
      status: 'failed',
      reason: 'error',
      error: { code: 'ERR_SESSION_LEASED', message: expect.stringContaining(session.id) as string },
    })
    expect(stolen.state.lastTurn).toMatchObject({ reason: 'crashed' })
    await expect(session.notify('note', 'mine?')).rejects.toMatchObject({ code: 'ERR_SESSION_LEASED' })
    expect(await session.submitTurn('b').result).toMatchObject({ error: { code: 'ERR_SESSION_LEASED' } })
    expect(await stolen.submitTurn('b').result).toMatchObject({ text: 'of the second' })
    const { owner } = store.held.get(session.id)!
    await session.detach()
    expect(store.held.get(session.id)).toMatchObject({ owner })
    await stolen.detach()
    const again = (await first.resume(session.id))!
    expect(again.state.transcript).toHaveLength(3)
  })

  test('twice goes to whoever took it last', async () => {
    const { store, first, second } = await two()
    const session = await first.newSession()
    const { id } = session
    const taken = (await second.resume(id, { steal: true }))!
    await session.detach()
    const takenBack = (await first.resume(id, { steal: true }))!
    await expect(taken.notify('note', 'mine')).rejects.toMatchObject({ code: 'ERR_SESSION_LEASED' })
    await takenBack.notify('note', 'mine')
    await taken.detach()
    expect(store.held.has(id)).toBe(true)
  })
})

describe('leases are renewed', () => {
  afterEach(() => void vi.useRealTimers())

  test('all of them, at a third of their time, and no longer than they are held', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const { store, first } = await two()
    const [a, b] = [await first.newSession(), await first.newSession()]
    store.expire(a.id)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(store.held.get(a.id)!.expiresAt).toBe(Date.UTC(2026, 0, 1) + 30_000)
    expect([...store.renewals.values()]).toEqual([1, 1])
    await a.detach()
    await vi.advanceTimersByTimeAsync(20_000)
    expect([store.renewals.get(a.id), store.renewals.get(b.id)]).toEqual([1, 3])
    await b.detach()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('but not one that was taken away: that is told once', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const messages: string[] = []
    const { store, first, second } = await two({ plugins: [listening(messages)] })
    const session = await first.newSession()
    await second.resume(session.id, { steal: true })
    store.renewals.clear()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(store.renewals.get(session.id)).toBe(1 + 6)
    expect(messages).toMatchObject([expect.stringContaining(session.id)])
  })
})

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

test('a store without leases needs none, and shows a turn that nobody here runs as interrupted', async () => {
  const store = new TestStore()
  const { runtime: first } = await startRuntime({ store, script: [{ text: 'x', hangs: true }] })
  const session = await first.newSession()
  session.submitTurn('a')
  await settle()
  const { runtime: second } = await startRuntime({ store })
  expect((await first.listSessions()).sessions).toMatchObject([{ status: 'running' }])
  expect((await second.listSessions()).sessions).toMatchObject([{ status: 'interrupted' }])
})
