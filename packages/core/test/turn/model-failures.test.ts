import { HalterError, RETRYABLE_KINDS } from '@halter/core'
import type { TestRuntimeOptions } from '@halter/core/testing'
import type { ModelErrorKind } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { partsProvider, says, type Step } from '../session/support/providers.ts'
import { startRuntime } from '../session/support/runtime.ts'
import { logOf } from '../session/support/sound.ts'

const KINDS: readonly ModelErrorKind[] = [
  'auth',
  'invalid-request',
  'context-too-long',
  'rate-limited',
  'overloaded',
  'transient',
  'cancelled',
  'refused',
]

function failing(kind: ModelErrorKind, retryAfterMs?: number): () => never {
  return () => {
    throw new HalterError('ERR_MODEL_FAILED', `${kind} it is`, { kind, retryAfterMs })
  }
}

/** Runs a turn whose calls stream what `reply` gives for each. */
async function turnOf(reply: (call: number) => readonly Step[], rest: TestRuntimeOptions = {}) {
  const provider = partsProvider((_, call) => reply(call))
  const { runtime, clock } = await startRuntime({ ...rest, plugins: [provider, ...(rest.plugins ?? [])] })
  const session = await runtime.newSession({ model: 'parts' })
  const startedAt = clock.now()
  const result = await session.submitTurn('go').result
  const tookMs = clock.now() - startedAt
  return { result, calls: provider.requests.length, tookMs, session, log: await logOf(runtime, session.id) }
}

describe('a failed model call', () => {
  test.each(KINDS)(
    'of kind %s says so in the result and in turn.failed, and whether it is worth a try later',
    async (kind) => {
      const { result, log } = await turnOf(() => [failing(kind)], { maxModelTries: 1 })
      const expected = {
        reason: 'error',
        error: { code: 'ERR_MODEL_FAILED', kind, message: `${kind} it is` },
      }
      expect(result).toMatchObject({ status: 'failed', ...expected })
      expect(log.at(-1)).toMatchObject({
        type: 'turn.failed',
        ...expected,
        retryable: RETRYABLE_KINDS.has(kind),
      })
    },
  )

  test('that was no error of halter’s is not tried again, and keeps its cause', async () => {
    const { result, calls } = await turnOf(() => [
      () => {
        throw new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') })
      },
    ])
    expect(calls).toBe(1)
    expect(result.error).toMatchObject({
      code: 'ERR_MODEL_FAILED',
      kind: 'invalid-request',
      message: 'parts failed on "parts": fetch failed',
      cause: { message: 'fetch failed', cause: { message: 'ECONNREFUSED' } },
    })
  })

  test('does not stop the next turn', async () => {
    const { session } = await turnOf((call) => (call === 1 ? [failing('auth')] : says('better')))
    expect(await session.submitTurn('again').result).toMatchObject({ status: 'completed', text: 'better' })
  })
})

describe('another try', () => {
  test.each(KINDS.filter((kind) => RETRYABLE_KINDS.has(kind)))(
    'is made after %s, and its reply counts',
    async (kind) => {
      const { result, calls } = await turnOf((call) => (call < 3 ? [failing(kind)] : says('at last')))
      expect(calls).toBe(3)
      expect(result).toMatchObject({ status: 'completed', text: 'at last' })
    },
  )

  test.each(KINDS.filter((kind) => !RETRYABLE_KINDS.has(kind) && kind !== 'context-too-long'))(
    'is not made after %s',
    async (kind) => {
      const { calls } = await turnOf((call) => (call === 1 ? [failing(kind)] : says('never')))
      expect(calls).toBe(1)
    },
  )

  test('is made four times at most, or as often as the runtime is told', async () => {
    expect((await turnOf(() => [failing('transient')])).calls).toBe(4)
    expect((await turnOf(() => [failing('transient')], { maxModelTries: 2 })).calls).toBe(2)
    expect((await turnOf(() => [failing('transient')], { maxModelTries: 1 })).calls).toBe(1)
  })

  test('waits longer each time', async () => {
    expect((await turnOf(() => [failing('transient')])).tookMs).toBe(500 + 1_000 + 2_000)
  })

  test('waits as long as the provider said, and never more than 30 s', async () => {
    expect((await turnOf((call) => (call === 1 ? [failing('rate-limited', 7_000)] : says('x')))).tookMs).toBe(
      7_000,
    )
    expect((await turnOf((call) => (call === 1 ? [failing('rate-limited', 0)] : says('x')))).tookMs).toBe(0)
    expect((await turnOf((call) => (call === 1 ? [failing('rate-limited', 9e9)] : says('x')))).tookMs).toBe(
      30_000,
    )
  })

  test.each([
    ['text', { type: 'text.delta', id: '0', text: 'x' }],
    ['thinking', { type: 'thinking.delta', id: '0', text: 'x' }],
    ['a call', { type: 'toolInput.start', id: '0', callId: 'c', name: 'x' }],
  ] as const)('is not made once %s was to be seen', async (_what, part) => {
    const { result, calls, log } = await turnOf((call) =>
      call === 1 ? [part, failing('transient')] : says('again'),
    )
    expect(calls).toBe(1)
    expect(result).toMatchObject({ status: 'failed', error: { kind: 'transient' } })
    expect(log.at(-1)).toMatchObject({ retryable: true })
  })

  test('is made after a stream that ended without saying so, when nothing of it was to be seen', async () => {
    expect(await turnOf((call) => (call === 1 ? [] : says('whole')))).toMatchObject({
      calls: 2,
      result: { status: 'completed', text: 'whole' },
    })
    expect(await turnOf(() => [])).toMatchObject({
      calls: 4,
      result: { status: 'failed', error: { code: 'ERR_MODEL_PROTOCOL' } },
    })
  })
})

describe('what a failed call had cost', () => {
  const usage = { type: 'usage', usage: { inputTokens: 100, outputTokens: 1 } } as const

  test('is recorded, all tries together, once', async () => {
    const { session, log } = await turnOf(() => [usage, failing('transient')])
    const recorded = log.filter((event) => event.type === 'usage.recorded')
    expect(recorded).toMatchObject([{ purpose: 'turn', usage: { inputTokens: 400, outputTokens: 4 } }])
    expect(session.usage.total).toEqual({ inputTokens: 400, outputTokens: 4 })
    expect(log.at(-1)).toMatchObject({ type: 'turn.failed', usage: { inputTokens: 400, outputTokens: 4 } })
  })

  test('counts for the call that went well after it', async () => {
    const { result } = await turnOf((call) => (call === 1 ? [usage, failing('overloaded')] : says('x')))
    expect(result.usage).toEqual({ inputTokens: 110, outputTokens: 6 })
  })

  test('is nothing when it said nothing', async () => {
    const { log } = await turnOf(() => [failing('auth')])
    expect(log.filter(({ type }) => type === 'usage.recorded')).toEqual([])
  })
})
