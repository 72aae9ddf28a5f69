import {
  definePlugin,
  perSession,
  perTurn,
  type ContextManager,
  type Plugin,
  type SessionCradle,
  type TurnCradle,
} from '@halter/core'
import type { SessionBlueprint } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import type { Kernel } from '../../src/kernel/kernel.ts'
import { blueprint, dispatchContext, INPUTS, kernelOptions, startKernel } from './fixtures.ts'

/** A service that tells how it was made. */
type Made = ContextManager & {
  readonly n: number
  readonly session: SessionBlueprint
  readonly cradle: () => SessionCradle
}

let count = 0
const nextNumber = (): number => ++count

/** Takes the slot from the base preset and makes it per session. */
const perSessionManager = definePlugin({
  name: 'per-session',
  apiVersion: 1,
  provides: ['contextManager'],
  setup: () => ({
    contextManager: perSession(
      (cradle) =>
        ({ n: nextNumber(), session: cradle.session, cradle: () => cradle }) as unknown as ContextManager,
    ),
  }),
})

const perTurnAssembler = definePlugin({
  name: 'per-turn',
  apiVersion: 1,
  provides: ['promptAssembler'],
  setup: () => ({
    promptAssembler: perTurn(
      ({ turnId, signal, contextManager }: TurnCradle) =>
        ({ n: nextNumber(), turnId, signal, contextManager }) as never,
    ),
  }),
})

const another: SessionBlueprint = { ...blueprint, sessionId: 's2' }
const turn = (turnId = 't1') => ({ turnId, signal: new AbortController().signal })
const managerOf = (scope: { get(name: 'contextManager'): unknown }): Made =>
  scope.get('contextManager') as Made

describe('without per-session services', () => {
  test('all sessions and turns share one scope, which is the root', async () => {
    const { current } = await startKernel()
    const session = current.openSession(blueprint)
    expect(current.openSession(another)).toBe(session)
    expect(session.openTurn(turn())).toBe(session.openTurn(turn('t2')))
    expect(session.get('clock')).toBe(current.get('clock'))
    expect(session.openTurn(turn()).get('clock')).toBe(current.get('clock'))
    expect(session.get('approvals')).toBeUndefined()
    await session.openTurn(turn()).close()
    await session.close()
    expect(session.get('clock')).toBe(current.get('clock'))
  })
})

