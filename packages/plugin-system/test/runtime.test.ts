import { createTestRuntime } from '@halter/core/testing'
import { expect, test } from 'vitest'
import system from '../src/index.ts'

test('a runtime takes every ambient service from this plugin, and runs turns on them', async () => {
  const { runtime } = await createTestRuntime({ plugins: [system], script: [{ text: 'hello' }] })
  try {
    const { slots } = runtime.describe()
    for (const slot of system.provides) expect(slots[slot]?.plugin).toBe(system.name)
    const session = await runtime.newSession()
    expect(session.id).toMatch(/^[\da-f-]{36}$/)
    expect((await session.submitTurn('hi').orThrow()).text).toBe('hello')
    for await (const { at } of session.replay()) expect(Math.abs(at - Date.now())).toBeLessThan(10_000)
  } finally {
    await runtime.shutdown()
  }
})

test('an unknown model is refused when the session is made', async () => {
  const { runtime } = await createTestRuntime({ plugins: [system] })
  try {
    await expect(runtime.newSession({ model: 'opus-9' })).rejects.toMatchObject({
      code: 'ERR_MODEL_UNKNOWN',
      message: expect.stringContaining('(asked: test)'),
    })
  } finally {
    await runtime.shutdown()
  }
})

test('a turn ends before the call that could break its limit, and says which limit', async () => {
  const modelInfo = { window: 1000, maxOutput: 100 }
  const { runtime, provider } = await createTestRuntime({
    plugins: [system],
    modelInfo,
    script: [{ text: 'one', usage: { inputTokens: 60, outputTokens: 40 } }, { text: 'two' }],
  })
  try {
    const session = await runtime.newSession({ limits: { tokens: 180 } })
    await session.submitTurn('a').orThrow()
    expect(await session.submitTurn('b').result).toMatchObject({
      reason: 'budget-exhausted',
      error: {
        code: 'ERR_BUDGET_EXHAUSTED',
        message: expect.stringContaining('limits.tokens is 180 tokens'),
      },
    })
    expect(provider.requests).toHaveLength(1)
  } finally {
    await runtime.shutdown()
  }
})
