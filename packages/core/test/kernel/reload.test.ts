import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { definePlugin, perSession, type HookName, type Plugin, type PluginEntry } from '@halter/core'
import { describe, expect, test } from 'vitest'
import type { Kernel } from '../../src/kernel/kernel.ts'
import {
  base,
  blueprint,
  dispatchContext,
  INPUTS,
  kernelOptions,
  LineLogger,
  startKernel,
} from './fixtures.ts'

const presets = [base]
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A plugin that tells of its life, and whose services know which start made them. */
class Subject {
  readonly seen: string[] = []
  #starts = 0

  plugin(
    name: string,
    manifest: Record<string, unknown> = {},
    onSetup: () => unknown = () => undefined,
  ): Plugin {
    const list = (key: string): string[] => (manifest[key] as string[] | undefined) ?? []
    return definePlugin({
      name,
      apiVersion: 1,
      config: { '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) } },
      ...manifest,
      setup: async ({ defer }: { defer: (run: () => void) => void }) => {
        const start = ++this.#starts
        this.seen.push(`start ${name}`)
        defer(() => void this.seen.push(`stop ${name}`))
        await onSetup()
        return Object.fromEntries([
          ...list('provides').map((slot) => [slot, { by: name, start }]),
          ...list('contributes').map((key) => [key, [{ by: name, start }]]),
          ...list('decorates').map((slot) => [slot, (inner: object) => ({ by: name, start, inner })]),
        ])
      },
    } as never)
  }

  /** What happened since the last call. */
  take(): string[] {
    return this.seen.splice(0)
  }
}

const get = (kernel: Kernel, name: string): unknown => kernel.current.get(name as never)
const carried = (kernel: Kernel): string[] =>
  kernel
    .describe()
    .plugins.flatMap(({ name, isCarriedOver }) => (isCarriedOver && name !== 'base' ? [name] : []))

describe('a reload', () => {
  test('with the same plugins carries them over: nothing starts, nothing stops, services are the same objects', async () => {
    const s = new Subject()
    const plugins = [
      s.plugin('filler', { provides: ['approvals'] }),
      s.plugin('wraps', { decorates: ['approvals'] }),
      s.plugin('adds', { contributes: ['tools'], requires: ['approvals'] }),
    ]
    const kernel = await startKernel(plugins)
    const before = [get(kernel, 'approvals'), get(kernel, 'tools'), get(kernel, 'clock')]
    s.take()
    await kernel.reload({ plugins, presets })
    expect(kernel.current.number).toBe(2)
    expect(s.take()).toEqual([])
    expect(carried(kernel)).toEqual(['filler', 'wraps', 'adds'])
    const after = [get(kernel, 'approvals'), get(kernel, 'tools'), get(kernel, 'clock')]
    for (const [n, service] of after.entries()) expect(service).toBe(before[n])
    await kernel.dispose()
    expect(s.take()).toEqual(['stop adds', 'stop wraps', 'stop filler'])
  })

  test('starts what is new, stops what is gone, in that order', async () => {
    const s = new Subject()
    const [a, b, c] = ['a', 'b', 'c'].map((name) => s.plugin(name)) as [Plugin, Plugin, Plugin]
    const kernel = await startKernel([a, b])
    await kernel.reload({ plugins: [b, c], presets })
    expect(s.take()).toEqual(['start a', 'start b', 'start c', 'stop a'])
    expect(carried(kernel)).toEqual(['b'])
  })

  test.each<[string, PluginEntry, PluginEntry, boolean]>(
    (() => {
      const s = new Subject()
      const a = s.plugin('a')
      const f = (): void => {}
      const instance = new URL('redis://one')
      return [
        ['equal options', [a, { url: 'x', deep: [1, { f }] }], [a, { deep: [1, { f }], url: 'x' }], true],
        ['no options', a, [a, undefined], true],
        ['other options', [a, { url: 'x' }], [a, { url: 'y' }], false],
        ['an option more', [a, { url: 'x' }], [a, { url: 'x', more: undefined }], false],
        ['another function', [a, { f }], [a, { f: () => {} }], false],
        ['the same instance', [a, { instance }], [a, { instance }], true],
        [
          'an instance that looks the same',
          [a, { instance }],
          [a, { instance: new URL('redis://one') }],
          false,
        ],
        ['another value of the same name', s.plugin('a'), s.plugin('a'), false],
      ]
    })(),
  )('%s: carried over or not', async (_, first, second, isCarriedOver) => {
    const kernel = await startKernel([first])
    await kernel.reload({ plugins: [second], presets })
    expect(carried(kernel)).toEqual(isCarriedOver ? ['a'] : [])
  })

  test('sees that options were changed in place', async () => {
    const s = new Subject()
    const options = { deep: { url: 'x' } }
    const plugins: PluginEntry[] = [[s.plugin('a'), options]]
    const kernel = await startKernel(plugins)
    options.deep.url = 'y'
    await kernel.reload({ plugins, presets })
    expect(s.take()).toEqual(['start a', 'start a', 'stop a'])
  })

  test.each([
    ['requires', 'approvals'],
    ['optional', 'approvals'],
    ['decorates', 'approvals'],
  ])('starts anew who %s a changed %s, and who rests on that one', async (verb, name) => {
    const s = new Subject()
    const source = (): Plugin => s.plugin('source', { provides: [name] })
    const others = [
      s.plugin('middle', { [verb]: [name], provides: ['acmeMiddle'] }),
      s.plugin('top', { requires: ['acmeMiddle'] }),
      s.plugin('aside', { requires: ['clock'] }),
    ]
    const kernel = await startKernel([source(), ...others])
    s.take()
    await kernel.reload({ plugins: [source(), ...others], presets })
    expect(carried(kernel)).toEqual(['aside'])
    expect(s.take()).toEqual([
      'start source',
      'start middle',
      'start top',
      'stop top',
      'stop middle',
      'stop source',
    ])
  })

  test.each([
    ['read in its setup', true],
    ['did not', false],
  ])('with another collection starts anew who %s', async (_what, readsIt) => {
    let live: { readonly tools: readonly unknown[] } | undefined
    let starts = 0
    const adding = (by: string): Plugin =>
      definePlugin({
        name: 'adding',
        apiVersion: 1,
        contributes: ['tools'],
        setup: () => ({ tools: [{ by }] }) as never,
      })
    const asking = definePlugin({
      name: 'asking',
      apiVersion: 1,
      requires: ['tools'],
      setup({ services }) {
        starts += 1
        live = readsIt ? { tools: services.tools } : services
        return {}
      },
    })
    const kernel = await startKernel([adding('first'), asking])
    expect(live!.tools).toEqual([{ by: 'first' }])
    await kernel.reload({ plugins: [adding('second'), asking], presets })
    expect([starts, carried(kernel)]).toEqual(readsIt ? [2, []] : [1, ['asking']])
    expect(live!.tools).toEqual([{ by: 'second' }])
  })

  test('starts anew who decorates when a decorator below it changes, not when one above does', async () => {
    const s = new Subject()
    const filler = s.plugin('filler', { provides: ['approvals'] })
    const middle = s.plugin('middle', { decorates: ['approvals'] })
    const other = (name: string): Plugin => s.plugin(name, { decorates: ['approvals'] })
    const kernel = await startKernel([filler, other('below'), middle])
    await kernel.reload({ plugins: [filler, other('below'), middle], presets })
    expect(carried(kernel)).toEqual(['filler'])
    await kernel.reload({ plugins: [filler, middle, other('above')], presets })
    expect(carried(kernel)).toEqual(['filler'])
    await kernel.reload({ plugins: [filler, middle, other('above')], presets })
    expect(carried(kernel)).toEqual(['filler', 'middle'])
  })

  test('starts anew who got an optional service, or lost a slot', async () => {
    const s = new Subject()
    const wishes = s.plugin('wishes', { optional: ['approvals'] })
    const kernel = await startKernel([wishes])
    await kernel.reload({ plugins: [wishes, s.plugin('filler', { provides: ['approvals'] })], presets })
    expect(carried(kernel)).toEqual([])
    const two = s.plugin('two', { provides: ['approvals', 'resources'] })
    const preset = { name: 'p', plugins: [two] }
    await kernel.reload({ plugins: [], presets: [base, preset] })
    await kernel.reload({ plugins: [s.plugin('x', { provides: ['approvals'] })], presets: [base, preset] })
    expect(carried(kernel)).toEqual([])
    expect((get(kernel, 'resources') as { by: string }).by).toBe('two')
  })

  test('keeps taps, in the new order, and what they counted', async () => {
    const seen: string[] = []
    const taps = (name: string): Plugin =>
      definePlugin({
        name,
        apiVersion: 1,
        setup: ({ hooks }) => {
          hooks.tap('turn.start', () => void seen.push(name))
          return {}
        },
      })
    const [a, b] = [taps('a'), taps('b')]
    const kernel = await startKernel([a, b])
    const call = (): unknown =>
      void kernel.current.hooks.observe('turn.start', INPUTS['turn.start'], dispatchContext())
    call()
    await kernel.reload({ plugins: [b, a], presets })
    call()
    expect(seen).toEqual(['a', 'b', 'b', 'a'])
    expect(kernel.describe().taps['turn.start']).toMatchObject([
      { plugin: 'b', calls: 2 },
      { plugin: 'a', calls: 2 },
    ])
  })

  test('gives plugins that are carried over the new logger, and their services as before', async () => {
    const [one, two] = [new LineLogger(), new LineLogger()]
    const logs = (logger: LineLogger): Plugin =>
      definePlugin({ name: 'logs', apiVersion: 1, provides: ['logger'], setup: () => ({ logger }) })
    const seen: unknown[] = []
    const writer = definePlugin({
      name: 'writer',
      apiVersion: 1,
      requires: ['clock'],
      setup: ({ logger, hooks }) => {
        hooks.tap('turn.start', (_, { services }) => {
          logger.info('called')
          seen.push(services.clock)
        })
        return {}
      },
    })
    const kernel = await startKernel([logs(one), writer])
    await kernel.reload({ plugins: [logs(two), writer], presets })
    expect(carried(kernel)).toEqual(['writer'])
    void kernel.current.hooks.observe('turn.start', INPUTS['turn.start'], dispatchContext())
    expect([one.lines, two.lines]).toEqual([[], [['info', 'called', { plugin: 'writer' }]]])
    expect(seen).toEqual([kernel.current.get('clock')])
  })
})

describe('a reload that fails', () => {
  test('leaves the same generation, and nothing of its own', async () => {
    const s = new Subject()
    const kept = s.plugin('kept', { provides: ['approvals'] })
    const kernel = await startKernel([kept])
    const { current } = kernel
    s.take()
    const bad = s.plugin('bad', {}, () => Promise.reject(new Error('boom')))
    await expect(kernel.reload({ plugins: [kept, s.plugin('fresh'), bad], presets })).rejects.toMatchObject({
      code: 'ERR_PLUGIN_SETUP',
      plugin: 'bad',
    })
    expect(s.take()).toEqual(['start fresh', 'start bad', 'stop bad', 'stop fresh'])
    expect(kernel.current).toBe(current)
    expect(kernel.describe()).toMatchObject({ generation: 1, retiredGenerations: 0 })
    await expect(kernel.reload({ plugins: [], presets: [] })).rejects.toMatchObject({
      code: 'ERR_SERVICE_MISSING',
    })
    await kernel.reload({ plugins: [kept], presets })
    expect([kernel.current.number, s.take()]).toEqual([2, []])
  })

  test('does not hold up the next one: reloads run one at a time, in order', async () => {
    const s = new Subject()
    const slow = (name: string, fails = false): Plugin =>
      s.plugin(name, {}, async () => {
        await sleep(3)
        s.seen.push(`ready ${name}`)
        if (fails) throw new Error('boom')
      })
    const kernel = await startKernel()
    const reloads = [slow('a'), slow('b', true), slow('c')].map((plugin) =>
      kernel.reload({ plugins: [plugin], presets }),
    )
    const settled = await Promise.allSettled(reloads)
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(s.take()).toEqual([
      'start a',
      'ready a',
      'start b',
      'ready b',
      'stop b',
      'start c',
      'ready c',
      'stop a',
    ])
    expect(kernel.current.number).toBe(3)
  })
})

describe('a generation that is in use', () => {
  test('lives until its last user lets go, and with it what only it has', async () => {
    const s = new Subject()
    const kept = s.plugin('kept')
    const kernel = await startKernel([kept, s.plugin('old', { provides: ['approvals'] })])
    const pins = [kernel.pin(), kernel.pin()] as const
    const [{ generation }] = pins
    s.take()
    await kernel.reload({ plugins: [kept, s.plugin('new', { provides: ['approvals'] })], presets })
    expect(s.take()).toEqual(['start new'])
    expect(kernel.describe().retiredGenerations).toBe(1)
    expect(generation.get('approvals')).toMatchObject({ by: 'old' })
    pins[0].release()
    pins[0].release()
    await sleep(0)
    expect(s.take()).toEqual([])
    pins[1].release()
    await sleep(0)
    expect(s.take()).toEqual(['stop old'])
    expect(kernel.describe().retiredGenerations).toBe(0)
  })

  test('that is current stays when nobody uses it', async () => {
    const s = new Subject()
    const kernel = await startKernel([s.plugin('a')])
    kernel.pin().release()
    await sleep(0)
    expect(s.take()).toEqual(['start a'])
  })

  test('is stopped with the kernel, pinned or not, the youngest first', async () => {
    const s = new Subject()
    const kernel = await startKernel([s.plugin('one')])
    kernel.pin()
    await kernel.reload({ plugins: [s.plugin('two')], presets })
    kernel.pin()
    await kernel.reload({ plugins: [s.plugin('three')], presets })
    s.take()
    await kernel.dispose()
    expect(s.take()).toEqual(['stop three', 'stop two', 'stop one'])
  })
})

describe('under open sessions', () => {
  const s = new Subject()
  const store = (): Plugin => s.plugin('store', { provides: ['sessionStore'], requires: ['acmeDisk'] })
  const disk = (): Plugin => s.plugin('disk', { provides: ['acmeDisk'] })

  test.each([
    ['the store', [disk(), store()], (old: readonly Plugin[]) => [old[0]!, store()]],
    ['what the store rests on', [disk(), store()], (old: readonly Plugin[]) => [disk(), old[1]!]],
    [
      'a decorator of the store',
      [s.plugin('cache', { decorates: ['sessionStore'] })],
      () => [s.plugin('cache', { decorates: ['sessionStore'] })],
    ],
    ['the key-value storage', [], () => [s.plugin('kv', { provides: ['keyValue'] })]],
    ['the key-value storage (gone)', [s.plugin('kv', { provides: ['keyValue'] })], () => []],
  ])('a reload that changes %s is refused before anything starts', async (_, before, after) => {
    let hasOpenSessions = true
    const kernel = await startKernel(before, kernelOptions({ hasOpenSessions: () => hasOpenSessions }))
    s.take()
    const plugins = after(before)
    await expect(kernel.reload({ plugins, presets })).rejects.toMatchObject({ code: 'ERR_RELOAD_IN_USE' })
    expect(s.take()).toEqual([])
    expect(kernel.current.number).toBe(1)
    hasOpenSessions = false
    await kernel.reload({ plugins, presets })
    expect(kernel.current.number).toBe(2)
  })

  test('anything else may change', async () => {
    const plugins = [disk(), store()]
    const kernel = await startKernel(plugins, kernelOptions({ hasOpenSessions: () => true }))
    await kernel.reload({ plugins: [...plugins, s.plugin('x', { provides: ['approvals'] })], presets })
    expect(kernel.current.number).toBe(2)
  })

  test('a session that is opened while the reload runs counts: the reload is undone', async () => {
    let hasOpenSessions = false
    const kernel = await startKernel(
      [disk(), store()],
      kernelOptions({ hasOpenSessions: () => hasOpenSessions }),
    )
    s.take()
    const opens = s.plugin('opens', {}, () => {
      hasOpenSessions = true
    })
    await expect(kernel.reload({ plugins: [disk(), store(), opens], presets })).rejects.toMatchObject({
      code: 'ERR_RELOAD_IN_USE',
      plugin: 'store',
    })
    expect(s.take()).toEqual([
      'start disk',
      'start store',
      'start opens',
      'stop opens',
      'stop store',
      'stop disk',
    ])
    expect(kernel.current.number).toBe(1)
  })
})

describe('an exclusive plugin', () => {
  test('is carried over like any other when nothing changed', async () => {
    const s = new Subject()
    const port = s.plugin('port', { exclusive: true })
    const kernel = await startKernel([port])
    await kernel.reload({ plugins: [port], presets })
    expect(s.take()).toEqual(['start port'])
  })

  test('stops before its successor starts', async () => {
    const s = new Subject()
    const port = (): Plugin => s.plugin('port', { exclusive: true })
    const kernel = await startKernel([port()])
    await kernel.reload({ plugins: [s.plugin('first'), port()], presets })
    expect(s.take()).toEqual(['start port', 'start first', 'stop port', 'start port'])
    await kernel.dispose()
    expect(s.take()).toEqual(['stop port', 'stop first'])
  })

  test('is gone when the reload fails after that, and the error says so', async () => {
    const s = new Subject()
    const port = (fails = false): Plugin =>
      s.plugin('port', { exclusive: true }, () => (fails ? Promise.reject(new Error('in use')) : undefined))
    const first = port()
    const kernel = await startKernel([first])
    await expect(kernel.reload({ plugins: [port(true)], presets })).rejects.toMatchObject({
      code: 'ERR_PLUGIN_SETUP',
      plugin: 'port',
      message: expect.stringContaining('port of the running generation had to stop first and is gone'),
    })
    expect(kernel.current.number).toBe(1)
    s.take()
    await kernel.reload({ plugins: [first], presets })
    expect([kernel.current.number, s.take()]).toEqual([2, ['start port']])
  })
})

test('a session scope belongs to its generation: the next one makes its own', async () => {
  const seen: string[] = []
  const scoped = (n: number): Plugin =>
    definePlugin({
      name: 'scoped',
      apiVersion: 1,
      provides: ['contextManager'],
      setup: () => ({
        contextManager: perSession(({ defer }) => {
          defer(() => void seen.push(`closed ${n}`))
          return { n } as never
        }),
      }),
    })
  const kernel = await startKernel([scoped(1)])
  const old = kernel.current.openSession(blueprint)
  await kernel.reload({ plugins: [scoped(2)], presets })
  expect(seen).toEqual(['closed 1'])
  expect(kernel.current.openSession(blueprint).get('contextManager')).toEqual({ n: 2 })
  expect(old.get('contextManager')).toEqual({ n: 1 })
})

test('1,000 reloads leave no generation, no plugin, no timer and no service behind', async () => {
  let alive = 0
  const services: WeakRef<object>[] = []
  const fresh = (): Plugin =>
    definePlugin({
      name: 'fresh',
      apiVersion: 1,
      requires: ['clock'],
      provides: ['contextManager', 'approvals'],
      setup: async ({ defer, hooks }) => {
        alive++
        defer(() => void alive--)
        const service = { ballast: new Uint8Array(10_000) }
        services.push(new WeakRef(service))
        hooks.tap('turn.start', async () => void service.ballast)
        await Promise.resolve()
        return { approvals: service as never, contextManager: perSession(() => ({ service }) as never) }
      },
    })
  const carriedOver = definePlugin({
    name: 'carried',
    apiVersion: 1,
    requires: ['clock'],
    setup: ({ hooks }) => {
      hooks.tap('turn.start', (_, { services }) => void services.clock)
      return {}
    },
  })
  const kernel = await startKernel([carriedOver, fresh()])
  const timers = (): number => process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length
  const before = timers()
  const turnAndReload = async (): Promise<void> => {
    const pin = kernel.pin()
    const scope = pin.generation.openSession(blueprint)
    const called = pin.generation.hooks.observe(
      'turn.start',
      INPUTS['turn.start'],
      dispatchContext({ scope }),
    )
    await kernel.reload({ plugins: [carriedOver, fresh()], presets })
    await called
    pin.release()
  }
  for (let n = 0; n < 1_000; n++) await turnAndReload()
  await sleep(0)
  expect(alive).toBe(1)
  expect(kernel.describe()).toMatchObject({ generation: 1_001, retiredGenerations: 0 })
  expect(timers()).toBeLessThanOrEqual(before)
  collectGarbage()
  await sleep(0)
  collectGarbage()
  const kept = services.flatMap((service, n) => (service.deref() ? [n] : []))
  expect(kept).toEqual([1_000])
})

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
}

