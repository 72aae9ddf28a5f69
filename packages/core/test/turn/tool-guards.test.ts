import type { SessionHooks, ToolVerdict } from '@halter/core'
import { describe, expect, test } from 'vitest'
import { tapping } from '../session/support/plugins.ts'
import { startRuntime } from '../session/support/runtime.ts'
import { logOf } from '../session/support/sound.ts'
import { tool } from '../session/support/tools.ts'

/** Runs one call of `act` under guards; says what ran, what was stored of the call, and what the model was told. */
async function judged(guards: readonly SessionHooks[], rest: { readonly needsApproval?: string } = {}) {
  const ran: unknown[] = []
  const { needsApproval: reason } = rest
  const act = tool('act', (input) => void ran.push(input), {
    ...(reason !== undefined && { needsApproval: () => ({ reason }) }),
  })
  const { runtime } = await startRuntime({
    script: [{ toolCalls: [{ name: 'act', id: 'c1', input: { a: 1 } }] }, { text: 'done' }],
    plugins: guards.map((hooks, index) => tapping(`guard-${index}`, hooks)),
    approve: () => 'once',
  })
  const session = await runtime.newSession({ tools: [act] })
  const { status, messages } = await session.submitTurn('go').result
  expect(status).toBe('completed')
  const log = await logOf(runtime, session.id)
  const about = log.filter((event) => 'callId' in event && event.callId === 'c1')
  return {
    ran,
    stored: about.map(({ type }) => type),
    about,
    answer: messages.find(({ role }) => role === 'tool')!,
  }
}

const verdict = (answer: ToolVerdict): SessionHooks => ({ 'toolCall.guard': () => answer })

describe('a denied call', () => {
  test('does not run, has no start in the log, and the model is told who said no, and why', async () => {
    const { ran, stored, about, answer } = await judged([verdict({ deny: 'not here' })])
    expect(ran).toEqual([])
    expect(stored).toEqual(['toolCall.finished'])
    expect(about).toMatchObject([{ outcome: 'denied' }])
    expect(answer).toMatchObject({ isError: true, parts: [{ text: 'Denied by guard-0: not here' }] })
  })

  test('leaves its neighbours alone', async () => {
    const ran: unknown[] = []
    const act = tool('act', ({ n }) => void ran.push(n))
    const { runtime } = await startRuntime({
      script: [{ toolCalls: [1, 2, 3].map((n) => ({ name: 'act', input: { n } })) }, { text: 'done' }],
    })
    const session = await runtime.newSession({
      tools: [act],
      hooks: {
        'toolCall.guard': ({ input }) => ((input as { n: number }).n === 2 ? { deny: 'not two' } : undefined),
      },
    })
    const { messages } = await session.submitTurn('go').result
    expect(ran).toEqual([1, 3])
    expect(messages.filter(({ role }) => role === 'tool')).toMatchObject([
      { isError: false },
      { isError: true },
      { isError: false },
    ])
  })
})

describe('of several verdicts the strictest counts, whatever the order:', () => {
  const orders: readonly (readonly [
    what: string,
    verdicts: readonly ToolVerdict[],
    ran: boolean,
    asked: boolean,
  ])[] = [
    ['deny over allow', [{ allow: true }, { deny: 'no' }], false, false],
    ['deny over ask', [{ deny: 'no' }, { ask: 'sure?' }], false, false],
    ['ask over allow', [{ allow: true }, { ask: 'sure?' }], true, true],
    ['ask over allow, the other way round', [{ ask: 'sure?' }, { allow: true }], true, true],
    ['allow over silence', [undefined, { allow: 'known' }], true, false],
    ['silence', [undefined, undefined], true, false],
  ]
  test.each(orders)('%s', async (_what, verdicts, ran, asked) => {
    const result = await judged(verdicts.map(verdict))
    expect(result.ran.length > 0).toBe(ran)
    expect(result.stored.includes('approval.requested')).toBe(asked)
  })

  test('a tool’s own need for approval counts only where no guard said anything', async () => {
    expect((await judged([], { needsApproval: 'risky' })).stored).toContain('approval.requested')
    expect((await judged([verdict({ allow: true })], { needsApproval: 'risky' })).stored).not.toContain(
      'approval.requested',
    )
  })
})

describe('a guard sees exactly what runs', () => {
  test('after every transform, and after the check of what those made', async () => {
    const seen: unknown[] = []
    const { ran } = await judged([
      { 'toolCall.guard': (call) => void seen.push(call.input) },
      { 'toolCall.transform': (call) => ({ ...call, input: { ...(call.input as object), b: 2 } }) },
      { 'toolCall.transform': (call) => ({ ...call, input: { ...(call.input as object), c: 3 } }) },
    ])
    expect(seen).toEqual([{ a: 1, b: 2, c: 3 }])
    expect(ran).toEqual(seen)
  })

  test('and cannot be passed by changing the call behind its back', async () => {
    const changing: SessionHooks = {
      'toolCall.transform': (call) => {
        const input = { safe: true } as Record<string, boolean>
        setImmediate(() => {
          input['safe'] = false
        })
        return { ...call, input }
      },
      'toolCall.guard': async () => {
        await new Promise((resolve) => setImmediate(resolve))
        await new Promise((resolve) => setImmediate(resolve))
      },
    }
    const seen: unknown[] = []
    const { ran } = await judged([
      { 'toolCall.guard': (call) => void seen.push(JSON.stringify(call.input)) },
      changing,
    ])
    expect([JSON.stringify(ran[0])]).toEqual(seen)
  })
})

describe('promise 27: a guard that fails denies:', () => {
  test.each([
    [
      'it throws',
      () => {
        throw new Error('bug')
      },
    ],
    ['it rejects', () => Promise.reject(new Error('bug'))],
    ['it answers nonsense', () => true as never],
    ['it never answers', () => new Promise<never>(() => {})],
  ])('%s', async (_what, guard) => {
    const ran: unknown[] = []
    const { runtime } = await startRuntime({
      script: [{ toolCalls: [{ name: 'act' }] }, { text: 'done' }],
      timeouts: { tap: 30 },
    })
    const session = await runtime.newSession({
      tools: [tool('act', (input) => void ran.push(input))],
      hooks: { 'toolCall.guard': guard },
    })
    expect(await session.submitTurn('go').result).toMatchObject({ status: 'completed' })
    expect(ran).toEqual([])
    const log = await logOf(runtime, session.id)
    expect(log.filter((event) => event.type === 'toolCall.finished')).toMatchObject([{ outcome: 'denied' }])
  })
})
