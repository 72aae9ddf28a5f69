import { TestStore } from '@halter/core/testing'
import type { StoredEvent } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { openRuntime, restart, startRuntime } from './support/runtime.ts'
import { logOf } from './support/sound.ts'
import { storeWith } from './support/stored-logs.ts'
import { echo } from './support/tools.ts'
import { settle } from './support/gates.ts'

describe('resume', () => {
  test('of an id that nobody has is undefined, and stores nothing', async () => {
    const { runtime, store } = await startRuntime()
    expect(await runtime.resume('nobody')).toBeUndefined()
    expect((await store.list({})).sessions).toEqual([])
  })

  test('brings a session back as it was, marks it, and goes on with it', async () => {
    const first = await startRuntime({ script: [{ text: 'one' }] })
    const before = await first.runtime.newSession({ title: 'kept', metadata: { a: 'b' } })
    await before.submitTurn('a').result
    const second = await restart(first, { script: [{ text: 'two' }] })
    const session = (await second.runtime.resume(before.id))!
    expect(session.state).toMatchObject({ title: 'kept', metadata: { a: 'b' }, turns: 1 })
    expect(await session.submitTurn('b').result).toMatchObject({ text: 'two' })
    expect(second.provider.requests[0]!.messages).toHaveLength(3)
    const log = await logOf(second.runtime, session.id)
    expect(log.filter(({ type }) => type === 'session.resumed')).toMatchObject([
      { seq: 7, interrupted: 'close' },
    ])
  })

  test('of a session that is open is another holder of the same one, and stores nothing', async () => {
    const { runtime } = await startRuntime({ script: [{ text: 'x' }] })
    const session = await runtime.newSession()
    const again = (await runtime.resume(session.id))!
    expect(again.state).toBe(session.state)
    await again.submitTurn('a').result
    expect(session.state.turns).toBe(1)
    const log = await logOf(runtime, session.id)
    expect(log.map(({ type }) => type)).not.toContain('session.resumed')
    await session.detach()
    expect(runtime.describe().openSessions).toBe(1)
    await again.detach()
    expect(runtime.describe().openSessions).toBe(0)
  })

  test('many at once open it once', async () => {
    const first = await startRuntime()
    const { id } = await first.runtime.newSession()
    const { runtime } = await restart(first)
    const handles = await Promise.all(Array.from({ length: 10 }, () => runtime.resume(id)))
    expect(new Set(handles.map((handle) => handle!.state)).size).toBe(1)
    const log = await logOf(runtime, id)
    expect(log.filter(({ type }) => type === 'session.resumed')).toHaveLength(1)
  })

  test('while its last holder leaves waits for that, and opens it anew', async () => {
    const { runtime } = await startRuntime()
    const session = await runtime.newSession()
    const notified = session.notify('a', 'still being stored')
    const left = session.detach()
    const again = (await runtime.resume(session.id))!
    await Promise.all([notified, left])
    await again.notify('b', 'after')
    const log = await logOf(runtime, session.id)
    expect(log.map(({ type }) => type)).toEqual([
      'session.started',
      'notification.raised',
      'session.resumed',
      'notification.raised',
    ])
  })

  test('while it shuts down waits for that, and opens it anew', async () => {
    const { runtime } = await startRuntime({ script: [{ text: 'back' }] })
    const session = await runtime.newSession()
    const closing = session.shutdown()
    const again = (await runtime.resume(session.id))!
    await closing
    expect(await again.submitTurn('a').result).toMatchObject({ status: 'completed', text: 'back' })
    const log = await logOf(runtime, session.id)
    expect(log.map(({ type }) => type).slice(0, 3)).toEqual([
      'session.started',
      'session.closed',
      'session.resumed',
    ])
  })

  test('after a shutdown reopens the session', async () => {
    const { runtime } = await startRuntime({ script: [{ text: 'x' }] })
    const session = await runtime.newSession()
    await session.shutdown()
    expect((await runtime.listSessions()).sessions).toMatchObject([{ status: 'closed' }])
    const again = (await runtime.resume(session.id))!
    expect(again.status).toBe('idle')
    expect(await again.submitTurn('a').result).toMatchObject({ status: 'completed' })
  })

  test.each([
    ['tools of one name', { tools: [echo, echo] }, 'ERR_TOOL_DUPLICATE'],
    ['hooks of unknown names', { hooks: { 'turn.begin': () => undefined } as never }, 'ERR_HOOK_UNKNOWN'],
  ])('with %s is refused, and stores nothing', async (_what, options, code) => {
    const first = await startRuntime()
    const { id } = await first.runtime.newSession()
    const { runtime } = await restart(first)
    await expect(runtime.resume(id, options)).rejects.toMatchObject({ code })
    expect(await logOf(runtime, id)).toHaveLength(1)
  })

  test('that fails leaves nothing open, and can be tried again', async () => {
    class Moody extends TestStore {
      fails = false
      override load(id: string): ReturnType<TestStore['load']> {
        return this.fails ? Promise.reject(new Error('no connection')) : super.load(id)
      }
    }
    const store = new Moody()
    const first = await startRuntime({ store })
    const { id } = await first.runtime.newSession()
    const { runtime } = await restart(first)
    store.fails = true
    await expect(runtime.resume(id)).rejects.toThrow('no connection')
    expect(runtime.describe().openSessions).toBe(0)
    store.fails = false
    expect((await runtime.resume(id))!.id).toBe(id)
  })
})

