import { definePlugin } from '@halter/core'
import { describe, expect, test } from 'vitest'
import { deferred, settle } from './support/gates.ts'
import { tapping } from './support/plugins.ts'
import { partsProvider, says } from './support/providers.ts'
import { openRuntime, startRuntime } from './support/runtime.ts'
import { expectOneTerminalEach, logOf } from './support/sound.ts'
import { noneSpawned, spawning } from './support/spawning.ts'
import { WatchedStore } from './support/stores.ts'
import { stuck } from './support/tools.ts'

describe('the shutdown of a runtime', () => {
  test('lets running turns end, and says how many did', async () => {
    const gate = deferred()
    const provider = partsProvider(() => [gate.promise, ...says('done')])
    const store = new WatchedStore()
    const { runtime } = await openRuntime({ store, plugins: [provider] })
    const sessions = [
      await runtime.newSession({ model: 'parts' }),
      await runtime.newSession({ model: 'parts' }),
    ]
    const turns = sessions.map((session) => session.submitTurn('go'))
    await settle()
    const shutdown = runtime.shutdown()
    await settle()
    gate.resolve()
    expect(await shutdown).toEqual({ turnsDrained: 2, turnsAborted: 0, timedOut: false })
    for (const turn of turns) expect(await turn.result).toMatchObject({ status: 'completed' })
  })

  test('W-27: aborts the rest in time, counts each as what it was, and loses no terminal event', async () => {
    const store = new WatchedStore()
    const { runtime } = await openRuntime({
      store,
      script: ({ sessionId }) =>
        sessionId === 'quick' ? { text: 'done', delayMs: 1 } : { text: 'half', hangs: true },
    })
    const quick = await runtime.newSession({ sessionId: 'quick' })
    const slow = [
      await runtime.newSession({ sessionId: 's1' }),
      await runtime.newSession({ sessionId: 's2' }),
    ]
    const turns = [quick, ...slow].map((session) => session.submitTurn('go'))
    await settle(1)
    const startedAt = performance.now()
    const report = await runtime.shutdown({ drainMs: 50 })
    expect(performance.now() - startedAt).toBeLessThan(50 + 30 + 1_000)
    expect(report).toEqual({ turnsDrained: 1, turnsAborted: 2, timedOut: true })
    expect((await turns[0]!.result).status).toBe('completed')
    for (const turn of turns.slice(1))
      expect(await turn.result).toMatchObject({ reason: 'interrupted', text: 'half' })
    for (const id of ['quick', 's1', 's2']) expectOneTerminalEach(await Array.fromAsync(store.replay(id)))
  })

  test('is one: asked again, it gives the same report', async () => {
    const { runtime } = await openRuntime()
    const [first, second] = await Promise.all([runtime.shutdown(), runtime.shutdown({ drainMs: 1 })])
    expect(second).toBe(first)
    expect(await runtime.shutdown()).toBe(first)
    await runtime[Symbol.asyncDispose]()
  })

  test('turns away everything new, at once', async () => {
    const { runtime } = await openRuntime({ script: [{ text: 'x', hangs: true }] })
    const session = await runtime.newSession()
    session.submitTurn('a')
    const waiting = session.submitTurn('b')
    await settle()
    const shutdown = runtime.shutdown({ drainMs: 20 })
    const closed = expect.objectContaining({ code: 'ERR_RUNTIME_CLOSED' }) as Error
    await expect(runtime.newSession()).rejects.toEqual(closed)
    await expect(runtime.resume(session.id)).rejects.toEqual(closed)
    await expect(runtime.reload([])).rejects.toEqual(closed)
    expect(await waiting.result).toMatchObject({
      status: 'rejected',
      reason: 'closed',
      error: { code: 'ERR_RUNTIME_CLOSED' },
    })
    expect(await session.submitTurn('c').result).toMatchObject({ status: 'rejected', reason: 'closed' })
    await shutdown
  })

  test('turns away a session that was on its way in', async () => {
    const gate = deferred()
    const { runtime } = await openRuntime({
      plugins: [tapping('slow', { 'session.transform': () => gate.promise })],
    })
    const coming = runtime.newSession()
    await settle()
    const shutdown = runtime.shutdown()
    gate.resolve()
    await expect(coming).rejects.toMatchObject({ code: 'ERR_RUNTIME_CLOSED' })
    await shutdown
    expect(runtime.describe().openSessions).toBe(0)
  })

  test('records no end of sessions: they go on where they are resumed', async () => {
    const store = new WatchedStore()
    const { runtime } = await openRuntime({ store })
    const session = await runtime.newSession()
    await runtime.shutdown()
    const second = await startRuntime({ store, script: [{ text: 'on' }] })
    const log = await logOf(second.runtime, session.id)
    expect(log.map(({ type }) => type)).toEqual(['session.started'])
    const again = (await second.runtime.resume(session.id))!
    expect(await again.submitTurn('x').result).toMatchObject({ status: 'completed' })
  })

  test('stops plugins last, and makes later calls on handles harmless', async () => {
    const order: string[] = []
    const store = new WatchedStore(({ events }) => void order.push(...events.map(({ type }) => type)))
    const { runtime } = await openRuntime({
      store,
      script: [{ text: 'half', hangs: true }],
      plugins: [
        definePlugin({
          name: 'resource',
          apiVersion: 1,
          setup({ defer }) {
            defer(() => void order.push('stopped'))
            return {}
          },
        }),
      ],
    })
    const session = await runtime.newSession()
    session.submitTurn('a')
    await settle()
    await runtime.shutdown({ drainMs: 0 })
    expect(order.slice(-2)).toEqual(['turn.failed', 'stopped'])
    await session.shutdown()
    await session.detach()
    expect(() => session.submitTurn('b')).toThrow(expect.objectContaining({ code: 'ERR_SESSION_CLOSED' }))
  })

  test('ends children with their parents, and records it', async () => {
    const spawned = noneSpawned()
    const store = new WatchedStore()
    const { runtime } = await openRuntime({
      store,
      script: ({ sessionId }) =>
        sessionId === 'parent' ? { toolCalls: [{ name: 'spawn' }] } : { text: 'x', hangs: true },
    })
    const session = await runtime.newSession({ sessionId: 'parent', tools: [spawning(spawned)] })
    session.submitTurn('go')
    await settle()
    await runtime.shutdown({ drainMs: 10 })
    for (const id of ['parent', spawned.handles[0]!.id]) {
      const log = await Array.fromAsync(store.replay(id))
      expectOneTerminalEach(log)
      expect(log).toContainEqual(expect.objectContaining({ type: 'turn.failed', reason: 'interrupted' }))
    }
    const parentLog = await Array.fromAsync(store.replay('parent'))
    expect(parentLog).toContainEqual(
      expect.objectContaining({ type: 'subagent.settled', outcome: 'cancelled' }),
    )
  })
})

