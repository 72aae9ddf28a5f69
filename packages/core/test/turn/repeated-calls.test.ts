import type { TestReply } from '@halter/core/testing'
import { describe, expect, test } from 'vitest'
import { startRuntime } from '../session/support/runtime.ts'
import { tool } from '../session/support/tools.ts'

/** How a turn ends whose model makes these calls, one per reply, and how many of them it made. */
async function turnOf(calls: readonly NonNullable<TestReply['toolCalls']>[number][]) {
  const { runtime, provider } = await startRuntime({
    script: ({ messages }) => {
      const made = [...messages].filter(({ role }) => role === 'assistant').length
      const call = calls[made]
      return call ? { toolCalls: [{ ...call, id: `c${made}` }] } : { text: 'gave up' }
    },
  })
  let tries = 0
  const tools = [
    tool('fail', ({ why }) => {
      throw new Error((why as string | undefined) ?? 'always')
    }),
    tool('flaky', () => {
      tries += 1
      if (tries !== 3) throw new Error('not yet')
      return 'now'
    }),
    tool('fine', () => 'same every time'),
    tool('denied', () => 'never'),
  ]
  const session = await runtime.newSession({
    tools,
    hooks: { 'toolCall.guard': ({ name }) => (name === 'denied' ? { deny: 'no' } : undefined) },
  })
  return { ...(await session.submitTurn('go').result), calls: provider.requests.length }
}

const times = <T>(count: number, call: T): T[] => Array.from({ length: count }, () => call)

describe('promise 31: the same call with the same failure', () => {
  test('ends the turn the third time, and says which', async () => {
    const result = await turnOf(times(9, { name: 'fail', input: { a: 1 } }))
    expect(result).toMatchObject({
      status: 'failed',
      reason: 'repeated-call',
      calls: 3,
      error: { code: 'ERR_TURN_FAILED', message: expect.stringContaining('"fail" 3 times') as string },
    })
    expect(result.messages.filter(({ role }) => role === 'tool')).toHaveLength(3)
  })

  test.each([
    ['of an unknown tool', { name: 'nobody' }],
    ['that cannot be read', { name: 'fail', rawInput: '{"a' }],
  ])('counts for a call %s, too', async (_what, call) => {
    expect(await turnOf(times(9, call))).toMatchObject({ reason: 'repeated-call', calls: 3 })
  })

  test('counts also where other calls come between', async () => {
    const fail = { name: 'fail', input: { a: 1 } }
    const fine = { name: 'fine' }
    expect(await turnOf([fail, fine, fail, fine, fail, fine])).toMatchObject({
      reason: 'repeated-call',
      calls: 5,
    })
  })

  test('counts within one reply', async () => {
    const { runtime } = await startRuntime({
      script: [
        { toolCalls: times(3, { name: 'nobody' }).map((call, index) => ({ ...call, id: `c${index}` })) },
      ],
    })
    const session = await runtime.newSession()
    expect(await session.submitTurn('go').result).toMatchObject({ reason: 'repeated-call' })
  })
})

describe('a turn goes on', () => {
  test.each([
    ['when the input differs', [1, 2, 3, 4].map((a) => ({ name: 'fail', input: { a } }))],
    ['when the failure differs', [1, 2, 3, 4].map((n) => ({ name: 'fail', input: { why: `${n}` } }))],
    ['when the call goes well', times(5, { name: 'fine' })],
    ['when the call went well in between', times(4, { name: 'flaky' })],
    ['when a guard said no', times(5, { name: 'denied' })],
  ])('%s', async (_what, calls) => {
    expect(await turnOf(calls)).toMatchObject({ status: 'completed', text: 'gave up' })
  })
})

test('each turn counts anew', async () => {
  const { runtime } = await startRuntime({
    script: ({ messages }) =>
      messages.at(-1)!.role === 'user'
        ? { toolCalls: [{ name: 'nobody', id: `c${messages.length}` }] }
        : { text: 'ok' },
  })
  const session = await runtime.newSession()
  for (let turn = 0; turn < 4; turn++)
    expect(await session.submitTurn('again').result).toMatchObject({ status: 'completed' })
})
