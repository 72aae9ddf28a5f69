import type { StoredEvent } from '@halter/protocol'
import { TestStore } from '@halter/core/testing'
import { describe, expect, test } from 'vitest'
import { settle } from './support/gates.ts'
import { openRuntime, startRuntime } from './support/runtime.ts'
import { liveSession, logOf } from './support/sound.ts'

describe('the events of a session', () => {
  test('without `live` are those of the log, and end', async () => {
    const { runtime } = await startRuntime({ script: [{ text: 'one' }] })
    const session = await runtime.newSession()
    await session.submitTurn('hi').result
    const log = await logOf(runtime, session.id)
    expect(await Array.fromAsync(session.events())).toEqual(log)
    expect(await Array.fromAsync(session.events({ after: 3 }))).toEqual(log.slice(3))
    expect(await Array.fromAsync(session.replay({ after: 1, limit: 2 }))).toEqual(log.slice(1, 3))
  })

  test('with `live` go on with what comes, and end with the session', async () => {
    const { runtime } = await startRuntime({ script: [{ text: 'one' }, { text: 'two' }] })
    const session = await runtime.newSession()
    await session.submitTurn('hi').result
    const reading = Array.fromAsync(session.events({ live: true, after: 2 }))
    await session.submitTurn('more').result
    await session.shutdown()
    const events = await reading
    const log = await logOf(runtime, session.id)
    expect(events.filter((event) => 'seq' in event)).toEqual(log.slice(2))
    expect(events.at(-1)).toMatchObject({ type: 'session.closed' })
    expect(events).toContainEqual(expect.objectContaining({ type: 'text.delta', text: 'two' }))
  })

  test('end when their signal is aborted, also for a reader that waits', async () => {
    const { runtime } = await startRuntime()
    const session = await runtime.newSession()
    const controller = new AbortController()
    const reading = Array.fromAsync(session.events({ live: true, signal: controller.signal }))
    await settle()
    controller.abort()
    expect((await reading).map(({ type }) => type)).toEqual(['session.started'])
  })

  test('from a cursor ahead of the log begin there', async () => {
    const { runtime } = await startRuntime({ script: [{ text: 'one' }] })
    const session = await runtime.newSession()
    const reader = session.events({ live: true, after: 4 })[Symbol.asyncIterator]()
    const next = reader.next()
    await session.submitTurn('hi').result
    const seen = [(await next).value, (await reader.next()).value, (await reader.next()).value]
    expect(seen.filter((event) => event !== undefined && 'seq' in event)).toMatchObject([
      { seq: 5 },
      { seq: 6 },
    ])
    await reader.return!()
  })
})

describe('a reader of a log that cannot be read', () => {
  class DamagedStore extends TestStore {
    left = 0
    override async *replay(...range: Parameters<TestStore['replay']>): AsyncGenerator<StoredEvent> {
      try {
        for await (const event of super.replay(...range)) {
          if (event.seq === 3) throw new Error('seq 3 is damaged')
          yield event
        }
      } finally {
        this.left += 1
      }
    }
  }

  test('gets the error, and is forgotten', async () => {
    const store = new DamagedStore()
    const { runtime } = await openRuntime({ store })
    const session = await runtime.newSession()
    await session.notify('a', '1')
    await session.notify('a', '2')
    const seen: number[] = []
    const reading = (async () => {
      for await (const event of session.events({ live: true })) if ('seq' in event) seen.push(event.seq)
    })()
    await expect(reading).rejects.toThrow('seq 3 is damaged')
    expect(seen).toEqual([1, 2])
    expect(liveSession(runtime, session.id)!.isHeard).toBe(false)
    await runtime.shutdown()
  })

  test('that leaves in the middle of the log gives the store’s iterator back', async () => {
    const store = new DamagedStore()
    const { runtime } = await openRuntime({ store })
    const session = await runtime.newSession()
    await session.notify('a', '1')
    for await (const event of session.events({ live: true })) if ('seq' in event) break
    await settle()
    expect(store.left).toBe(1)
    await runtime.shutdown()
  })
})