test('describe is plain data', async () => {
  const s = new Subject()
  const kernel = await startKernel([s.plugin('a', { provides: ['approvals'], contributes: ['tools'] })])
  const description = kernel.describe()
  expect(JSON.parse(JSON.stringify(description))).toEqual(description)
  expect(description).toMatchObject({
    generation: 1,
    plugins: [
      { name: 'base', origin: 'preset base' },
      { name: 'a', origin: 'config', isCarriedOver: false },
    ],
    slots: { approvals: { plugin: 'a', decorators: [] }, clock: { plugin: 'base', decorators: [] } },
    collections: { tools: ['a'], providers: [] },
    notStarted: [],
    retiredGenerations: 0,
  })
})

test('describe counts every call of a tap, and estimates what it took', async () => {
  const taps = definePlugin({
    name: 'taps',
    apiVersion: 1,
    setup: ({ hooks }) => {
      hooks.tap('turn.start', () => sleep(4), { order: 'post' })
      hooks.tap('toolCall.guard', () => {
        const until = performance.now() + 0.2
        while (performance.now() < until);
      })
      return {}
    },
  })
  const kernel = await startKernel([taps])
  for (let n = 0; n < 5; n++)
    await kernel.current.hooks.observe('turn.start', INPUTS['turn.start'], dispatchContext())
  for (let n = 0; n < 160; n++)
    void kernel.current.hooks.guard('toolCall.guard', INPUTS['toolCall.guard'], dispatchContext())
  const { taps: described } = kernel.describe()
  const [slow, busy] = (['turn.start', 'toolCall.guard'] as HookName[]).map((hook) => described[hook]![0]!)
  expect(slow).toMatchObject({ plugin: 'taps', order: 'post', calls: 5 })
  expect(slow!.totalMs).toBeGreaterThan(5 * 3.5)
  expect(busy).toMatchObject({ order: 'plain', calls: 160 })
  expect(busy!.totalMs).toBeGreaterThan(160 * 0.2 * 0.9)
})

test('plugins fold their session state by what their manifests say', async () => {
  const sessionState = { version: 1, initial: 0, reduce: (state: unknown) => (state as number) + 1 }
  const kernel = await startKernel([
    definePlugin({ name: 'counts', apiVersion: 1, sessionState, setup: () => ({}) }),
  ])
  expect([...kernel.current.reducers]).toEqual([['counts', sessionState]])
})
