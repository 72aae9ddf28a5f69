import {
  definePlugin,
  HalterError,
  jsonSchema,
  type Plugin,
  type PluginEntry,
  type Preset,
} from '@halter/core'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { Kernel } from '../../src/kernel/kernel.ts'
import { checkFlat } from '../../src/flat-schema.ts'
import { base, basePlugin, kernelOptions, startKernel } from './fixtures.ts'

interface Problems {
  readonly code: string
  readonly message: string
  readonly data: {
    readonly problems: { readonly code: string; readonly message: string; readonly plugin?: string }[]
  }
}

/** Any plugin; fails the test when its setup runs. */
function plugin(name: string, manifest: Record<string, unknown> = {}): Plugin {
  return definePlugin({
    name,
    apiVersion: 1,
    setup: () => expect.unreachable(`the setup of ${name} ran`),
    ...manifest,
  } as never)
}

async function refusal(plugins: readonly unknown[], presets: readonly Preset[] = [base]): Promise<Problems> {
  const started = Kernel.start({ plugins: plugins as PluginEntry[], presets }, kernelOptions())
  return await started.then(
    () => expect.unreachable('the kernel started'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(HalterError)
      return error as Problems
    },
  )
}

describe('before any setup runs, the kernel refuses', () => {
  test.each([
    ['undefined', undefined],
    ['a string', 'my-plugin'],
    ['a module object', { default: {} }],
    ['a pair without a plugin', [undefined, {}]],
  ])('%s in the list, by its place', async (_, entry) => {
    const { code, message } = await refusal([plugin('a'), entry])
    expect(code).toBe('ERR_PLUGIN_INVALID')
    expect(message).toContain('Entry 2 of the plugin list')
  })

  test('what is no preset', async () => {
    for (const preset of [undefined, 'default', { name: 'x' }, { plugins: [] }])
      expect(await refusal([], [base, preset as never])).toMatchObject({
        code: 'ERR_PLUGIN_INVALID',
        message: expect.stringContaining('Entry 2 of the presets'),
      })
  })

  test('a plugin of another API version', async () => {
    const { code, message, data } = await refusal([plugin('a', { apiVersion: 2 })])
    expect([code, data.problems[0]?.plugin]).toEqual(['ERR_PLUGIN_API_VERSION', 'a'])
    expect(message).toContain('version 2')
  })

  test('the same name twice in one list', async () => {
    expect(await refusal([plugin('a'), plugin('a')])).toMatchObject({
      code: 'ERR_PLUGIN_DUPLICATE',
      plugin: 'a',
    })
    const preset = { name: 'twice', plugins: [plugin('a'), plugin('a')] }
    const { message } = await refusal([], [base, preset])
    expect(message).toContain('preset twice')
  })

  test('options of a plugin that takes none', async () => {
    expect(await refusal([[plugin('a'), { x: 1 }]])).toMatchObject({ code: 'ERR_PLUGIN_CONFIG', plugin: 'a' })
  })

  test.each([
    ['zod', z.object({ limit: z.number(), path: z.string() })],
    [
      'JSON Schema',
      jsonSchema({
        type: 'object',
        properties: { limit: { type: 'number' }, path: { type: 'string' } },
        required: ['limit', 'path'],
      }),
    ],
    [
      'JSON Schema that needs a library',
      jsonSchema({
        type: 'object',
        properties: {
          limit: { type: 'number' },
          path: { type: 'string' },
          more: { type: ['string', 'null'] },
        },
        required: ['limit', 'path'],
      }),
    ],
  ])('options that do not fit, with every issue: %s', async (_, config) => {
    const { code, message } = await refusal([[plugin('a', { config }), { limit: 'ten', pth: 'x' }]])
    expect(code).toBe('ERR_PLUGIN_CONFIG')
    expect(message).toMatch(/options of a .*pth: there is no such option; it has limit, path.*/)
    expect(message).toContain('limit: ')
    expect(message).toContain('path: ')
  })

  test('options that are no object, and a schema that throws', async () => {
    const config = jsonSchema({ type: 'object', properties: {} })
    expect(await refusal([[plugin('a', { config }), 'x']])).toMatchObject({ code: 'ERR_PLUGIN_CONFIG' })
    const broken = z.unknown().transform(() => {
      throw new Error('boom')
    })
    const { message } = await refusal([[plugin('a', { config: broken }), {}]])
    expect(message).toContain('its schema failed: boom.')
  })

  test('a required or decorated slot that nobody fills, naming who asks', async () => {
    const { data } = await refusal([
      plugin('rag', { requires: ['acmeVectorIndex'] }),
      plugin('cache', { decorates: ['approvals'] }),
    ])
    expect(data.problems).toEqual([
      {
        code: 'ERR_SERVICE_MISSING',
        message:
          'rag requires "acmeVectorIndex", and no plugin in the config provides it. Add a plugin that does, or remove rag.',
        plugin: 'rag',
      },
      {
        code: 'ERR_SERVICE_MISSING',
        message:
          'cache decorates "approvals", and no plugin in the config provides it. Add a plugin that does, or remove cache.',
        plugin: 'cache',
      },
    ])
  })

  test('every slot that nothing runs without, once, when it is empty', async () => {
    const { code, data } = await refusal([plugin('a', { requires: ['clock', 'tools'] })], [])
    expect(code).toBe('ERR_SERVICE_MISSING')
    const slots = data.problems.map(({ message }) => /"(\w+)"/.exec(message)?.[1])
    expect(new Set(slots)).toEqual(
      new Set([
        'budget',
        'clock',
        'contextManager',
        'environment',
        'ids',
        'logger',
        'models',
        'promptAssembler',
        'random',
        'sessionStore',
        'watcher',
      ]),
    )
    expect(slots).toHaveLength(11)
  })

  test('two plugins of the config for one slot', async () => {
    const { code, message } = await refusal([
      plugin('a', { provides: ['approvals'] }),
      plugin('b', { provides: ['approvals'] }),
    ])
    expect(code).toBe('ERR_SERVICE_DUPLICATE')
    expect(message).toBe(
      'a and b of the config both provide "approvals", and a slot has one filler. Remove one of them.',
    )
  })

  test('a slot that is a collection', async () => {
    expect(await refusal([plugin('a', { provides: ['tools'] })])).toMatchObject({
      code: 'ERR_PLUGIN_INVALID',
    })
    const { message } = await refusal([
      plugin('a', { provides: ['acmeThing'] }),
      plugin('b', { contributes: ['acmeThing'] }),
    ])
    expect(message).toContain('that b contribute to')
  })

  test('plugins that wait for each other, with the path and why', async () => {
    const { code, message } = await refusal([
      plugin('a', { provides: ['acmeA'], requires: ['acmeB'] }),
      plugin('b', { provides: ['acmeB'], optional: ['acmeC'] }),
      plugin('c', { provides: ['acmeC'], after: ['a'] }),
    ])
    expect(code).toBe('ERR_PLUGIN_CYCLE')
    expect(message).toBe(
      'a → b → c → a wait for each other: a waits for "acmeB" of b, b waits for "acmeC" of c, c is to start after a. Remove one of these, or take one plugin out.',
    )
  })

  test('a plugin that waits for itself', async () => {
    expect(await refusal([plugin('a', { provides: ['acmeA'], requires: ['acmeA'] })])).toMatchObject({
      code: 'ERR_PLUGIN_CYCLE',
    })
    expect(await refusal([plugin('a', { decorates: ['clock'], requires: ['clock'] })])).toMatchObject({
      code: 'ERR_PLUGIN_CYCLE',
    })
  })

  test('everything at once: the message lists it all, the code is the first one’s', async () => {
    const { code, message, data } = await refusal([
      'nonsense',
      plugin('old', { apiVersion: 0 }),
      plugin('x', { requires: ['acmeNothing'] }),
      [plugin('y'), { some: 'options' }],
      plugin('one', { before: ['two'] }),
      plugin('two', { before: ['one'] }),
    ])
    expect(code).toBe('ERR_PLUGIN_INVALID')
    expect(data.problems.map((problem) => problem.code)).toEqual([
      'ERR_PLUGIN_INVALID',
      'ERR_PLUGIN_API_VERSION',
      'ERR_SERVICE_MISSING',
      'ERR_PLUGIN_CYCLE',
      'ERR_PLUGIN_CONFIG',
    ])
    expect(message.split('\n')).toHaveLength(6)
    for (const problem of data.problems) expect(message).toContain(problem.message)
  })
})

