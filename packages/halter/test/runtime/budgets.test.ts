import {
  definePlugin,
  defineTool,
  jsonSchema,
  type ModelInfo,
  type Plugin,
  type TurnResult,
} from '@halter/core'
import { createRuntime } from '@halter/core/host'
import { TestProvider, VirtualClock, type TestScript } from '@halter/core/testing'
import memoryStore from '@halter/plugin-memory-store'
import type { Limits } from '@halter/protocol'
import presetDefault from '@halter/preset-default'
import { describe, expect, onTestFinished, test } from 'vitest'

/** A runtime as people have it, budget included, with a model that follows a script. */
async function start(script: TestScript, info: Partial<ModelInfo> = {}) {
  const provider = new TestProvider(script, new VirtualClock(), info)
  const plugin: Plugin = definePlugin({
    name: 'test-model',
    apiVersion: 1,
    contributes: ['providers'],
    setup: () => ({ providers: [provider] }),
  })
  const runtime = await createRuntime({
    presets: [presetDefault],
    plugins: [memoryStore, plugin],
    defaultModel: 'test',
  })
  onTestFinished(async () => void (await runtime.shutdown({ drainMs: 0 })))
  return { runtime, provider }
}

/** Of each call: 5,100 tokens, and 5.1 cents. */
const usage = { inputTokens: 5_000, outputTokens: 100 }
const CALL = 5_100
const info = { maxOutput: 100, prices: { input: 10, output: 10 } }

/** A tool that hands its work to a child, and one that does nothing. */
const spawn = defineTool({
  name: 'spawn',
  description: 'spawn',
  input: jsonSchema<object>({ type: 'object' }),
  effects: 'unsafe',
  concurrency: 'parallel',
  async execute(_, ctx) {
    const child = await ctx.session.openChild({ task: 'go on', callId: ctx.callId })
    return (await child.result).outcome
  },
})

function endless(): TestScript {
  let calls = 0
  return () => ({ usage, toolCalls: [{ name: 'nothing', id: `c${calls++}`, input: { calls } }] })
}

const nothing = defineTool({
  name: 'nothing',
  description: 'nothing',
  input: jsonSchema<object>({ type: 'object' }),
  effects: 'none',
  concurrency: 'parallel',
  execute: () => 'nothing',
})

describe('promise 30: a model that never stops is stopped, one call late at most, by a cap on', () => {
  test.each<[string, Limits, (result: TurnResult) => boolean]>([
    ['steps', { steps: 4 }, ({ usage: spent }) => spent.inputTokens === 20_000],
    [
      'tokens',
      { tokens: 40_000 },
      ({ usage: spent }) => spent.inputTokens + spent.outputTokens <= 40_000 + CALL,
    ],
    ['dollars', { usd: 0.4 }, ({ usage: spent }) => spent.costUsd! <= 0.4 + 0.051],
  ])('%s', async (_what, limits, isWithin) => {
    const { runtime, provider } = await start(endless(), info)
    const session = await runtime.newSession({ tools: [nothing], limits })
    const result = await session.submitTurn('go').result
    expect(result).toMatchObject({
      status: 'failed',
      reason: 'budget-exhausted',
      error: { code: 'ERR_BUDGET_EXHAUSTED' },
    })
    expect(isWithin(result)).toBe(true)
    expect(provider.requests.length).toBeGreaterThan(2)
  })

  test('tokens of a whole family: children spend what is left of their ancestors', async () => {
    let calls = 0
    // Less than the prompt alone is estimated at: what is set aside for calls that run side by side is never too little.
    const small = { inputTokens: 500, outputTokens: 100 }
    const { runtime, provider } = await start(
      () => ({
        usage: small,
        toolCalls: [
          { name: 'spawn', id: `s${calls++}` },
          { name: 'spawn', id: `t${calls++}` },
        ],
      }),
      info,
    )
    const session = await runtime.newSession({
      tools: [spawn],
      limits: { tokens: 9_000, depth: 3, fanOut: 4 },
    })
    await session.submitTurn('go').result
    const { total, children } = session.usage
    const spent = total.inputTokens + total.outputTokens + children.inputTokens + children.outputTokens
    expect(spent).toBe(provider.requests.length * 600)
    expect(spent).toBeLessThanOrEqual(9_000)
    expect(provider.requests.length).toBeGreaterThan(4)
  })
})

test('dollars for a model without prices are refused before anything is asked', async () => {
  const { runtime, provider } = await start(endless())
  const session = await runtime.newSession({ tools: [nothing], limits: { usd: 1 } })
  const result = await session.submitTurn('go').result
  expect(result).toMatchObject({ status: 'failed', error: { code: 'ERR_BUDGET_PRICES' } })
  expect(provider.requests).toEqual([])
})