describe('a per-session service', () => {
  test('is made once per session, and is the same in all its turns', async () => {
    const { current } = await startKernel([perSessionManager, perTurnAssembler])
    const [one, two] = [current.openSession(blueprint), current.openSession(another)]
    expect(managerOf(one)).toBe(managerOf(one))
    expect(managerOf(one.openTurn(turn()))).toBe(managerOf(one))
    expect(managerOf(one.openTurn(turn('t2')))).toBe(managerOf(one))
    expect(managerOf(two)).not.toBe(managerOf(one))
    expect([managerOf(one).session.sessionId, managerOf(two).session.sessionId]).toEqual(['s1', 's2'])
  })

  test('does not leak into another session by way of its cradle', async () => {
    const { current } = await startKernel([perSessionManager])
    const [one, two] = [current.openSession(blueprint), current.openSession(another)]
    expect(managerOf(one).cradle().contextManager).toBe(managerOf(one))
    expect(managerOf(two).cradle().contextManager).toBe(managerOf(two))
  })

  test('is not there outside a session: not at the root, not in setup, not in a tap without one', async () => {
    const outOfScope = expect.objectContaining({ code: 'ERR_SERVICE_SCOPE', plugin: 'per-session' })
    const seen: unknown[] = []
    const read = (services: { contextManager: unknown }): void => {
      try {
        seen.push(services.contextManager)
      } catch (error) {
        seen.push(error)
      }
    }
    const reader = definePlugin({
      name: 'reader',
      apiVersion: 1,
      requires: ['contextManager', 'clock'],
      setup: ({ services, hooks }) => {
        read(services)
        hooks.tap('turn.start', (_, ctx) => read(ctx.services))
        return {}
      },
    })
    const { current } = await startKernel([reader, perSessionManager])
    expect(() => current.get('contextManager')).toThrow(outOfScope)
    const scope = current.openSession(blueprint)
    void current.hooks.observe('turn.start', INPUTS['turn.start'], dispatchContext())
    void current.hooks.observe('turn.start', INPUTS['turn.start'], dispatchContext({ scope }))
    void current.hooks.observe(
      'turn.start',
      INPUTS['turn.start'],
      dispatchContext({ scope: scope.openTurn(turn()) }),
    )
    expect(seen).toEqual([outOfScope, outOfScope, managerOf(scope), managerOf(scope)])
  })

  test('in setup fails a setup that lets the error out, and says where it can be read', async () => {
    const reader = definePlugin({
      name: 'reader',
      apiVersion: 1,
      requires: ['contextManager'],
      setup: ({ services: { contextManager } }) => {
        void contextManager
        return {}
      },
    })
    await expect(startKernel([reader, perSessionManager])).rejects.toMatchObject({
      code: 'ERR_PLUGIN_SETUP',
      plugin: 'reader',
      cause: {
        code: 'ERR_SERVICE_SCOPE',
        message: expect.stringContaining('in a tap or a perSession factory'),
      },
    })
  })

  test('cleans up with its session, last first, and only then', async () => {
    const seen: string[] = []
    const options = kernelOptions({ timeouts: { setup: 30, tap: 30, cleanup: 30 } })
    const { current } = await startKernel(
      [
        definePlugin({
          name: 'cleans',
          apiVersion: 1,
          provides: ['contextManager'],
          setup: () => ({
            contextManager: perSession(({ session, defer }) => {
              defer(() => void seen.push(`${session.sessionId} first`))
              defer(() => new Promise<void>(() => {}))
              defer(() => void seen.push(`${session.sessionId} last`))
              return {} as ContextManager
            }),
          }),
        }),
      ],
      options,
    )
    const [one, two] = [current.openSession(blueprint), current.openSession(another)]
    await Promise.all([one.close(), one.close()])
    expect(seen).toEqual(['s1 last', 's1 first'])
    expect(options.warnings).toMatchObject([{ code: 'ERR_PLUGIN_CLEANUP', plugin: 'cleans' }])
    await two.close()
    expect(seen.slice(2)).toEqual(['s2 last', 's2 first'])
  })

  test('that cannot be made fails the opening, names its plugin and session, and leaves nothing', async () => {
    const seen: string[] = []
    const kernel = await startKernel([
      definePlugin({
        name: 'sound',
        apiVersion: 1,
        provides: ['contextManager'],
        setup: () => ({
          contextManager: perSession(({ defer }) => {
            defer(() => void seen.push('cleaned'))
            return {} as ContextManager
          }),
        }),
      }),
      failing(() => {
        throw new Error('boom')
      }),
    ])
    expect(() => kernel.current.openSession(blueprint)).toThrow(
      expect.objectContaining({
        code: 'ERR_PLUGIN_SETUP',
        plugin: 'bad',
        message: 'bad failed to make "promptAssembler" for session s1: boom. Repair bad.',
      }),
    )
    await Promise.resolve()
    expect(seen).toEqual(['cleaned'])
  })

  test.each([
    ['nothing', () => undefined, 'undefined'],
    ['a promise', async () => ({}), 'a promise'],
  ])('must not be %s', async (_, make, message) => {
    const { current } = await startKernel([failing(make)])
    expect(() => current.openSession(blueprint)).toThrow(message)
  })

  test('may use another one, in whatever order they were made; a circle is an error', async () => {
    const uses = (name: string, slot: 'contextManager' | 'promptAssembler', other: string): Plugin =>
      definePlugin({
        name,
        apiVersion: 1,
        provides: [slot],
        setup: () =>
          ({
            [slot]: perSession(
              (cradle) => ({ other: (cradle as unknown as Record<string, unknown>)[other] }) as never,
            ),
          }) as never,
      })
    const fine = await startKernel([uses('a', 'contextManager', 'promptAssembler'), perSessionAssembler])
    const scope = fine.current.openSession(blueprint)
    expect((scope.get('contextManager') as unknown as { other: unknown }).other).toBe(
      scope.get('promptAssembler'),
    )
    const circle = await startKernel([
      uses('a', 'contextManager', 'promptAssembler'),
      uses('b', 'promptAssembler', 'contextManager'),
    ])
    expect(() => circle.current.openSession(blueprint)).toThrow(/Cyclic dependencies/)
  })
})

const perSessionAssembler = definePlugin({
  name: 'assembler',
  apiVersion: 1,
  provides: ['promptAssembler'],
  setup: () => ({ promptAssembler: perSession(() => ({ n: nextNumber() }) as never) }),
})

function failing(make: () => unknown): Plugin {
  return definePlugin({
    name: 'bad',
    apiVersion: 1,
    provides: ['promptAssembler'],
    setup: () => ({ promptAssembler: perSession(make as never) }),
  })
}