describe('reading appends nothing:', () => {
  test('list, replay, verify and export of a session that a dead process left open', async () => {
    const first = await startRuntime({ script: [{ text: 'x', hangs: true }] })
    const session = await first.runtime.newSession()
    session.submitTurn('a')
    await settle()
    const log = await logOf(first.runtime, session.id)
    const { store, id } = await storeWith(log)
    const { runtime } = await startRuntime({ store })
    expect((await runtime.listSessions()).sessions).toMatchObject([{ sessionId: id, status: 'interrupted' }])
    expect(await logOf(runtime, id)).toEqual(log)
    expect((await runtime.verify(id)).problems).toEqual([])
    const lines = await Array.fromAsync(runtime.exportSession(id))
    expect(lines).toHaveLength(1 + log.length)
    expect(await logOf(runtime, id)).toEqual(log)
  })
})

test('W-6: a log that grows while it is read is read up to where it was known to reach', async () => {
  class GrowingStore extends TestStore {
    grow: (() => Promise<void>) | undefined
    override async *replay(...range: Parameters<TestStore['replay']>): AsyncGenerator<StoredEvent> {
      await this.grow?.()
      yield* super.replay(...range)
    }
  }
  const store = new GrowingStore()
  const { runtime } = await startRuntime({ store })
  const session = await runtime.newSession()
  store.grow = () => session.notify('meanwhile', 'grown')
  const [header, ...events] = await Array.fromAsync(session.export())
  expect(JSON.parse(header!)).toMatchObject({ head: 1 })
  expect(events).toHaveLength(1)
  store.grow = undefined
})

describe('a log that holds what this version does not know', () => {
  async function newer(event: object = { type: 'weather.changed', v: 3 }): Promise<StoredEvent[]> {
    const { runtime } = await startRuntime({ script: [{ text: 'x' }] })
    const session = await runtime.newSession()
    await session.submitTurn('a').result
    const log = await logOf(runtime, session.id)
    const { sessionId, at } = log.at(-1)!
    return [...log, { sessionId, at, seq: log.length + 1, ...event } as never]
  }

  test('can be read, resumed without a mark, and not continued', async () => {
    const log = await newer()
    const { store, id } = await storeWith(log)
    const { runtime } = await startRuntime({ store })
    const session = (await runtime.resume(id))!
    expect(session.state.readOnly).toEqual({ type: 'weather.changed', v: 3, seq: log.length })
    expect(session.state.transcript).toHaveLength(2)
    for (const act of [
      () => session.notify('a', 'b'),
      () => session.update({ title: 'x' }),
      () => session.submitTurn('more').orThrow(),
    ])
      await expect(act()).rejects.toMatchObject({
        code: 'ERR_SESSION_READ_ONLY',
        message: expect.stringContaining('"weather.changed", version 3') as string,
      })
    await session.detach()
    expect(await logOf(runtime, id)).toEqual(log)
  })
})

test('an event of a known type in a newer version makes its log read-only, too, and an open turn stays open', async () => {
  const first = await startRuntime({ script: [{ text: 'x', hangs: true }] })
  const session = await first.runtime.newSession()
  session.submitTurn('a')
  await settle()
  const log = await logOf(first.runtime, session.id)
  const newer = { ...log.at(-1)!, seq: log.length + 1, type: 'session.updated', v: 2, title: ['new', 'kind'] }
  const { store, id } = await storeWith([...log, newer as never])
  const { runtime } = await startRuntime({ store })
  for (const interrupted of ['close', 'continue'] as const) {
    const again = (await runtime.resume(id, { interrupted }))!
    expect(again.state).toMatchObject({ readOnly: { type: 'session.updated', v: 2 }, status: 'interrupted' })
    expect(again.state.title).toBe('a')
    await again.detach()
  }
  expect((await runtime.listSessions()).sessions).toMatchObject([{ status: 'interrupted' }])
  expect(await logOf(runtime, id)).toHaveLength(log.length + 1)
})

describe('a log that is damaged', () => {
  test.each([
    ['has a gap', (log: StoredEvent[]) => log.toSpliced(2, 1), 3],
    ['has an event twice', (log: StoredEvent[]) => log.toSpliced(2, 0, log[1]!), 3],
  ])('and %s is refused, names the place, and harms no other session', async (_what, damage, seq) => {
    const { runtime } = await startRuntime({ script: () => ({ text: 'fine' }) })
    const session = await runtime.newSession()
    await session.submitTurn('a').result
    const { store, id } = await storeWith(damage(await logOf(runtime, session.id)))
    const { runtime: second } = await openRuntime({ store, script: () => ({ text: 'fine' }) })
    await expect(second.resume(id)).rejects.toMatchObject({
      code: 'ERR_SESSION_DAMAGED',
      data: { seq },
      message: expect.stringContaining(id) as string,
    })
    const other = await second.newSession()
    expect(await other.submitTurn('a').result).toMatchObject({ status: 'completed' })
    expect((await second.verify(id)).problems).not.toEqual([])
    await second.shutdown()
  })
})
