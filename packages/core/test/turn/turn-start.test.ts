import { definePlugin, EMPTY_RESOURCES, type Plugin, type ResourceSource } from '@halter/core'
import { describe, expect, test } from 'vitest'
import { settle } from '../session/support/gates.ts'
import { tapping } from '../session/support/plugins.ts'
import { partsProvider, says } from '../session/support/providers.ts'
import { startRuntime } from '../session/support/runtime.ts'
import { logOf } from '../session/support/sound.ts'
import { WatchedStore } from '../session/support/stores.ts'

function withResources(source: ResourceSource): Plugin {
  return definePlugin({
    name: 'files',
    apiVersion: 1,
    provides: ['resources'],
    setup: () => ({ resources: source }),
  })
}

describe('turn.started', () => {
  test('is committed alone, before any hook or model is called', async () => {
    const order: string[] = []
    const note = (what: string) => (): undefined => void order.push(what)
    const store = new WatchedStore(({ events }) => void order.push(events.map(({ type }) => type).join('+')))
    const provider = partsProvider(() => [note('model'), ...says('hi')])
    const { runtime } = await startRuntime({
      store,
      plugins: [
        provider,
        tapping('watcher', {
          'session.start': note('session.start'),
          'turn.start': note('turn.start'),
          'prompt.transform': note('prompt.transform'),
          'prompt.guard': note('prompt.guard'),
          'context.transform': note('context.transform'),
          'request.transform': note('request.transform'),
        }),
      ],
    })
    const session = await runtime.newSession({ model: 'parts' })
    await session.submitTurn('hello').result
    expect(order).toEqual([
      'turn.started',
      'session.start',
      'turn.start',
      'prompt.transform',
      'prompt.guard',
      'message.appended',
      'context.transform',
      'request.transform',
      'model',
      'message.appended+usage.recorded+turn.completed',
    ])
  })

  test('says what was submitted, on which generation and with which resources', async () => {
    const { runtime } = await startRuntime({
      script: [{ text: 'x' }],
      plugins: [
        withResources({ snapshot: () => ({ ...EMPTY_RESOURCES, revision: 'r7' }) }),
        tapping('rewriter', {
          'prompt.transform': ({ notes }) => ({ notes, parts: [{ kind: 'text', text: 'rewritten' }] }),
        }),
      ],
    })
    const session = await runtime.newSession()
    const turn = session.submitTurn('as typed')
    await turn.result
    const log = await logOf(runtime, session.id)
    expect(log[1]).toMatchObject({
      type: 'turn.started',
      turnId: turn.turnId,
      generation: 1,
      revision: 'r7',
      input: [{ kind: 'text', text: 'as typed' }],
    })
    expect(log[2]).toMatchObject({ message: { parts: [{ kind: 'text', text: 'rewritten' }] } })
  })

  test('comes first even where the resources cannot be read; then the warning, and the turn has none', async () => {
    const { runtime } = await startRuntime({
      script: [{ text: 'fine' }],
      plugins: [withResources({ snapshot: () => Promise.reject(new Error('unreadable')) })],
    })
    const session = await runtime.newSession()
    expect(await session.submitTurn('a').result).toMatchObject({ status: 'completed', text: 'fine' })
    const log = await logOf(runtime, session.id)
    expect(log[1]).toMatchObject({ type: 'turn.started', revision: 'empty' })
    expect(log[2]).toMatchObject({
      type: 'warning.raised',
      message: expect.stringContaining('unreadable') as string,
    })
  })

  test('comes also for a turn that was interrupted while the resources were read, and nothing is blamed on them', async () => {
    const { runtime } = await startRuntime({
      plugins: [withResources({ snapshot: () => new Promise(() => {}) })],
    })
    const session = await runtime.newSession()
    const turn = session.submitTurn('a')
    await settle()
    await session.interrupt()
    expect(await turn.result).toMatchObject({ reason: 'interrupted' })
    const log = await logOf(runtime, session.id)
    expect(log.map(({ type }) => type)).toEqual(['session.started', 'turn.started', 'turn.failed'])
  })
})

describe('the environment', () => {
  const failing = (problem: Error): Plugin =>
    definePlugin({
      name: 'probe',
      apiVersion: 1,
      provides: ['environment'],
      setup: () => ({ environment: { describe: () => Promise.reject(problem) } }),
    })

  test('that cannot be described costs a warning, not the turn', async () => {
    const { runtime } = await startRuntime({
      script: [{ text: 'fine' }],
      plugins: [failing(new Error('no git'))],
    })
    const session = await runtime.newSession()
    expect(await session.submitTurn('a').result).toMatchObject({ status: 'completed' })
    const log = await logOf(runtime, session.id)
    expect(log).toContainEqual(expect.objectContaining({ type: 'warning.raised', message: 'no git' }))
  })
})

describe('a turn fails after its start, and says why, when', () => {
  test.each([
    ['its model is unknown', { model: 'nobody' }, 'ERR_MODEL_UNKNOWN'],
    ['a tool it names is unknown', { tools: ['nothing'] }, 'ERR_TOOL_UNKNOWN'],
    [
      'its output has no JSON Schema',
      {
        output: {
          schema: { '~standard': { version: 1, vendor: 'own', validate: (value: unknown) => ({ value }) } },
        },
      },
      'ERR_OUTPUT_SCHEMA',
    ],
  ] as const)('%s', async (_what, options, code) => {
    const { runtime, provider } = await startRuntime({ script: [{ text: 'x' }] })
    const session = await runtime.newSession()
    const result = await session.submitTurn('a', options).result
    expect(result).toMatchObject({ status: 'failed', reason: 'error', error: { code } })
    expect(provider.requests).toEqual([])
    const log = await logOf(runtime, session.id)
    expect(log.map(({ type }) => type)).toEqual(['session.started', 'turn.started', 'turn.failed'])
  })
})
