import { definePlugin } from '@halter/core'
import { TestStore } from '@halter/core/testing'
import { describe, expect, test } from 'vitest'
import { deferred, settle, until } from './support/gates.ts'
import { openRuntime, startRuntime } from './support/runtime.ts'
import {
  bringing,
  KeepingSink,
  LastingStore,
  listening,
  oneTurn,
  script,
  TestValues,
} from './support/sinks.ts'

describe('after a reload', () => {
  test('a new sink gets what comes, and one that stays misses nothing', async () => {
    const [stays, comes] = [new KeepingSink('stays'), new KeepingSink('comes')]
    const staying = bringing('a', [stays])
    const { runtime } = await startRuntime({ script, plugins: [staying] })
    const before = await oneTurn(runtime)
    await runtime.reload([staying, bringing('b', [comes])])
    const after = await oneTurn(runtime)
    await until(
      () => comes.events.length === after.length && stays.events.length === before.length + after.length,
    )
    expect(comes.events).toEqual(after)
    expect(stays.events).toEqual([...before, ...after])
  })

  test('a sink that goes gets what is there, then its plugin stops, then it gets nothing', async () => {
    const order: string[] = []
    const gate = deferred()
    const goes = new KeepingSink('goes', { before: () => gate.promise.then(() => order.push('write')) })
    const { runtime } = await startRuntime({
      script,
      plugins: [bringing('a', [goes], () => void order.push('cleanup'))],
    })
    const before = await oneTurn(runtime)
    const reload = runtime.reload([])
    gate.resolve()
    await reload
    await until(() => order.includes('cleanup'))
    expect(order.at(-1)).toBe('cleanup')
    await oneTurn(runtime)
    expect(goes.events).toEqual(before)
  })

  test.each([
    ['with kept cursors', [new TestValues().plugin], new LastingStore()],
    ['without', [], new TestStore()],
  ])('a sink that another instance replaces hands its place over (%s)', async (_, plugins, store) => {
    const slow = new KeepingSink('one', { before: () => new Promise((resolve) => setTimeout(resolve, 20)) })
    const next = new KeepingSink('one')
    const { runtime } = await startRuntime({ script, store, plugins: [...plugins, bringing('a', [slow])] })
    const before = await oneTurn(runtime)
    await runtime.reload([...plugins, bringing('a', [next])])
    const after = await oneTurn(runtime)
    await until(() => slow.events.length + next.events.length >= before.length + after.length)
    expect([...slow.events, ...next.events]).toEqual([...before, ...after])
  })

  test('that fails the sinks are as they were', async () => {
    const sink = new KeepingSink('one')
    const { runtime } = await startRuntime({ script, plugins: [bringing('a', [sink])] })
    const broken = definePlugin({
      name: 'broken',
      apiVersion: 1,
      setup: () => {
        throw new Error('no')
      },
    })
    await expect(runtime.reload([broken])).rejects.toMatchObject({ code: 'ERR_PLUGIN_SETUP' })
    const log = await oneTurn(runtime)
    await until(() => sink.events.length === log.length)
  })

  test('and another one at the same time only the sinks of the last one are fed', async () => {
    const gate = deferred()
    const first = new KeepingSink('1', { before: () => gate.promise })
    const [second, third] = [new KeepingSink('2'), new KeepingSink('3')]
    const { runtime } = await startRuntime({ script, plugins: [bringing('a', [first])] })
    await oneTurn(runtime)
    const reloads = [runtime.reload([bringing('b', [second])]), runtime.reload([bringing('c', [third])])]
    await settle()
    gate.resolve()
    await Promise.all(reloads)
    const log = await oneTurn(runtime)
    await until(() => third.events.length === log.length)
    expect(second.events).toEqual([])
  })

  test('under a shutdown no sink starts that nobody would end', async () => {
    const sink = new KeepingSink('one')
    const { runtime } = await openRuntime({ script })
    const reload = runtime.reload([bringing('a', [sink])]).catch(() => {})
    await runtime.shutdown()
    await reload
    expect(sink.batches).toEqual([])
  })

  test('that brings sinks which cannot work, the others go on and a warning says why', async () => {
    const warnings: string[] = []
    const [one, double] = [new KeepingSink('one'), new KeepingSink('one')]
    const logger = listening(warnings)
    const first = bringing('a', [one])
    const { runtime } = await startRuntime({ script, plugins: [logger, first] })
    await runtime.reload([logger, first, bringing('b', [double])])
    expect(warnings).toEqual([expect.stringContaining('Two event sinks have the name "one"')])
    const log = await oneTurn(runtime)
    await until(() => one.events.length === log.length)
    expect(double.events).toEqual([])
  })
})

describe('at the start', () => {
  test('two sinks with one name are refused', async () => {
    const plugins = [bringing('a', [new KeepingSink('one')]), bringing('b', [new KeepingSink('one')])]
    await expect(openRuntime({ plugins })).rejects.toMatchObject({ code: 'ERR_SERVICE_DUPLICATE' })
  })

  test('a store that no sink can read from is refused by the names of the sinks, and nothing is left running', async () => {
    const bare = Object.assign(new TestStore(), { changes: undefined })
    let isCleanedUp = false
    const plugins = [bringing('a', [new KeepingSink('one')], () => void (isCleanedUp = true))]
    await expect(openRuntime({ plugins, store: bare })).rejects.toMatchObject({
      code: 'ERR_SERVICE_MISSING',
      message: expect.stringContaining('one') as string,
    })
    expect(isCleanedUp).toBe(true)
  })
})
