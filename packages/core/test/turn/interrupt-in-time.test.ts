import { setTimeout as sleep } from 'node:timers/promises'
import { definePlugin, type Plugin, type SessionHooks } from '@halter/core'
import { describe, expect, test } from 'vitest'
import { isPending, settle } from '../session/support/gates.ts'
import { expectInterrupted, forever, streaming } from '../session/support/interrupts.ts'
import { calls } from '../session/support/providers.ts'
import { startRuntime } from '../session/support/runtime.ts'
import { echo, tool } from '../session/support/tools.ts'

/** Really waits: a test clock jumps ahead. */
function realClock(): Plugin {
  return definePlugin({
    name: 'real-clock',
    apiVersion: 1,
    provides: ['clock'],
    setup: () => ({
      clock: {
        now: () => Date.now(),
        monotonic: () => performance.now(),
        sleep: (ms, signal) => sleep(ms, undefined, { signal }),
        timer: () => () => {},
      },
    }),
  })
}

/** Looks one model up forever. */
function slowModels(): Plugin {
  return definePlugin({
    name: 'slow-models',
    apiVersion: 1,
    decorates: ['models'],
    setup: () => ({
      models: (inner) => ({
        resolve: (id, role) => (id === 'test/slow' ? forever : inner.resolve(id, role)),
      }),
    }),
  })
}

describe('a turn ends in time when it is interrupted while', () => {
  const hung: SessionHooks[] = [
    { 'session.start': () => forever },
    { 'prompt.transform': () => forever },
    { 'prompt.guard': () => forever },
    { 'context.transform': () => forever },
    { 'request.transform': () => forever },
    { 'response.transform': () => forever },
    { 'response.guard': () => forever },
    { 'toolCall.transform': () => forever },
    { 'toolCall.guard': () => forever },
    { 'toolResult.transform': () => forever },
    { 'turn.guard': () => forever },
  ]
  test.each(hung.map((hooks) => [Object.keys(hooks)[0]!, hooks] as const))(
    'a tap of %s ignores its signal',
    async (_hook, hooks) => {
      let isOver = false
      const once = Object.fromEntries(
        Object.entries(hooks).map(([hook, tap]) => [
          hook,
          () => (isOver ? undefined : (tap as () => Promise<never>)()),
        ]),
      )
      const { runtime } = await startRuntime({
        script: [{ text: 'one', toolCalls: [{ name: 'echo' }] }, { text: 'two' }, { text: 'three' }],
      })
      const session = await runtime.newSession({ tools: [echo], hooks: once })
      const turn = session.submitTurn('go')
      await settle()
      expect(await isPending(turn.result)).toBe(true)
      setTimeout(() => (isOver = true), 0)
      await expectInterrupted(session, turn)
    },
  )

  test('its model ignores its signal', async () => {
    const { session } = await streaming([forever])
    await expectInterrupted(session, session.submitTurn('go'))
  })

  test('it waits to try again', async () => {
    const { runtime } = await startRuntime({
      script: [{ error: { kind: 'overloaded', message: 'busy', retryAfterMs: 30_000 } }, { text: 'after' }],
      plugins: [realClock()],
    })
    const session = await runtime.newSession()
    await expectInterrupted(session, session.submitTurn('go'))
  })

  test('somebody is asked for approval: at once, and the question is closed', async () => {
    const risky = tool('risky', () => 'never', { needsApproval: () => ({ reason: 'risky' }) })
    const { runtime } = await startRuntime({
      script: [{ toolCalls: [{ name: 'risky' }] }, { text: 'after' }],
      timeouts: { interruptGrace: 5_000 },
    })
    const session = await runtime.newSession({ tools: [risky], approve: 'wait' })
    const turn = session.submitTurn('go')
    await settle()
    expect(session.approvals.list()).toHaveLength(1)
    await expectInterrupted(session, turn)
    expect(session.approvals.list()).toEqual([])
  })

  test('its model is still looked up', async () => {
    const { runtime } = await startRuntime({ script: [{ text: 'after' }], plugins: [slowModels()] })
    const session = await runtime.newSession()
    await expectInterrupted(session, session.submitTurn('go', { model: 'test/slow' }))
  })
})

test('interrupt with nothing running does nothing', async () => {
  const { runtime } = await startRuntime({ script: [{ text: 'fine' }] })
  const session = await runtime.newSession()
  await session.interrupt()
  expect(await session.submitTurn('go').result).toMatchObject({ status: 'completed' })
  await session.interrupt()
  expect(session.state.head).toBe(6)
})

test('interrupt right after submit ends that turn, and leaves those that wait', async () => {
  const { runtime } = await startRuntime({ script: [{ text: 'one' }, { text: 'two' }] })
  const session = await runtime.newSession()
  const [first, second] = [session.submitTurn('a'), session.submitTurn('b')]
  await session.interrupt()
  expect(await first.result).toMatchObject({ reason: 'interrupted' })
  expect(await second.result).toMatchObject({ status: 'completed' })
})

test('a second interrupt changes nothing: the first reason stays', async () => {
  const { session } = await streaming([forever])
  const turn = session.submitTurn('go')
  await settle()
  void session.interrupt('first')
  turn.interrupt('second')
  await session.interrupt('third')
  expect((await turn.result).error!.message).toBe('The turn was interrupted: first.')
})

test('the calls of an interrupted turn are not asked for again', async () => {
  const { session, provider } = await streaming([...calls('stuck')])
  await expectInterrupted(session, session.submitTurn('go'))
  expect(provider.requests).toHaveLength(2)
})
