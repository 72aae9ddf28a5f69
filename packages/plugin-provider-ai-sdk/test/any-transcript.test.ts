import type { ModelRequest } from '@halter/core'
import { transcript, type AssistantPart, type Json, type Message, type UserPart } from '@halter/protocol'
import { checkTranscript, sampleRequest } from '@halter/testkit'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { anthropicProvider, openAiProvider } from '../src/named-providers.ts'
import { AnthropicWire } from './support/anthropic-wire.ts'
import { FakeApi } from './support/fake-api.ts'
import { ChatWire, ResponsesWire } from './support/openai-wire.ts'

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', ' ', '\0', 'Hello.'))
const userPart: fc.Arbitrary<UserPart> = fc.oneof(
  fc.record({ kind: fc.constant('text' as const), text }),
  fc.record({
    kind: fc.constantFrom('image' as const, 'document' as const),
    mediaType: fc.constantFrom('image/png', 'image/bmp', 'application/pdf', 'text/plain', 'audio/wav'),
    data: fc.constant('AAAA'),
  }),
  fc.record({
    kind: fc.constant('native' as const),
    provider: fc.constantFrom('anthropic', 'elsewhere'),
    data: fc.jsonValue() as fc.Arbitrary<Json>,
    fallbackText: text,
  }),
)
const from = fc.constantFrom(
  { provider: 'anthropic', model: 'claude-sonnet-5-5' },
  { provider: 'openai', model: 'gpt-6.1-sol' },
  { provider: 'demo', model: 'demo' },
)
const input = fc.oneof(fc.jsonValue() as fc.Arbitrary<Json>, fc.constant(undefined))

/** A prompt, a reply, and a result for each of its calls: anything may be in them. */
const round = fc
  .record({
    prompt: fc.array(userPart, { maxLength: 3 }),
    thinking: fc.option(text),
    said: text,
    calls: fc.array(fc.record({ id: fc.string({ minLength: 1 }), name: text, input }), { maxLength: 3 }),
    from,
  })
  .map(({ prompt, thinking, said, calls, from }) => (number: number): Message[] => {
    const ids = calls.map(({ id }, index) => `${id}-${number}-${index}`)
    const parts: AssistantPart[] = [
      ...(thinking === null ? [] : [{ kind: 'thinking' as const, text: thinking }]),
      { kind: 'text', text: said },
      ...calls.map(({ name, input }, index): AssistantPart => {
        const call = { kind: 'toolCall' as const, callId: ids[index]!, name }
        return input === undefined ? { ...call, malformed: '{"a' } : { ...call, input }
      }),
    ]
    return [
      { role: 'user', id: `u${number}`, at: 0, parts: [...prompt, { kind: 'text', text: 'Go on.' }] },
      { role: 'assistant', id: `a${number}`, at: 0, parts, stopReason: 'end', from },
      ...calls.map(({ name }, index): Message => ({
        role: 'tool',
        id: `t${number}-${index}`,
        at: 0,
        callId: ids[index]!,
        name,
        parts: [{ kind: 'text', text: said }],
        isError: index === 1,
      })),
    ]
  })
const messages = fc
  .array(round, { minLength: 1, maxLength: 4 })
  .map((rounds) => [
    ...rounds.flatMap((make, number) => make(number)),
    { role: 'user' as const, id: 'last', at: 0, parts: [{ kind: 'text' as const, text: 'And now?' }] },
  ])
const request: fc.Arbitrary<Partial<ModelRequest>> = messages.map((messages) => ({
  messages: transcript(messages),
  tail: [{ id: 'tail', text: 'Now.', stability: 'turn' }],
  system: [{ id: 'system', text: 'You are.', stability: 'session' }],
  breakpoints: [
    { after: 'system', index: 0 },
    ...messages.map((_, index) => ({ after: 'message' as const, index })).slice(-3),
  ],
}))

const apis = [
  ['anthropic/claude-sonnet-5-5', () => new AnthropicWire(), anthropicProvider, {}],
  ['openai/gpt-6.1-sol', () => new ResponsesWire(), openAiProvider, {}],
  ['openai/gpt-4.1', () => new ChatWire(), openAiProvider, { api: 'chat' as const }],
] as const

describe.each(apis)('%s', (model, wire, create, options) => {
  let api: FakeApi
  beforeAll(async () => void (api = await FakeApi.start(wire())))
  afterAll(() => api.close())

  test('law: takes every transcript in which each call has its result', async () => {
    const provider = create({ baseURL: api.url, apiKey: 'k', ...options }, { env: {} })!
    await fc.assert(
      fc.asyncProperty(request, async (given) => {
        const problems = checkTranscript(given.messages!, ['gemini'])
        expect(
          problems.filter(({ rule }) => rule !== 'empty-message' && rule !== 'call-not-after-user'),
        ).toEqual([])
        api.will({ act: 'reply', reply: { text: ['Fine.'] } })
        const request = await sampleRequest({ provider, model }, given)
        const parts = await Array.fromAsync(provider.stream(request, new AbortController().signal))
        expect(parts.at(-1)).toMatchObject({ type: 'end', stopReason: 'end' })
      }),
      { numRuns: 100 },
    )
  })
})
