import { HalterError } from '@halter/core'
import { describe, expect, test } from 'vitest'
import { partsProvider, says, type Step } from '../session/support/providers.ts'
import { tapping } from '../session/support/plugins.ts'
import { startRuntime } from '../session/support/runtime.ts'
import { logOf } from '../session/support/sound.ts'

async function turnOf(steps: readonly Step[], plugins: Parameters<typeof startRuntime>[0] = {}) {
  const provider = partsProvider([steps, says('next')])
  const { runtime } = await startRuntime({ ...plugins, plugins: [provider, ...(plugins.plugins ?? [])] })
  const session = await runtime.newSession({ model: 'parts' })
  const result = await session.submitTurn('go').result
  return { result, session, provider, log: await logOf(runtime, session.id) }
}

describe('a reply', () => {
  test('of over 4 MiB ends the turn with an error that says so, and is not asked for again', async () => {
    const chunk = 'x'.repeat(1024 * 1024)
    const parts = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ type: 'text.delta', id, text: chunk }) as const)
    const { result, provider } = await turnOf([...parts, ...says('end')])
    expect(result).toMatchObject({ status: 'failed', error: { code: 'ERR_MODEL_OUTPUT_CAP' } })
    expect(provider.requests).toHaveLength(1)
  })

  test('of 4 MiB is kept: text, thinking and input count together', async () => {
    const chunk = 'x'.repeat(1024 * 1024)
    const { result } = await turnOf([
      { type: 'thinking.delta', id: 't', text: chunk },
      { type: 'text.delta', id: 'a', text: chunk },
      { type: 'text.delta', id: 'b', text: chunk },
      { type: 'text.delta', id: 'c', text: chunk },
      { type: 'end', stopReason: 'end' },
    ])
    expect(result).toMatchObject({ status: 'completed' })
    expect(result.text).toHaveLength(3 * 1024 * 1024 + 2)
  })
})

describe('beside a reply', () => {
  test('metadata is recorded as it came, and is no part of the message', async () => {
    const { result, log } = await turnOf([{ type: 'metadata', data: { trace: 'abc' } }, ...says('hi')])
    expect(log).toContainEqual(
      expect.objectContaining({ type: 'model.metadata', data: { trace: 'abc' }, purpose: 'turn' }),
    )
    expect(JSON.stringify(result.messages)).not.toContain('abc')
  })

  test.each(['metadata', 'warning'] as const)('a flood of %s is cut, and the reply kept', async (type) => {
    const flood = Array.from({ length: 5_000 }, (_, index): Step =>
      type === 'metadata' ? { type, data: index } : { type, message: `${index}` },
    )
    const { result, log } = await turnOf([...flood, ...says('hi')])
    expect(result).toMatchObject({ status: 'completed', text: 'hi' })
    const stored = { metadata: 'model.metadata', warning: 'warning.raised' }[type]
    expect(log.filter((event) => event.type === stored)).toHaveLength(1_024)
  })

  test('warnings are recorded', async () => {
    const { log } = await turnOf([{ type: 'warning', message: 'effort is not supported' }, ...says('hi')])
    expect(log).toContainEqual(
      expect.objectContaining({ type: 'warning.raised', message: 'effort is not supported' }),
    )
  })

  test('the newest usage replaces those before, and is recorded with its model', async () => {
    const { result, log } = await turnOf([
      { type: 'usage', usage: { inputTokens: 5, outputTokens: 0 } },
      { type: 'text.delta', id: '0', text: 'hi' },
      { type: 'usage', usage: { inputTokens: 5, outputTokens: 9, cacheReadTokens: 3 } },
      { type: 'end', stopReason: 'end' },
    ])
    const usage = { inputTokens: 5, outputTokens: 9, cacheReadTokens: 3 }
    expect(log.filter((event) => event.type === 'usage.recorded')).toMatchObject([{ model: 'parts', usage }])
    expect(result.usage).toEqual(usage)
    expect(log.at(-1)).toMatchObject({ type: 'turn.completed', usage })
  })
})

describe('a turn’s usage', () => {
  test('is the sum of its calls, dollars included where prices are known', async () => {
    const { runtime } = await startRuntime({
      script: [
        {
          toolCalls: [{ name: 'nobody' }],
          usage: { inputTokens: 1_000, outputTokens: 100, cacheReadTokens: 500 },
        },
        { text: 'x', usage: { inputTokens: 2_000, outputTokens: 200 } },
      ],
      modelInfo: { prices: { input: 10, output: 100, cacheRead: 1 } },
    })
    const session = await runtime.newSession()
    const { usage } = await session.submitTurn('go').result
    expect(usage).toMatchObject({ inputTokens: 3_000, outputTokens: 300, cacheReadTokens: 500 })
    expect(usage.costUsd).toBeCloseTo((500 * 10 + 500 * 1 + 100 * 100 + 2_000 * 10 + 200 * 100) / 1e6)
    expect(session.usage.byPurpose['turn']).toEqual(usage)
  })
})

describe('a reply that response.guard refuses', () => {
  test('fails the turn, is not stored, and is paid for', async () => {
    const { result, log, session } = await turnOf(says('something bad'), {
      plugins: [tapping('censor', { 'response.guard': () => ({ deny: 'not that' }) })],
    })
    expect(result).toMatchObject({
      status: 'failed',
      reason: 'error',
      text: '',
      error: {
        code: 'ERR_TURN_REFUSED',
        plugin: 'censor',
        hook: 'response.guard',
        message: 'censor refused the reply: not that',
      },
    })
    expect(JSON.stringify(log)).not.toContain('something bad')
    expect(session.usage.total).toEqual({ inputTokens: 10, outputTokens: 5 })
  })
})

test.each(['prompt.transform', 'context.transform', 'request.transform', 'response.transform'] as const)(
  'a tap of %s ends the turn in its own words',
  async (hook) => {
    const refuse = (): never => {
      throw new HalterError('ERR_TURN_REFUSED', 'The budget of the team is spent.')
    }
    const { result, log } = await turnOf(says('something'), {
      plugins: [tapping('treasurer', { [hook]: refuse })],
    })
    const error = {
      code: 'ERR_TURN_REFUSED',
      plugin: 'treasurer',
      hook,
      message: 'The budget of the team is spent.',
    }
    expect(result).toMatchObject({ status: 'failed', reason: 'error', error })
    expect(log.filter(({ type }) => type === 'turn.failed')).toMatchObject([{ error, retryable: false }])
  },
)

test('response.transform changes what is stored and what runs; the message keeps its id', async () => {
  const { result, log } = await turnOf(says('my key is 1234'), {
    plugins: [
      tapping('redactor', {
        'response.transform': (message) => ({
          ...message,
          parts: [{ kind: 'text', text: 'my key is ****' }],
        }),
      }),
    ],
  })
  expect(result.text).toBe('my key is ****')
  expect(JSON.stringify(log)).not.toContain('1234')
})
