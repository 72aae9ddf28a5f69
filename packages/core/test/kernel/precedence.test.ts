import { definePlugin, type Approvals, type Plugin, type Preset, type SlotName } from '@halter/core'
import * as fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Kernel, type PluginSources } from '../../src/kernel/kernel.ts'
import { base, kernelOptions } from './fixtures.ts'

/** A plugin whose services say who made them, and whose setup tells what it lost. */
function filler(
  name: string,
  provides: readonly string[],
  more: Record<string, unknown> = {},
  onSetup: (lost: readonly SlotName[]) => void = () => {},
): Plugin {
  return definePlugin({
    name,
    apiVersion: 1,
    provides: provides as never,
    ...more,
    setup: ({ lostSlots }: { lostSlots: readonly SlotName[] }) => {
      onSetup(lostSlots)
      const made = (names: unknown) => (names as string[] | undefined) ?? []
      return Object.fromEntries([
        ...provides.map((slot) => [slot, { by: name }]),
        ...made(more['contributes']).map((collection) => [collection, [{ by: name }]]),
        ...made(more['decorates']).map((slot) => [
          slot,
          (inner: { by: string }) => ({ by: `${name}(${inner.by})` }),
        ]),
      ])
    },
  } as never)
}

async function start(sources: PluginSources): Promise<Kernel> {
  const kernel = await Kernel.start(
    { ...sources, presets: [base, ...(sources.presets ?? [])] },
    kernelOptions(),
  )
  onTestFinished(() => kernel.dispose())
  return kernel
}

const who = (kernel: Kernel, slot: string): unknown =>
  (kernel.current.get(slot as never) as { by: string } | undefined)?.by
const names = (kernel: Kernel): string[] => kernel.describe().plugins.map(({ name }) => name)

describe('a slot', () => {
  test('goes to the config before a preset, and to a later preset before an earlier one', async () => {
    const kernel = await start({
      plugins: [filler('config', ['approvals'])],
      presets: [
        { name: 'one', plugins: [filler('p1', ['approvals', 'resources', 'keyValue'])] },
        { name: 'two', plugins: [filler('p2', ['approvals', 'resources'])] },
      ],
    })
    expect(['approvals', 'resources', 'keyValue'].map((slot) => who(kernel, slot))).toEqual([
      'config',
      'p2',
      'p1',
    ])
  })

  test('that was lost leaves the others, and setup is told', async () => {
    let lost: unknown
    const kernel = await start({
      plugins: [filler('config', ['approvals'])],
      presets: [
        { name: 'p', plugins: [filler('preset', ['approvals', 'resources'], {}, (slots) => (lost = slots))] },
      ],
    })
    expect(lost).toEqual(['approvals'])
    expect(who(kernel, 'resources')).toBe('preset')
    expect(kernel.describe().plugins.find(({ name }) => name === 'preset')).toMatchObject({
      lostSlots: ['approvals'],
      origin: 'preset p',
    })
  })

  test('that was the last one keeps its plugin from starting, unless it gives something else', async () => {
    const kernel = await start({
      plugins: [filler('config', ['approvals'])],
      presets: [
        {
          name: 'p',
          plugins: [filler('needless', ['approvals'], {}, () => expect.unreachable('it started'))],
        },
        { name: 'q', plugins: [filler('adds', ['approvals'], { contributes: ['tools'] })] },
        { name: 'r', plugins: [filler('wraps', ['approvals'], { decorates: ['clock'] })] },
      ],
    })
    expect(names(kernel)).toEqual(['base', 'adds', 'wraps', 'config'])
    expect(kernel.describe().notStarted).toEqual([
      { plugin: 'needless', reason: '"approvals" is filled by config' },
    ])
  })

  test('of a plugin that is not started need not have what that one requires', async () => {
    const kernel = await start({
      plugins: [filler('config', ['approvals'])],
      presets: [{ name: 'p', plugins: [filler('needless', ['approvals'], { requires: ['acmeNothing'] })] }],
    })
    expect(names(kernel)).toEqual(['base', 'config'])
  })
})

test('a plugin that the config names again runs once, with the options of the config', async () => {
  const seen: unknown[] = []
  const plugin = definePlugin({
    name: 'twice',
    apiVersion: 1,
    config: { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } },
    setup: ({ config }) => {
      seen.push(config)
      return {}
    },
  })
  const kernel = await start({
    plugins: [[plugin, { from: 'config' }]],
    presets: [{ name: 'p', plugins: [[plugin, { from: 'preset' }]] }],
  })
  expect(seen).toEqual([{ from: 'config' }])
  expect(names(kernel)).toEqual(['base', 'twice'])
})

