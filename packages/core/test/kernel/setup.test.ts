import { definePlugin, perSession, type Logger, type Plugin } from '@halter/core'
import { describe, expect, test } from 'vitest'
import { Kernel } from '../../src/kernel/kernel.ts'
import {
  base,
  basePlugin,
  kernelOptions,
  LineLogger,
  startKernel,
  tapping,
  type Warning,
} from './fixtures.ts'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const short = { setup: 30, tap: 30, cleanup: 30 }

function plugin(name: string, spec: Record<string, unknown>): Plugin {
  return definePlugin({ name, apiVersion: 1, setup: () => ({}), ...spec } as never)
}

async function failure(
  plugins: readonly Plugin[],
  options = kernelOptions({ timeouts: short }),
): Promise<{ error: unknown; warnings: Warning[] }> {
  const error: unknown = await Kernel.start({ plugins, presets: [base] }, options).then(
    () => expect.unreachable('the kernel started'),
    (reason: unknown) => reason,
  )
  return { error, warnings: options.warnings }
}

describe('a setup that', () => {
  const boom = new Error('boom')

  test.each([
    [
      'throws',
      () => {
        throw boom
      },
    ],
    ['rejects', () => Promise.reject(boom)],
    ['rejects later', () => sleep(1).then(() => Promise.reject(boom))],
  ])('%s fails the start, with its cause', async (_, setup) => {
    const { error } = await failure([plugin('bad', { setup })])
    expect(error).toMatchObject({ code: 'ERR_PLUGIN_SETUP', plugin: 'bad', cause: boom })
    expect(error).toHaveProperty('message', expect.stringMatching(/^The setup of bad failed: boom\. /))
  })

  test('hangs fails the start when its time is over, and its signal tells it', async () => {
    let reason: unknown
    const setup = ({ signal }: { signal: AbortSignal }): Promise<unknown> => {
      signal.addEventListener('abort', () => (reason = signal.reason))
      return new Promise(() => {})
    }
    const { error } = await failure([plugin('bad', { setup })])
    expect(error).toMatchObject({ code: 'ERR_PLUGIN_SETUP', plugin: 'bad' })
    expect(error).toHaveProperty('message', expect.stringContaining('within 30 ms'))
    expect(reason).toBe(error)
  })

  test.each([
    [
      'returns nothing',
      { provides: ['approvals'] },
      undefined,
      /it returned undefined instead of an object with approvals/,
    ],
    ['returns a string', {}, 'x', /it returned a value of type string/],
    [
      'leaves out a slot',
      { provides: ['approvals', 'resources'] },
      { approvals: {} },
      /that it provides "resources", and it did not/,
    ],
    ['leaves out a collection', { contributes: ['tools'] }, {}, /that it contributes "tools"/],
    ['leaves out a decorator', { decorates: ['clock'] }, {}, /that it decorates "clock"/],
    [
      'returns what it did not declare',
      {},
      { approvals: {} },
      /it returned "approvals", which the manifest does not declare/,
    ],
    [
      'returns no service',
      { provides: ['approvals'] },
      { approvals: 1 },
      /"approvals" is a value of type number/,
    ],
    ['returns null', { provides: ['approvals'] }, { approvals: null }, /"approvals" is null/],
    [
      'returns a promise for a service',
      { provides: ['approvals'] },
      { approvals: Promise.resolve({}) },
      /a promise; await it first/,
    ],
    [
      'returns one tool, not a list',
      { contributes: ['tools'] },
      { tools: {} },
      /"tools" is a value of type object, not an array/,
    ],
    [
      'returns a list with a hole',
      { contributes: ['tools'] },
      { tools: [{}, undefined] },
      /element 1 is undefined/,
    ],
    [
      'returns no function to decorate',
      { decorates: ['clock'] },
      { clock: {} },
      /not a function that takes the inner service/,
    ],
    [
      'makes the logger per session',
      { provides: ['logger'] },
      { logger: perSession(() => ({}) as Logger) },
      /needed before there is any/,
    ],
  ])('%s is refused', async (_, manifest, result, message) => {
    const { error } = await failure([plugin('bad', { ...manifest, setup: () => result })])
    expect(error).toMatchObject({ code: 'ERR_PLUGIN_SETUP', plugin: 'bad' })
    expect(error).toHaveProperty('message', expect.stringMatching(message))
  })

  test('breaks its manifest in several ways hears of all', async () => {
    const { error } = await failure([
      plugin('bad', {
        provides: ['approvals'],
        contributes: ['tools'],
        setup: () => ({ approvals: 1, extra: 1 }),
      }),
    ])
    expect(error).toHaveProperty('message', expect.stringMatching(/"extra".*"approvals".*"tools"/))
  })

  test.each([
    [
      'throws',
      () => {
        throw boom
      },
      /failed to make "clock": boom\./,
    ],
    ['returns nothing', () => undefined, /made "clock", and that is undefined/],
    ['returns a promise', async () => ({}), /that is a promise/],
  ])('gives a decorator that %s fails the start in its name', async (_, decorator, message) => {
    const { error } = await failure([
      plugin('bad', { decorates: ['clock'], setup: () => ({ clock: decorator }) }),
    ])
    expect(error).toMatchObject({ code: 'ERR_PLUGIN_SETUP', plugin: 'bad' })
    expect(error).toHaveProperty('message', expect.stringMatching(message))
  })
})

