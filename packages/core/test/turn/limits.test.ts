import { definePlugin, HalterError, type BudgetRequest, type Plugin } from '@halter/core'
import { describe, expect, test } from 'vitest'
import { tapping } from '../session/support/plugins.ts'
import { partsProvider, says } from '../session/support/providers.ts'
import { startRuntime } from '../session/support/runtime.ts'
import { logOf } from '../session/support/sound.ts'
import { echo } from '../session/support/tools.ts'

/** A model that always wants another call; where nothing stops it, it gives up after some fifty, so that the test ends. */
const endless = ({ messages }: { readonly messages: { readonly length: number } }) =>
  messages.length > 100
    ? { text: 'nobody stopped me' }
    : { text: 'more', toolCalls: [{ name: 'echo', id: `c${messages.length}` }] }

/** A budget that notes what it is asked, and what becomes of what it set aside. */
function noting(
  asked: BudgetRequest[],
  settled: unknown[] = [],
  refuses: (request: BudgetRequest) => boolean = () => false,
): Plugin {
  return definePlugin({
    name: 'noting-budget',
    apiVersion: 1,
    provides: ['budget'],
    setup: () => ({
      budget: {
        reserve(request) {
          asked.push(request)
          if (refuses(request)) throw new HalterError('ERR_BUDGET_EXHAUSTED', 'nothing left')
          return { settle: (usage) => void settled.push(usage), release: () => void settled.push('released') }
        },
      },
    }),
  })
}

describe('maxTurns', () => {
  test.each([1, 2, 3])(
    'of %i ends the turn after as many model calls, and keeps their work',
    async (maxTurns) => {
      const { runtime, provider } = await startRuntime({ script: endless })
      const session = await runtime.newSession({ tools: [echo], maxTurns })
      const result = await session.submitTurn('go').result
      expect(result).toMatchObject({
        status: 'failed',
        reason: 'budget-exhausted',
        error: { code: 'ERR_BUDGET_EXHAUSTED' },
      })
      expect(provider.requests).toHaveLength(maxTurns)
      expect(result.messages).toHaveLength(1 + 2 * maxTurns)
      const log = await logOf(runtime, session.id)
      expect(log.at(-1)).toMatchObject({ type: 'turn.failed', reason: 'budget-exhausted', retryable: false })
    },
  )

  test('of 0 fails right after the prompt is stored', async () => {
    const { runtime, provider } = await startRuntime({ script: endless })
    const session = await runtime.newSession({ maxTurns: 0 })
    expect(await session.submitTurn('go').result).toMatchObject({ reason: 'budget-exhausted' })
    expect(provider.requests).toEqual([])
    expect(session.state.transcript).toHaveLength(1)
  })

  test('counts per turn', async () => {
    const { runtime } = await startRuntime({ script: [{ text: 'a' }, { text: 'b' }, { text: 'c' }] })
    const session = await runtime.newSession({ maxTurns: 1 })
    for (const text of ['a', 'b', 'c'])
      expect(await session.submitTurn('go').result).toMatchObject({ status: 'completed', text })
  })

  test('of a turn’s own options counts for that turn', async () => {
    const { runtime, provider } = await startRuntime({ script: endless })
    const session = await runtime.newSession({ tools: [echo], maxTurns: 5 })
    await session.submitTurn('go', { limits: { steps: 2 } }).result
    expect(provider.requests).toHaveLength(2)
  })

  test('counts what hooks, wrong answers and steering add, too', async () => {
    const { runtime, provider } = await startRuntime({
      script: [{ text: 'a' }, { text: 'b' }, { text: 'c' }, { text: 'd' }],
      plugins: [tapping('nagging', { 'turn.guard': () => ({ deny: 'go on' }) })],
    })
    const session = await runtime.newSession({ maxTurns: 3 })
    expect(await session.submitTurn('go').result).toMatchObject({ reason: 'budget-exhausted' })
    expect(provider.requests).toHaveLength(3)
  })
})

