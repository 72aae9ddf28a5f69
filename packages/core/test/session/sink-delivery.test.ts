import { TestStore } from '@halter/core/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { deferred, until } from './support/gates.ts'
import { openRuntime, restart, startRuntime } from './support/runtime.ts'
import {
  bringing,
  KeepingSink,
  LastingStore,
  oneTurn,
  realTime,
  script,
  TestValues,
} from './support/sinks.ts'

describe('delivery', () => {
  test('every stored event of every session comes once, in the order of the commits', async () => {
    const sink = new KeepingSink('one')
    const { runtime } = await startRuntime({ script, plugins: [bringing('a', [sink])] })
    const logs = await Promise.all([oneTurn(runtime), oneTurn(runtime), oneTurn(runtime)])
    await until(() => sink.events.length === logs.flat().length)
    for (const log of logs)
      expect(sink.events.filter(({ sessionId }) => sessionId === log[0]!.sessionId)).toEqual(log)
  })

  test('a sink that is new starts at now, or at the start when it asks for that', async () => {
    const first = await startRuntime({
      script,
      store: new LastingStore(),
      plugins: [new TestValues().plugin],
    })
    const old = await oneTurn(first.runtime)
    const [now, start] = [new KeepingSink('now'), new KeepingSink('start', { from: 'start' })]
    const second = await restart(first, { script, plugins: [bringing('a', [now, start])] })
    const log = await oneTurn(second.runtime)
    await until(() => start.events.length === old.length + log.length)
    expect(start.events).toEqual([...old, ...log])
    expect(now.events).toEqual(log)
  })

  test('a new process goes on where the last one stopped', async () => {
    const values = new TestValues()
    const sink = new KeepingSink('one')
    const plugins = [values.plugin, bringing('a', [sink])]
    const first = await startRuntime({ script, store: new LastingStore(), plugins })
    await oneTurn(first.runtime)
    const between = await restart(first, { script, plugins: [values.plugin] })
    await oneTurn(between.runtime)
    const last = await restart(between, { script, plugins })
    await oneTurn(last.runtime)
    const stored = (await last.store.changes!({ limit: 1000 })).events
    await until(() => sink.events.length >= stored.length)
    expect(sink.events).toEqual(stored)
  })

  test('what a process wrote without keeping its cursor comes again in the next one', async () => {
    const values = new TestValues()
    const sink = new KeepingSink('one')
    const plugins = [values.plugin, bringing('a', [sink])]
    const first = await startRuntime({ script, store: new LastingStore(), plugins })
    values.beforeSet = () => {
      throw new Error('the disk is gone')
    }
    const log = await oneTurn(first.runtime)
    await until(() => sink.events.length === log.length)
    await first.runtime.shutdown()
    values.beforeSet = () => {}
    values.values.set('@halter/core/sinks:one', '0') // where it was before the turn
    await restart(first, { script, plugins })
    await until(() => sink.events.length === 2 * log.length)
    expect(sink.events).toEqual([...log, ...log])
  })

  test('a store that keeps nothing leaves the cursors of lasting ones alone', async () => {
    const values = new TestValues()
    values.values.set('@halter/core/sinks:one', '7000')
    const sink = new KeepingSink('one')
    const { runtime } = await startRuntime({ script, plugins: [values.plugin, bringing('a', [sink])] })
    const log = await oneTurn(runtime)
    await until(() => sink.events.length === log.length)
    expect(values.values.get('@halter/core/sinks:one')).toBe('7000')
  })

  test('what another process commits comes too, without a wake-up', async () => {
    const store = new TestStore()
    const sink = new KeepingSink('one')
    await startRuntime({ script, store, plugins: [bringing('a', [sink])] })
    const other = await startRuntime({ script, store })
    const log = await oneTurn(other.runtime)
    const asked = performance.now()
    await until(() => sink.events.length === log.length)
    expect(performance.now() - asked).toBeLessThan(1500)
    expect(sink.events).toEqual(log)
  })

  test('a page holds no more than 100 events, however far a sink is behind', async () => {
    const store = new TestStore()
    const first = await startRuntime({ script, store })
    for (let round = 0; round < 30; round++) await oneTurn(first.runtime)
    const sink = new KeepingSink('one', { from: 'start' })
    await startRuntime({ script, store, plugins: [bringing('a', [sink])] })
    const { events } = await store.changes({ limit: 10_000 })
    await until(() => sink.events.length === events.length)
    expect(Math.max(...sink.batches.map(({ length }) => length))).toBe(100)
    expect(sink.events).toEqual(events)
  })

  test('a sink that wants nothing of a long backlog lets everybody else run between two pages', async () => {
    const store = new TestStore()
    const first = await startRuntime({ script, store })
    for (let round = 0; round < 60; round++) await oneTurn(first.runtime)
    let turnsOfTheLoop = 0
    const seen: number[] = []
    const count = (): void => {
      turnsOfTheLoop += 1
      ticking = setImmediate(count)
    }
    let ticking = setImmediate(count)
    onTestFinished(() => clearImmediate(ticking))
    const picky = {
      name: 'picky',
      from: 'start' as const,
      accepts: () => seen.push(turnsOfTheLoop) === 0,
      write: () => Promise.reject(new Error('it wants nothing')),
    }
    await startRuntime({ script, store, plugins: [bringing('a', [picky])] })
    const { events } = await store.changes({ limit: 10_000 })
    await until(() => seen.length === events.length)
    expect(new Set(seen).size).toBeGreaterThanOrEqual(Math.floor(events.length / 100))
  })
})

describe('shutdown', () => {
  test('waits until a slow sink has everything', async () => {
    const sink = new KeepingSink('slow', { before: () => new Promise((resolve) => setTimeout(resolve, 100)) })
    const { runtime } = await openRuntime({ script, plugins: [bringing('a', [sink])] })
    const log = await oneTurn(runtime)
    await runtime.shutdown()
    expect(sink.events).toEqual(log)
  })

  test('gives a sink that waits after a failure one last try, at once', async () => {
    const isDown = { value: true }
    const sink = new KeepingSink('one', {
      before: () => {
        if (isDown.value) throw new Error('down')
      },
    })
    // A real clock: without the last try, the sink would wait for up to 30 s.
    const { runtime } = await openRuntime({ script, plugins: [realTime(), bringing('a', [sink])] })
    const log = await oneTurn(runtime)
    await new Promise((resolve) => setTimeout(resolve, 400))
    isDown.value = false
    const asked = performance.now()
    await runtime.shutdown()
    expect(performance.now() - asked).toBeLessThan(200)
    expect(sink.events).toEqual(log)
  })

  test('does not wait for a sink that goes on failing', async () => {
    const sink = new KeepingSink('one', { before: () => Promise.reject(new Error('down')) })
    const { runtime } = await openRuntime({ script, plugins: [realTime(), bringing('a', [sink])] })
    await oneTurn(runtime)
    const asked = performance.now()
    await runtime.shutdown()
    expect(performance.now() - asked).toBeLessThan(500)
  })

  test('stops the plugin of a sink only after the last write', async () => {
    const order: string[] = []
    const gate = deferred()
    const sink = new KeepingSink('one', { before: () => gate.promise.then(() => order.push('write')) })
    const { runtime } = await openRuntime({
      script,
      plugins: [bringing('a', [sink], () => void order.push('cleanup'))],
    })
    await oneTurn(runtime)
    const shutdown = runtime.shutdown()
    gate.resolve()
    await shutdown
    expect(order.at(-1)).toBe('cleanup')
    expect(order.filter((each) => each === 'cleanup')).toHaveLength(1)
  })
})