describe('order', () => {
  test('is that of the lists, presets first, where nobody waits for anybody', async () => {
    const kernel = await start({
      plugins: [filler('b', []), filler('a', [])],
      presets: [{ name: 'p', plugins: [filler('z', []), filler('y', [])] }],
    })
    expect(names(kernel)).toEqual(['base', 'z', 'y', 'b', 'a'])
  })

  test('puts fillers before decorators before those who require the slot', async () => {
    const kernel = await start({
      plugins: [
        filler('consumer', [], { requires: ['approvals'] }),
        filler('outer', [], { decorates: ['approvals'], after: ['inner'] }),
        filler('inner', [], { decorates: ['approvals'] }),
        filler('filler', ['approvals']),
      ],
    })
    expect(names(kernel)).toEqual(['base', 'filler', 'inner', 'outer', 'consumer'])
    expect(who(kernel, 'approvals')).toBe('outer(inner(filler))')
    expect(kernel.describe().slots['approvals']).toEqual({ plugin: 'filler', decorators: ['inner', 'outer'] })
  })

  test('follows before and after, and takes no notice of who is not installed', async () => {
    const kernel = await start({
      plugins: [
        filler('a', [], { after: ['b', 'absent'] }),
        filler('b', []),
        filler('c', [], { before: ['a', 'absent'] }),
      ],
    })
    expect(names(kernel)).toEqual(['base', 'b', 'c', 'a'])
  })

  test('puts those who add to a collection before those who require it; two who do both need not wait', async () => {
    const both = { requires: ['tools'], contributes: ['tools'] }
    const kernel = await start({
      plugins: [
        filler('reader', [], { optional: ['tools'] }),
        filler('x', [], both),
        filler('y', [], both),
        filler('adds', [], { contributes: ['tools'] }),
      ],
    })
    expect(names(kernel)).toEqual(['base', 'x', 'y', 'adds', 'reader'])
    expect(kernel.current.get('tools')).toEqual([{ by: 'x' }, { by: 'y' }, { by: 'adds' }])
    expect(kernel.describe().collections['tools']).toEqual(['x', 'y', 'adds'])
    expect(kernel.current.get('tools')!.map((tool) => kernel.current.ownerOf(tool))).toEqual([
      'x',
      'y',
      'adds',
    ])
    expect(kernel.current.ownerOf({})).toBeUndefined()
  })

  test('lets who adds to a collection require what its reader provides: the reader sees it all in the end', async () => {
    let read: (() => readonly unknown[]) | undefined
    const reader = definePlugin({
      name: 'reader',
      apiVersion: 1,
      provides: ['acmeClock'],
      requires: ['tools'],
      setup({ services }: { services: { tools: readonly unknown[] } }) {
        read = () => services.tools
        return { acmeClock: {} }
      },
    } as never)
    const kernel = await start({
      plugins: [reader, filler('adds', [], { contributes: ['tools'], requires: ['acmeClock'] })],
    })
    expect(names(kernel)).toEqual(['base', 'reader', 'adds'])
    expect(read!()).toEqual([{ by: 'adds' }])
  })

  test('asks what the config adds to a collection before what presets add', async () => {
    const adds = (name: string): Plugin => filler(name, [], { contributes: ['tools'] })
    const kernel = await start({
      presets: [{ name: 'p', plugins: [adds('preset-a'), adds('preset-b')] }],
      plugins: [adds('config-a'), adds('config-b')],
    })
    const wanted = ['config-a', 'config-b', 'preset-a', 'preset-b']
    expect(kernel.current.get('tools')).toEqual(wanted.map((by) => ({ by })))
    expect(kernel.describe().collections['tools']).toEqual(wanted)
  })

  test('holds for any graph without a circle', async () => {
    const graph = fc
      .integer({ min: 1, max: 7 })
      .chain((n) =>
        fc.tuple(
          fc.shuffledSubarray([...Array(n).keys()], { minLength: n, maxLength: n }),
          fc.array(fc.tuple(fc.nat(n - 1), fc.nat(n - 1)), { maxLength: 12 }),
        ),
      )
    await fc.assert(
      fc.asyncProperty(graph, async ([rank, pairs]) => {
        // An edge goes from the higher rank to the lower, so there is no circle.
        const edges = pairs
          .filter(([a, b]) => a !== b)
          .map(([a, b]) => (rank.indexOf(a) > rank.indexOf(b) ? [a, b] : [b, a]))
        const plugins = rank.map((_, n) =>
          filler(`n${n}`, [`acme${n}`], {
            requires: edges.filter(([from]) => from === n).map(([, to]) => `acme${to}`),
          }),
        )
        const order = names(await start({ plugins }))
        for (const [from, to] of edges)
          expect(order.indexOf(`n${to}`)).toBeLessThan(order.indexOf(`n${from}`))
      }),
      { numRuns: 60 },
    )
  })
})

test('a decorator may wrap what a preset fills, and the winner of a slot is what it wraps', async () => {
  const presets: Preset[] = [{ name: 'p', plugins: [filler('preset', ['approvals'])] }]
  const wraps = filler('wraps', [], { decorates: ['approvals'] })
  expect(who(await start({ plugins: [wraps], presets }), 'approvals')).toBe('wraps(preset)')
  const kernel = await start({ plugins: [wraps, filler('config', ['approvals'])], presets })
  expect(who(kernel, 'approvals')).toBe('wraps(config)')
  expect((kernel.current.get('approvals') as Approvals & { by: string }).by).toBe('wraps(config)')
})