test('nothing is left running after a shutdown: no timer, no handle', async () => {
  const before = process.getActiveResourcesInfo().toSorted()
  const { runtime } = await openRuntime({
    script: [
      { text: 'x', toolCalls: [{ name: 'stuck' }] },
      { text: 'y', hangs: true },
    ],
    timeouts: { tool: 30 },
    plugins: [tapping('hung', { 'turn.start': () => new Promise(() => {}) })],
  })
  const session = await runtime.newSession({ tools: [stuck] })
  const turn = session.submitTurn('go')
  void session.events({ live: true })[Symbol.asyncIterator]().next()
  void runtime.events.subscribe()[Symbol.asyncIterator]().next()
  await new Promise((resolve) => setTimeout(resolve, 100))
  await runtime.shutdown({ drainMs: 0 })
  expect(await turn.result).toMatchObject({ reason: 'interrupted' })
  await settle(3)
  const after = process.getActiveResourcesInfo().toSorted()
  expect(after.filter((name) => name === 'Timeout').length).toBeLessThanOrEqual(
    before.filter((name) => name === 'Timeout').length,
  )
  expect(after.filter((name) => name !== 'Timeout' && name !== 'Immediate')).toEqual(
    before.filter((name) => name !== 'Timeout' && name !== 'Immediate'),
  )
})
