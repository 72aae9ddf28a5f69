import type { ModelPart } from '@halter/core'
import { describe, expect, test } from 'vitest'
import { partsProvider, says } from '../session/support/providers.ts'
import { startRuntime } from '../session/support/runtime.ts'
import { echo } from '../session/support/tools.ts'

/** What is stored of a reply of these parts, and how its turn ended. */
async function replyOf(parts: readonly ModelPart[]) {
  const provider = partsProvider([parts, says('after')])
  const { runtime } = await startRuntime({ plugins: [provider], maxModelTries: 1 })
  const session = await runtime.newSession({ model: 'parts', tools: [echo] })
  const result = await session.submitTurn('go').result
  return { result, reply: result.messages.find(({ role }) => role === 'assistant'), provider }
}

const end: ModelPart = { type: 'end', stopReason: 'end' }
const call = (callId: string, ...chunks: string[]): ModelPart[] => [
  { type: 'toolInput.start', id: `block-${callId}`, callId, name: 'echo' },
  ...chunks.map((text): ModelPart => ({ type: 'toolInput.delta', id: `block-${callId}`, text })),
  { type: 'toolInput.end', id: `block-${callId}` },
]

describe('a reply', () => {
  test('keeps its blocks in the order they began to say something', async () => {
    const { reply } = await replyOf([
      { type: 'text.start', id: 'late' },
      { type: 'thinking.delta', id: 'think', text: 'hm' },
      { type: 'text.delta', id: 'late', text: 'so ' },
      { type: 'thinking.end', id: 'think', signature: 'sig' },
      ...call('c1', '{"a":', '1}'),
      { type: 'text.delta', id: 'late', text: 'what' },
      { type: 'native', data: { x: 1 }, fallbackText: 'a search' },
      { type: 'text.delta', id: 'other', text: 'end' },
      end,
    ])
    expect(reply).toMatchObject({
      parts: [
        { kind: 'thinking', text: 'hm', signature: 'sig' },
        { kind: 'text', text: 'so what' },
        { kind: 'toolCall', callId: 'c1', name: 'echo', input: { a: 1 } },
        { kind: 'native', provider: 'parts', data: { x: 1 }, fallbackText: 'a search' },
        { kind: 'text', text: 'end' },
      ],
      stopReason: 'tool-calls',
      from: { provider: 'parts', model: 'parts' },
    })
  })

  test('whose block id is used again has two parts', async () => {
    const { reply } = await replyOf([
      { type: 'text.start', id: '0' },
      { type: 'text.delta', id: '0', text: 'one' },
      { type: 'text.end', id: '0' },
      { type: 'text.start', id: '0' },
      { type: 'text.delta', id: '0', text: 'two' },
      { type: 'text.end', id: '0' },
      end,
    ])
    expect(reply!.parts).toEqual([
      { kind: 'text', text: 'one' },
      { kind: 'text', text: 'two' },
    ])
  })

  test('keeps the provider’s id of it', async () => {
    const { reply } = await replyOf([
      { type: 'text.delta', id: '0', text: 'x' },
      { ...end, responseId: 'resp-1' },
    ])
    expect(reply).toMatchObject({ responseId: 'resp-1' })
  })

  test.each([
    ['nothing', []],
    ['blank text', [{ type: 'text.delta', id: '0', text: ' \n' }]],
    [
      'an empty block',
      [
        { type: 'text.start', id: '0' },
        { type: 'text.end', id: '0' },
      ],
    ],
    [
      'thinking alone',
      [
        { type: 'thinking.delta', id: '0', text: 'hm' },
        { type: 'thinking.end', id: '0', signature: 's' },
      ],
    ],
    ['something of the provider’s own without a text', [{ type: 'native', data: 1, fallbackText: '' }]],
  ] as const)('of %s is no message: model APIs would refuse it', async (_what, parts) => {
    const { result, reply } = await replyOf([...parts, end])
    expect(result).toMatchObject({ status: 'completed', reason: 'stop', text: '' })
    expect(reply).toBeUndefined()
  })

  test('that ends in thinking keeps it, without the signature that would send it back', async () => {
    const { reply } = await replyOf([
      { type: 'text.delta', id: '0', text: 'answer' },
      { type: 'thinking.delta', id: '1', text: 'and now' },
      { type: 'thinking.end', id: '1', signature: 's' },
      end,
    ])
    expect(reply!.parts).toEqual([
      { kind: 'text', text: 'answer' },
      { kind: 'thinking', text: 'and now' },
    ])
  })

  test('says why it stopped: the turn does, too', async () => {
    const text: ModelPart = { type: 'text.delta', id: '0', text: 'cut' }
    const cut = await replyOf([text, { type: 'end', stopReason: 'max-output' }])
    expect(cut.result).toMatchObject({ status: 'completed', reason: 'max-output' })
    const refused = await replyOf([text, { type: 'end', stopReason: 'refused' }])
    expect(refused.result).toMatchObject({ status: 'completed', reason: 'refused' })
    const odd = await replyOf([text, { type: 'end', stopReason: 'tool-calls' }])
    expect(odd.result).toMatchObject({ status: 'completed', reason: 'stop' })
    expect(odd.reply).toMatchObject({ stopReason: 'end' })
  })
})

describe('a provider that breaks the rules of a stream fails the turn, and is named:', () => {
  test.each([
    ['input of a call that it never began', [{ type: 'toolInput.delta', id: 'x', text: '{}' }]],
    ['the end of a block that it never began', [{ type: 'text.end', id: 'x' }]],
    ['a part of no known type', [{ type: 'video.delta', id: 'x' } as unknown as ModelPart]],
    ['no end', [{ type: 'text.delta', id: 'x', text: 'hello' }]],
  ] as const)('%s', async (_what, parts) => {
    const { result } = await replyOf(parts)
    expect(result).toMatchObject({
      status: 'failed',
      reason: 'error',
      error: {
        code: 'ERR_MODEL_PROTOCOL',
        kind: 'transient',
        message: expect.stringContaining('parts') as string,
      },
    })
  })
})
