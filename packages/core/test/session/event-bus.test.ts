import { EventBus } from '@halter/core/host'
import { EVENT_VERSIONS, type SessionEvent, type StoredEvent, type TextDelta } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { startRuntime } from './support/runtime.ts'

function stored(seq: number, sessionId = 's'): StoredEvent {
  const type = 'notification.raised'
  return { sessionId, seq, at: 0, type, v: EVENT_VERSIONS[type], kind: 'test', message: `${seq}` }
}

function delta(offset: number): TextDelta {
  return { type: 'text.delta', sessionId: 's', turnId: 't', messageId: 'm', part: 0, offset, text: '.' }
}

describe('a bus', () => {
  test('gives every event to everybody, in order', async () => {
    const bus = new EventBus()
    const heard: SessionEvent[] = []
    bus.listen((event) => heard.push(event))
    const [first, second] = [bus.subscribe(), bus.subscribe()]
    const events = [stored(1), delta(0), stored(2)]
    for (const event of events) bus.publish(event)
    bus.close()
    for (const reader of [first, second]) expect(await Array.fromAsync(reader)).toEqual(events)
    expect(heard).toEqual(events)
  })

  test('gives what is published from the subscription on, and nothing from before', async () => {
    const bus = new EventBus()
    bus.publish(stored(1))
    const reader = bus.subscribe()
    bus.publish(stored(2))
    expect((await reader.next()).value).toMatchObject({ seq: 2 })
  })

  test('wakes a reader that waits', async () => {
    const bus = new EventBus()
    const reader = bus.subscribe()
    const next = reader.next()
    bus.publish(delta(0))
    expect(await next).toEqual({ done: false, value: delta(0) })
  })

  test('keeps as many events for a slow reader as it was made for, and tells how many were lost', async () => {
    const bus = new EventBus(3)
    const reader = bus.subscribe()
    for (let seq = 1; seq <= 10; seq++) bus.publish(stored(seq))
    const events = [await reader.next(), await reader.next(), await reader.next(), await reader.next()]
    expect(events.map(({ value }) => value as SessionEvent)).toMatchObject([
      { type: 'lagged', dropped: 7 },
      { seq: 8 },
      { seq: 9 },
      { seq: 10 },
    ])
  })

  test('lets a reader have a capacity of its own', async () => {
    const bus = new EventBus(100)
    const reader = bus.subscribe({ capacity: 1 })
    for (let seq = 1; seq <= 5; seq++) bus.publish(stored(seq))
    expect((await reader.next()).value).toEqual({ type: 'lagged', dropped: 4 })
    expect((await reader.next()).value).toMatchObject({ seq: 5 })
  })

  test('ends the iteration of a slow reader that asked for it', async () => {
    const bus = new EventBus(2)
    const reader = bus.subscribe({ onSlow: 'close' })
    for (let seq = 1; seq <= 3; seq++) bus.publish(stored(seq))
    expect(await reader.next()).toEqual({ done: true, value: undefined })
  })

  test('counts the events that nobody could hear', () => {
    const bus = new EventBus()
    bus.publish(stored(1))
    const stop = bus.listen(() => {})
    bus.publish(stored(2))
    stop()
    bus.publish(stored(3))
    expect(bus.droppedEvents).toBe(2)
  })

  test('forgets a reader that leaves, by return or by signal, and a listener that stops', async () => {
    const bus = new EventBus()
    const controller = new AbortController()
    const leaving = bus.subscribe()
    const aborted = bus.subscribe({ signal: controller.signal })
    const waiting = aborted.next()
    const stop = bus.listen(() => {})
    expect(bus.isHeard).toBe(true)
    await leaving.return!()
    controller.abort()
    stop()
    expect(bus.isHeard).toBe(false)
    expect(await waiting).toEqual({ done: true, value: undefined })
    expect(await bus.subscribe({ signal: controller.signal }).next()).toEqual({
      done: true,
      value: undefined,
    })
    expect(bus.isHeard).toBe(false)
  })

  test('the same listener twice is two listeners', () => {
    const bus = new EventBus()
    let heard = 0
    const listener = (): void => void heard++
    const stop = bus.listen(listener)
    bus.listen(listener)
    bus.publish(stored(1))
    stop()
    bus.publish(stored(2))
    expect(heard).toBe(3)
  })

  test('a listener that throws keeps no event from the others', () => {
    const failures: unknown[] = []
    const bus = new EventBus(10, (error) => failures.push(error))
    const heard: number[] = []
    bus.listen(() => {
      throw new Error('broken')
    })
    bus.listen((event) => heard.push((event as StoredEvent).seq))
    bus.publish(stored(1))
    bus.publish(stored(2))
    expect(heard).toEqual([1, 2])
    expect(failures).toHaveLength(2)
  })
})

describe('the bus of a runtime', () => {
  test('has the events of all sessions, stored and live', async () => {
    const { runtime } = await startRuntime({ script: [{ text: 'one' }, { text: 'two' }] })
    const reading = Array.fromAsync(runtime.events.subscribe())
    const sessions = [await runtime.newSession(), await runtime.newSession()]
    for (const session of sessions) await session.submitTurn('hi').result
    await runtime.shutdown()
    const events = await reading
    for (const [index, { id }] of sessions.entries()) {
      const own = events.filter(({ sessionId }) => sessionId === id).map(({ type }) => type)
      expect(own).toEqual([
        'session.started',
        'turn.started',
        'message.appended',
        'text.delta',
        'message.appended',
        'usage.recorded',
        'turn.completed',
      ])
      expect(events).toContainEqual(
        expect.objectContaining({ type: 'text.delta', text: ['one', 'two'][index] }),
      )
    }
  })

  test('nobody hears of an event that is not stored', async () => {
    const { runtime, store } = await startRuntime({ script: [{ text: 'one' }] })
    const checks: Promise<boolean>[] = []
    runtime.events.listen((event) => {
      if ('seq' in event) checks.push(store.load(event.sessionId).then((found) => found!.head >= event.seq))
    })
    const session = await runtime.newSession()
    await session.submitTurn('hi').result
    expect(checks.length).toBeGreaterThan(5)
    expect(await Promise.all(checks)).not.toContain(false)
  })

  test('a listener that throws harms no session', async () => {
    const { runtime } = await startRuntime({ script: [{ text: 'fine' }] })
    runtime.events.listen(() => {
      throw new Error('broken')
    })
    const session = await runtime.newSession()
    expect(await session.submitTurn('hi').result).toMatchObject({ status: 'completed', text: 'fine' })
  })
})