describe('options', () => {
  const seen = async (config: unknown, ...options: unknown[]): Promise<unknown> => {
    let given: unknown
    const a = definePlugin({
      name: 'a',
      apiVersion: 1,
      config: config as never,
      setup: (ctx) => {
        given = ctx.config
        return {}
      },
    })
    await startKernel([options.length === 0 ? a : [a, options[0]]])
    return given
  }
  const flat = jsonSchema({
    type: 'object',
    properties: {
      limit: { type: 'integer', default: 3 },
      path: { type: 'string' },
      deep: { type: 'object' },
    },
  })

  test('that are absent are the schema’s defaults', async () => {
    expect(await seen(flat)).toEqual({ limit: 3 })
    expect(await seen(z.object({ limit: z.number().default(4) }))).toEqual({ limit: 4 })
    expect(await seen(undefined)).toBeUndefined()
    expect(await seen(undefined, {})).toBeUndefined()
  })

  test('that are given go before them', async () => {
    expect(await seen(flat, { limit: 5, path: 'x' })).toEqual({ limit: 5, path: 'x' })
    expect(await seen(flat, { path: 'x' })).toEqual({ limit: 3, path: 'x' })
  })

  test('of a schema that takes any are not called unknown', async () => {
    const open = jsonSchema({ type: 'object', properties: {}, additionalProperties: true })
    expect(await seen(open, { anything: 1 })).toEqual({ anything: 1 })
    expect(await seen(z.looseObject({}), { anything: 1 })).toEqual({ anything: 1 })
    expect(await seen(z.record(z.string(), z.number()), { anything: 1 })).toEqual({ anything: 1 })
  })

  test('of a schema that cannot show itself are checked by it alone', async () => {
    const schema = z.object({ at: z.date() }).transform(({ at }) => at.getTime())
    expect(await seen(schema, { at: new Date(5) })).toBe(5)
  })

  test('the built-in check of plain schemas and the library agree, whatever the schema and the value', () => {
    const bounds = [undefined, -1, 0, 2]
    const numbers = ['number', 'integer'].flatMap((type) =>
      bounds.flatMap((minimum) =>
        bounds.flatMap((maximum) =>
          bounds.map((exclusiveMinimum) => given({ type, minimum, maximum, exclusiveMinimum })),
        ),
      ),
    )
    const plain: readonly object[] = [
      ...[undefined, 0, 1, 2, 3].map((minLength) => given({ type: 'string', minLength })),
      ...numbers,
      { type: 'boolean' },
      { type: 'string', enum: ['a', 'b'] },
      { enum: ['a', 'abc'] },
      { enum: [0, 2, 'a'] },
      { type: 'array', items: { type: 'string' } },
      { type: 'object', additionalProperties: { type: 'string', minLength: 2 } },
    ]
    const maps = [{}, { a: 'abc' }, { a: 'b' }, { a: 1 }]
    const values = ['', 'a', 'abc', -3, -1, -0, 0, 1.5, 2, true, null, [], ['a'], [1], ...maps, undefined]
    let checks = 0
    for (const x of plain)
      for (const required of [[], ['x'], ['y']]) {
        const schema = { type: 'object', properties: { x, y: { type: 'boolean' } }, required }
        const library = z.fromJSONSchema(schema as never)
        for (const value of values)
          for (const present of [given({ x: value }), given({ x: value, y: true })]) {
            const issues = checkFlat(schema, present)
            const said = JSON.stringify({ schema, present, issues })
            expect(issues, said).toBeDefined()
            expect(issues!.length === 0, said).toBe(library.safeParse(present).success)
            checks += 1
          }
      }
    expect(checks).toBe(plain.length * 3 * values.length * 2)
  })

  test('the built-in check leaves anything else to the library', () => {
    for (const schema of [
      { type: 'object', properties: { x: { type: 'string', pattern: 'a' } } },
      { type: 'object', properties: { x: { type: ['string', 'null'] } } },
      { type: 'object', properties: { x: { type: 'object' } } },
      { type: 'object', properties: { x: { enum: [{}] } } },
      { type: 'object', properties: { x: { type: 'array' } } },
      { type: 'object', properties: { x: {} }, anyOf: [] },
      { anyOf: [] },
    ])
      expect(checkFlat(schema, {})).toBeUndefined()
  })
})

test('a plugin from another copy of the package is a plugin', async () => {
  const { setup, ...rest } = basePlugin()
  const foreign = { ...rest, [Symbol.for('halter.plugin')]: true, setup }
  const kernel = await Kernel.start({ plugins: [foreign] }, kernelOptions())
  expect(kernel.describe().plugins.map(({ name }) => name)).toEqual(['base'])
  await kernel.dispose()
})

/** An object without what is undefined. */
function given(object: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
}
