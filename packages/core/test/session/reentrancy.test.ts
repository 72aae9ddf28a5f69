import type { SessionHandle, SessionRuntime } from '@halter/core'
import { describe, expect, test } from 'vitest'
import { deferred, until } from './support/gates.ts'
import { tapping } from './support/plugins.ts'
import { startRuntime } from './support/runtime.ts'
import { tool } from './support/tools.ts'

interface Place {
  session: SessionHandle
  runtime: SessionRuntime
}

const WAITS: readonly (readonly [what: string, wait: (at: Place) => Promise<unknown>])[] = [
  ['the result of a turn of its own session', ({ session }) => session.submitTurn('inner').result],
  ['such a result through orThrow', ({ session }) => session.submitTurn('inner').orThrow()],
  ['the end of its own turn', ({ session }) => session.interrupt()],
  ['a compaction of its own session', ({ session }) => session.compact()],
  ['the shutdown of its own session', ({ session }) => session.shutdown()],
  ['the shutdown of its own runtime', ({ runtime }) => runtime.shutdown()],
]

describe('instead of waiting forever, ERR_REENTRANT is told to', () => {
  test.each(WAITS)('a tool that waits for %s', async (_what, wait) => {
    const at = {} as Place
    let thrown: unknown
    const waiting = tool('waiting', async () => {
      thrown = await (async () => wait(at))().catch((error: unknown) => error)
      return 'went on'
    })
    const { runtime } = await startRuntime({
      script: [{ toolCalls: [{ name: 'waiting' }] }, { text: 'done' }, { text: 'inner' }],
    })
    Object.assign(at, { runtime, session: await runtime.newSession({ tools: [waiting] }) })
    expect(await at.session.submitTurn('a').result).toMatchObject({ status: 'completed', text: 'done' })
    expect(thrown).toMatchObject({ code: 'ERR_REENTRANT' })
  })

  test('a tap that waits for a turn of its own session', async () => {
    const at = {} as Place
    let thrown: unknown
    const { runtime } = await startRuntime({
      script: [{ text: 'done' }, { text: 'inner' }],
      plugins: [
        tapping('waiting', {
          'prompt.transform': async (_, ctx) => {
            if (ctx.session.state.turns > 1) return
            thrown = await (async () => at.session.submitTurn('inner').result)().catch(
              (error: unknown) => error,
            )
          },
        }),
      ],
    })
    Object.assign(at, { runtime, session: await runtime.newSession() })
    expect(await at.session.submitTurn('a').result).toMatchObject({ status: 'completed', text: 'done' })
    expect(thrown).toMatchObject({ code: 'ERR_REENTRANT' })
  })
})

describe('a tool may', () => {
  test('submit without waiting: the turn comes after its own', async () => {
    const at = {} as Place
    const later: ReturnType<SessionHandle['submitTurn']>[] = []
    const submitting = tool('submitting', () => void later.push(at.session.submitTurn('inner')))
    const { runtime } = await startRuntime({
      script: [{ toolCalls: [{ name: 'submitting' }] }, { text: 'done' }, { text: 'inner' }],
    })
    at.session = await runtime.newSession({ tools: [submitting] })
    await at.session.submitTurn('a').result
    expect(await later[0]!.result).toMatchObject({ status: 'completed', text: 'inner' })
  })

  test('wait for a turn of another session', async () => {
    const at = {} as Place
    const asking = tool('asking', async () => (await at.session.submitTurn('help?').result).text)
    const { runtime } = await startRuntime({
      script: ({ messages }) => {
        const last = messages.at(-1)!
        if (last.role === 'tool') return { text: 'thanks' }
        const isHelp = JSON.stringify(last.parts).includes('help?')
        return isHelp ? { text: 'here' } : { toolCalls: [{ name: 'asking' }] }
      },
    })
    at.session = await runtime.newSession()
    const asker = await runtime.newSession({ tools: [asking] })
    expect(await asker.submitTurn('go').result).toMatchObject({ status: 'completed', text: 'thanks' })
    expect(asker.state.transcript.at(2)).toMatchObject({ role: 'tool', parts: [{ text: 'here' }] })
  })

  test('interrupt its own turn without waiting', async () => {
    const at: { turn?: ReturnType<SessionHandle['submitTurn']> } = {}
    const stopping = tool('stopping', () => at.turn!.interrupt('I am done'))
    const { runtime } = await startRuntime({ script: [{ toolCalls: [{ name: 'stopping' }] }] })
    const session = await runtime.newSession({ tools: [stopping] })
    at.turn = session.submitTurn('a')
    expect(await at.turn.result).toMatchObject({ reason: 'interrupted' })
  })
})

test('a tool that was left behind may wait for turns that came after its own', async () => {
  const at = {} as Place
  const results: Promise<unknown>[] = []
  const leaving = tool('leaving', () => {
    results.push(
      new Promise((resolve) => setTimeout(resolve, 5)).then(
        async () => (await at.session.submitTurn('b').result).text,
      ),
    )
  })
  const { runtime } = await startRuntime({
    script: [{ toolCalls: [{ name: 'leaving' }] }, { text: 'done' }, { text: 'later' }],
  })
  at.session = await runtime.newSession({ tools: [leaving] })
  await at.session.submitTurn('a').result
  expect(await results[0]).toBe('later')
})

test('an approver that waits for a turn of its own session hears ERR_REENTRANT, and its call is denied', async () => {
  const at = {} as Place
  let thrown: unknown
  const asking = tool('asking', () => 'ran', { needsApproval: () => ({ reason: 'it asks' }) })
  const { runtime } = await startRuntime({
    script: [{ toolCalls: [{ name: 'asking', id: 'c' }] }, { text: 'done' }, { text: 'inner' }],
  })
  at.session = await runtime.newSession({
    tools: [asking],
    approve: async () => {
      try {
        await at.session.submitTurn('inner').result
      } catch (error) {
        thrown = error
        throw error
      }
      return 'once' as const
    },
  })
  expect(await at.session.submitTurn('a').result).toMatchObject({ status: 'completed', text: 'done' })
  expect(thrown).toMatchObject({ code: 'ERR_REENTRANT' })
  expect(at.session.state.transcript.at(2)).toMatchObject({ role: 'tool', isError: true })
})

test('work that an earlier turn left behind may wait for the turn that runs now', async () => {
  const at = {} as Place
  const isSecond = deferred()
  const late: Promise<string>[] = []
  const leaving = tool('leaving', () => {
    late.push(isSecond.promise.then(async () => (await at.session.submitTurn('third').result).text))
  })
  const { runtime } = await startRuntime({
    script: [
      { toolCalls: [{ name: 'leaving' }] },
      { text: 'first done' },
      { text: 'second done', delayMs: 5 },
      { text: 'third done' },
    ],
  })
  at.session = await runtime.newSession({ tools: [leaving] })
  await at.session.submitTurn('first').result
  const second = at.session.submitTurn('second')
  await until(() => at.session.status === 'running')
  isSecond.resolve()
  expect(await second.result).toMatchObject({ text: 'second done' })
  expect(await late[0]).toBe('third done')
})