describe('the budget', () => {
  test('is asked before each call, with what was spent and what the call can cost', async () => {
    const asked: BudgetRequest[] = []
    const settled: unknown[] = []
    const { runtime } = await startRuntime({
      script: [{ toolCalls: [{ name: 'echo' }] }, { text: 'x' }],
      modelInfo: { maxOutput: 500, prices: { input: 1, output: 2 } },
      plugins: [noting(asked, settled)],
    })
    const session = await runtime.newSession({ tools: [echo], limits: { tokens: 9_999 } })
    await session.submitTurn('go', { maxOutputTokens: 200 }).result
    expect(asked).toMatchObject([
      {
        sessionId: session.id,
        rootId: session.id,
        limits: { tokens: 9_999 },
        steps: 0,
        spent: { inputTokens: 0, outputTokens: 0 },
        estimate: { outputTokens: 200 },
      },
      { steps: 1, spent: { inputTokens: 10, outputTokens: 5 }, estimate: { outputTokens: 200 } },
    ])
    expect(asked[1]!.estimate.inputTokens).toBeGreaterThanOrEqual(15)
    expect(asked[0]!.estimate.costUsd).toBeCloseTo((asked[0]!.estimate.inputTokens + 400) / 1e6)
    expect(settled).toMatchObject([
      { inputTokens: 10, outputTokens: 5 },
      { inputTokens: 10, outputTokens: 5 },
    ])
  })

  test('that says no ends the turn, and is not asked again and again', async () => {
    const asked: BudgetRequest[] = []
    const { runtime, provider } = await startRuntime({
      script: endless,
      plugins: [noting(asked, [], () => true)],
    })
    const session = await runtime.newSession()
    expect(await session.submitTurn('go').result).toMatchObject({
      reason: 'budget-exhausted',
      error: { message: 'nothing left' },
    })
    expect([asked.length, provider.requests.length]).toEqual([1, 0])
  })

  test('gets back what was set aside for a call that never cost anything', async () => {
    const settled: unknown[] = []
    const { runtime } = await startRuntime({
      script: [{ error: { kind: 'auth', message: 'no' } }],
      plugins: [noting([], settled)],
    })
    const session = await runtime.newSession()
    await session.submitTurn('go').result
    expect(settled).toEqual(['released'])
  })

  test('is told what a failed call had cost', async () => {
    const settled: unknown[] = []
    const provider = partsProvider([
      [
        { type: 'usage', usage: { inputTokens: 7, outputTokens: 0 } },
        () => {
          throw new HalterError('ERR_MODEL_FAILED', 'no', { kind: 'auth' })
        },
      ],
    ])
    const { runtime } = await startRuntime({ plugins: [provider, noting([], settled)] })
    const session = await runtime.newSession({ model: 'parts' })
    await session.submitTurn('go').result
    expect(settled).toEqual([{ inputTokens: 7, outputTokens: 0 }])
  })
})

describe('the model of one turn', () => {
  test('may be another; the next turn has the session’s again', async () => {
    const { runtime, provider } = await startRuntime({ script: () => ({ text: 'x' }) })
    const session = await runtime.newSession({
      model: 'test/large',
      effort: 'low',
      temperature: 1,
      maxOutputTokens: 10,
    })
    await session.submitTurn('a', {
      model: 'test/small',
      effort: 'high',
      temperature: 0,
      maxOutputTokens: 20,
    }).result
    await session.submitTurn('b').result
    expect(provider.requests).toMatchObject([
      { model: 'test/small', effort: 'high', temperature: 0, maxOutputTokens: 20 },
      { model: 'test/large', effort: 'low', temperature: 1, maxOutputTokens: 10 },
    ])
  })

  test('may be changed by request.transform: that one is asked, and paid', async () => {
    const provider = partsProvider(() => says('from parts'))
    const { runtime, provider: other } = await startRuntime({
      plugins: [
        provider,
        tapping('router', { 'request.transform': (request) => ({ ...request, model: 'parts' }) }),
      ],
    })
    const session = await runtime.newSession()
    const { messages } = await session.submitTurn('a').result
    expect([provider.requests.length, other.requests.length]).toEqual([1, 0])
    expect(messages.at(-1)).toMatchObject({ from: { provider: 'parts', model: 'parts' } })
    const log = await logOf(runtime, session.id)
    expect(log).toContainEqual(expect.objectContaining({ type: 'usage.recorded', model: 'parts' }))
  })
})