describe('a failed start', () => {
  test('undoes everything, last first, one at a time, whatever the cleanups do', async () => {
    const seen: string[] = []
    const leaves = (name: string, cleanup: () => unknown = () => undefined): Plugin =>
      plugin(name, {
        setup: ({ defer }: { defer: (run: () => unknown) => void }) => {
          defer(async () => {
            seen.push(`${name} 1 begins`)
            await sleep(1)
            seen.push(`${name} 1 ends`)
          })
          defer(() => {
            seen.push(`${name} 2`)
            return cleanup()
          })
          if (name === 'last') throw new Error('boom')
          return {}
        },
      })
    const { error, warnings } = await failure([
      leaves('first'),
      leaves('throws', () => {
        throw new Error('cannot')
      }),
      leaves('hangs', () => new Promise(() => {})),
      leaves('last', () => Promise.reject(new Error('neither'))),
      leaves('never'),
    ])
    expect(error).toMatchObject({ code: 'ERR_PLUGIN_SETUP', plugin: 'last' })
    expect(seen).toEqual(
      ['last', 'hangs', 'throws', 'first'].flatMap((name) => [
        `${name} 2`,
        `${name} 1 begins`,
        `${name} 1 ends`,
      ]),
    )
    expect(warnings).toEqual([
      { code: 'ERR_PLUGIN_CLEANUP', message: expect.stringContaining('failed: neither.'), plugin: 'last' },
      {
        code: 'ERR_PLUGIN_CLEANUP',
        message: expect.stringContaining('did not settle within 30 ms'),
        plugin: 'hangs',
      },
      { code: 'ERR_PLUGIN_CLEANUP', message: expect.stringContaining('failed: cannot.'), plugin: 'throws' },
    ])
  })

  test('runs at once what a hung setup defers when it comes back', async () => {
    const seen: string[] = []
    const { error } = await failure([
      plugin('slow', {
        setup: async ({ defer }: { defer: (run: () => void) => void }) => {
          await sleep(60)
          defer(() => void seen.push('closed'))
          return {}
        },
      }),
    ])
    expect(error).toMatchObject({ plugin: 'slow' })
    expect(seen).toEqual([])
    await sleep(60)
    expect(seen).toEqual(['closed'])
  })

  test('tells what the plugins had logged as warnings, as there is no logger to write it', async () => {
    const options = kernelOptions({ timeouts: short })
    const started = Kernel.start(
      {
        plugins: [
          plugin('early', {
            setup: ({ logger }: { logger: Logger }) => {
              logger.info('hello')
              logger.warn('disk is low')
              throw new Error('boom')
            },
            before: ['base'],
          }),
          basePlugin(),
        ],
      },
      options,
    )
    await expect(started).rejects.toMatchObject({ plugin: 'early' })
    expect(options.warnings).toEqual([
      { code: 'PLUGIN_LOG', message: 'early logged: disk is low', plugin: 'early' },
    ])
  })
})

