import { definePlugin, HalterError, type ContextInput, type Plugin } from '@halter/core'
import { describe, expect, test } from 'vitest'
import { partsProvider, says, type Step } from '../session/support/providers.ts'
import { startRuntime } from '../session/support/runtime.ts'

const tooLong = (): never => {
  throw new HalterError('ERR_MODEL_FAILED', 'too long', { kind: 'context-too-long' })
}

/** A context manager that notes what it is asked for, and shows only the newest message when it must. */
function shortening(seen: ContextInput[]): Plugin {
  return definePlugin({
    name: 'shortening',
    apiVersion: 1,
    provides: ['contextManager'],
    setup: () => ({
      contextManager: {
        plan(input) {
          seen.push(input)
          const { transcript } = input.state
          const messages = input.overflow ? transcriptOf(transcript.slice(-1)) : transcript
          return { messages, segments: [], estimatedTokens: input.overflow ? 1 : 1_000 }
        },
        compactNow: async () => undefined,
      },
    }),
  })
}

function transcriptOf<T>(messages: T[]): never {
  return Object.assign(messages, {}) as never
}

async function turnOf(replies: (call: number) => readonly Step[]) {
  const seen: ContextInput[] = []
  const provider = partsProvider((_, call) => replies(call))
  const { runtime } = await startRuntime({ plugins: [provider, shortening(seen)] })
  const session = await runtime.newSession({ model: 'parts' })
  await session.submitTurn('first').result
  const before = seen.length
  const result = await session.submitTurn('second').result
  return { result, plans: seen.slice(before), requests: provider.requests.slice(1) }
}

describe('a context that is too long for the model', () => {
  test('is planned once more, by force, and asked about once more', async () => {
    const { result, plans, requests } = await turnOf((call) =>
      call === 2 ? [tooLong] : says('short enough'),
    )
    expect(result).toMatchObject({ status: 'completed', text: 'short enough' })
    expect(plans.map(({ overflow }) => overflow)).toEqual([undefined, true])
    expect(requests.map(({ messages }) => messages.length)).toEqual([3, 1])
  })

  test('and still is fails the turn: there is no third try', async () => {
    const { result, plans, requests } = await turnOf((call) => (call === 1 ? says('hi') : [tooLong]))
    expect(result).toMatchObject({ status: 'failed', error: { kind: 'context-too-long' } })
    expect([plans.length, requests.length]).toEqual([2, 2])
  })

  test('is not asked about again once something of the reply was to be seen', async () => {
    const text = { type: 'text.delta', id: '0', text: 'so far' } as const
    const { result, requests } = await turnOf((call) => (call === 1 ? says('hi') : [text, tooLong]))
    expect(result).toMatchObject({ status: 'failed', error: { kind: 'context-too-long' } })
    expect(requests).toHaveLength(1)
  })
})
