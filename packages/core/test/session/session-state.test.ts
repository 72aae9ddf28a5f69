import { definePlugin, type Plugin } from '@halter/core'
import type { Json } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { restart, startRuntime } from './support/runtime.ts'
import { liveSession, logOf } from './support/sound.ts'
import { tapping } from './support/plugins.ts'

/** Counts its own notes; `throwsAt` makes its reducer fail at that count. */
function counter({ version = 1, throwsAt = Infinity, step = 1 } = {}): Plugin {
  return definePlugin({
    name: 'counter',
    apiVersion: 1,
    sessionState: {
      version,
      initial: 0,
      reduce(state, { data }) {
        if ((state as number) + 1 >= throwsAt) throw new Error('overflow')
        return (state as number) + step * (data as number)
      },
      migrate: (value, from) => (value as number) * 100 + from,
    },
    setup({ hooks }) {
      hooks.tap('prompt.transform', (_, ctx) => ctx.session.note('prompted', 1) as unknown as undefined)
      return {}
    },
  })
}

function count(session: {
  readonly state: { readonly plugins: ReadonlyMap<string, { readonly value: Json }> }
}) {
  return session.state.plugins.get('counter')
}

describe('the state of a plugin', () => {
  test('folds from its notes, and only its own', async () => {
    const { runtime } = await startRuntime({
      script: () => ({ text: 'x' }),
      plugins: [counter(), tapping('other', { 'turn.start': (_, ctx) => ctx.session.note('prompted', 50) })],
    })
    const session = await runtime.newSession()
    for (let turn = 0; turn < 3; turn++) await session.submitTurn('a').result
    expect(count(session)).toEqual({ version: 1, value: 3 })
    expect(session.state.plugins.has('other')).toBe(false)
  })

  test('holds, after a reload that brings, changes or takes its reducer, what the whole log folds to', async () => {
    const noting = tapping('counter', {
      'prompt.transform': (_, ctx) => ctx.session.note('prompted', 1).then(() => undefined),
    })
    const { runtime } = await startRuntime({ script: () => ({ text: 'x' }), plugins: [noting] })
    const session = await runtime.newSession()
    await session.submitTurn('a').result
    expect(count(session)).toBeUndefined()
    await runtime.reload([counter()])
    expect(count(session)).toEqual({ version: 1, value: 1 })
    await session.submitTurn('b').result
    expect(count(session)).toEqual({ version: 1, value: 2 })
    await runtime.reload([counter({ version: 2, step: 10 })])
    expect(count(session)).toEqual({ version: 2, value: 20 })
    await runtime.reload([noting])
    expect(count(session)).toBeUndefined()
    await session.submitTurn('c').result
    await runtime.reload([counter()])
    expect(count(session)).toEqual({ version: 1, value: 3 })
  })

  test('survives a restart', async () => {
    const first = await startRuntime({ script: () => ({ text: 'x' }), plugins: [counter()] })
    const session = await first.runtime.newSession()
    await session.submitTurn('a').result
    const second = await restart(first, { script: () => ({ text: 'y' }), plugins: [counter()] })
    const resumed = (await second.runtime.resume(session.id))!
    await resumed.submitTurn('b').result
    expect(count(resumed)).toEqual({ version: 1, value: 2 })
  })

  test('is frozen with a reason when its reducer throws; the session goes on', async () => {
    const { runtime } = await startRuntime({
      script: () => ({ text: 'x' }),
      plugins: [counter({ throwsAt: 3 })],
    })
    const session = await runtime.newSession()
    for (let turn = 0; turn < 4; turn++)
      expect(await session.submitTurn('a').result).toMatchObject({ status: 'completed' })
    expect(count(session)).toEqual({ version: 1, value: 2, frozen: 'overflow' })
    const warnings = (await logOf(runtime, session.id)).filter(({ type }) => type === 'warning.raised')
    expect(warnings).toMatchObject([
      { plugin: 'counter', message: expect.stringContaining('overflow') as string },
    ])
  })

  test('is kept by what was noted, not by what was meant: a note that is no JSON is refused', async () => {
    const { runtime } = await startRuntime()
    const session = await runtime.newSession()
    const port = liveSession(runtime, session.id)!.portFor('somebody')
    await expect(port.note('big', 1n as never)).rejects.toMatchObject({
      code: 'ERR_HOOK_INVALID',
      plugin: 'somebody',
    })
    const data = { list: [1] }
    await port.note('list', data)
    data.list.push(2)
    expect((await logOf(runtime, session.id)).at(-1)).toMatchObject({ data: { list: [1] } })
  })

  test('of a plugin that a reload brought folds from then on', async () => {
    const { runtime } = await startRuntime({ script: () => ({ text: 'x' }) })
    const session = await runtime.newSession()
    await session.submitTurn('a').result
    await runtime.reload([counter()])
    for (let turn = 0; turn < 2; turn++) await session.submitTurn('b').result
    expect(count(session)).toEqual({ version: 1, value: 2 })
  })
})