describe('dispose', () => {
  test('stops all plugins, last first; what fails or hangs is a warning with its name', async () => {
    const seen: string[] = []
    const options = kernelOptions({ timeouts: short })
    const kernel = await startKernel(
      ['a', 'b', 'c'].map((name) =>
        plugin(name, {
          setup: ({ defer }: { defer: (run: () => unknown) => void }) => {
            defer(() => void seen.push(name))
            if (name === 'b') defer(() => new Promise(() => {}))
            if (name === 'c') defer(() => Promise.reject(new Error('stuck')))
            return {}
          },
        }),
      ),
      options,
    )
    await Promise.all([kernel.dispose(), kernel.dispose()])
    expect(seen).toEqual(['c', 'b', 'a'])
    expect(options.warnings.map(({ code, plugin }) => [code, plugin])).toEqual([
      ['ERR_PLUGIN_CLEANUP', 'c'],
      ['ERR_PLUGIN_CLEANUP', 'b'],
    ])
    expect(() => kernel.pin()).toThrow(expect.objectContaining({ code: 'ERR_RUNTIME_CLOSED' }))
    await expect(kernel.reload({})).rejects.toMatchObject({ code: 'ERR_RUNTIME_CLOSED' })
  })

  test('what is deferred must be a function: a promise has already run', async () => {
    const { error } = await failure([
      plugin('bad', {
        setup: ({ defer }: { defer: (run: unknown) => void }) => {
          defer(Promise.resolve())
          return {}
        },
      }),
    ])
    expect(error).toMatchObject({
      code: 'ERR_PLUGIN_SETUP',
      cause: { code: 'ERR_PLUGIN_CLEANUP', plugin: 'bad' },
    })
  })
})

describe('the logger of a plugin', () => {
  test('keeps lines until the slot is filled, then writes them, with the plugin’s name', async () => {
    const logger = new LineLogger()
    let late: Logger | undefined
    const kernel = await Kernel.start(
      {
        plugins: [
          plugin('early', {
            before: ['base'],
            setup: (ctx: { logger: Logger }) => {
              ctx.logger.info('one', { n: 1 })
              late = ctx.logger.child({ part: 'x' })
              late.warn('two')
              expect(logger.lines).toEqual([])
              return {}
            },
          }),
          basePlugin({ logger }),
          plugin('after', {
            setup: (ctx: { logger: Logger }) => {
              ctx.logger.error('three')
              return {}
            },
          }),
        ],
      },
      kernelOptions(),
    )
    late!.child({ deep: true }).debug('four', { n: 4 })
    expect(logger.lines).toEqual([
      ['info', 'one', { plugin: 'early', n: 1 }],
      ['warn', 'two', { plugin: 'early', part: 'x' }],
      ['error', 'three', { plugin: 'after' }],
      ['debug', 'four', { plugin: 'early', part: 'x', deep: true, n: 4 }],
    ])
    await kernel.dispose()
  })
})

test('what setup gets is frozen, and has the services that it asked for', async () => {
  let seen: unknown[] = []
  await startKernel([
    tapping('a', (ctx) => {
      seen = [Object.isFrozen(ctx), Object.isFrozen(ctx.services), Object.keys(ctx.services), ctx.lostSlots]
    }),
  ])
  expect(seen).toEqual([true, true, [], []])
})

test('a plugin may take what it requires apart in setup', async () => {
  let seen: unknown
  await startKernel([
    definePlugin({
      name: 'a',
      apiVersion: 1,
      requires: ['clock'],
      setup: ({ services: { clock } }) => {
        seen = clock
        return {}
      },
    }),
  ])
  expect(seen).toEqual({ stubOf: 'clock' })
})