describe('a per-turn service', () => {
  test('is made when it is first read, once per turn, with the turn and the session’s services', async () => {
    const { current } = await startKernel([perSessionManager, perTurnAssembler])
    const session = current.openSession(blueprint)
    const before = count
    const [one, two] = [session.openTurn(turn()), session.openTurn(turn('t2'))]
    expect(count).toBe(before)
    expect(one.get('promptAssembler')).toBe(one.get('promptAssembler'))
    expect(one.get('promptAssembler')).toMatchObject({ turnId: 't1', contextManager: managerOf(session) })
    expect(two.get('promptAssembler')).toMatchObject({ turnId: 't2', contextManager: managerOf(session) })
    expect(count).toBe(before + 2)
  })

  test('is not there outside a turn', async () => {
    const { current } = await startKernel([perTurnAssembler])
    const outOfScope = expect.objectContaining({ code: 'ERR_SERVICE_SCOPE', plugin: 'per-turn' })
    expect(() => current.get('promptAssembler')).toThrow(outOfScope)
    const session = current.openSession(blueprint)
    expect(() => session.get('promptAssembler')).toThrow(outOfScope)
    expect(session.openTurn(turn()).get('promptAssembler')).toMatchObject({ turnId: 't1' })
  })

  test('cleans up with its turn', async () => {
    const seen: string[] = []
    const { current } = await startKernel([
      definePlugin({
        name: 'cleans',
        apiVersion: 1,
        provides: ['promptAssembler'],
        setup: () => ({
          promptAssembler: perTurn(({ turnId, defer }) => {
            defer(() => void seen.push(turnId))
            return {} as never
          }),
        }),
      }),
    ])
    const session = current.openSession(blueprint)
    const [one, two, unread] = ['t1', 't2', 't3'].map((id) => session.openTurn(turn(id)))
    one!.get('promptAssembler')
    two!.get('promptAssembler')
    await two!.close()
    await unread!.close()
    expect(seen).toEqual(['t2'])
    await one!.close()
    await session.close()
    expect(seen).toEqual(['t2', 't1'])
  })
})

describe('a decorator', () => {
  const wraps = (name: string): Plugin =>
    definePlugin({
      name,
      apiVersion: 1,
      decorates: ['contextManager'],
      setup: () => ({
        contextManager: (inner) => ({ ...inner, by: [...((inner as never)['by'] ?? []), name] }),
      }),
    })

  test('of a plain slot runs once, in plugin order', async () => {
    const { current } = await startKernel([wraps('one'), wraps('two')])
    expect(current.get('contextManager')).toMatchObject({ stubOf: 'contextManager', by: ['one', 'two'] })
    expect(current.get('contextManager')).toBe(current.get('contextManager'))
  })

  test('of a per-session slot runs once per session', async () => {
    const { current } = await startKernel([wraps('one'), perSessionManager, wraps('two')])
    const [one, two] = [current.openSession(blueprint), current.openSession(another)]
    expect(managerOf(one)).toMatchObject({ session: { sessionId: 's1' }, by: ['one', 'two'] })
    expect(managerOf(one)).toBe(managerOf(one))
    expect(managerOf(two)).not.toBe(managerOf(one))
  })

  test('of a per-session slot that fails is named itself', async () => {
    const bad = definePlugin({
      name: 'bad',
      apiVersion: 1,
      decorates: ['contextManager'],
      setup: () => ({
        contextManager: () => {
          throw new Error('boom')
        },
      }),
    })
    const { current } = await startKernel([perSessionManager, bad])
    expect(() => current.openSession(blueprint)).toThrow(expect.objectContaining({ plugin: 'bad' }))
  })
})

test('what sessions leave open is closed with the generation, youngest first', async () => {
  const seen: string[] = []
  const kernel: Kernel = await startKernel([
    definePlugin({
      name: 'cleans',
      apiVersion: 1,
      provides: ['contextManager', 'promptAssembler'],
      setup: ({ defer }) => {
        defer(() => void seen.push('plugin'))
        return {
          contextManager: perSession(({ session, defer: deferInSession }) => {
            deferInSession(() => void seen.push(session.sessionId))
            return {} as never
          }),
          promptAssembler: perTurn(({ turnId, defer: deferInTurn }) => {
            deferInTurn(() => void seen.push(turnId))
            return {} as never
          }),
        }
      },
    }),
  ])
  kernel.current.openSession(blueprint).openTurn(turn()).get('promptAssembler')
  kernel.current.openSession(another)
  await kernel.dispose()
  expect(seen).toEqual(['s2', 't1', 's1', 'plugin'])
})
