import assert from 'node:assert/strict'
import {
  transcript,
  type AssistantMessage,
  type Json,
  type Message,
  type ToolMessage,
} from '@halter/protocol'
import type { Rule } from '../rule.ts'
import { HOSTILE_TEXTS } from '../session-store/checks.ts'
import { SAMPLE_TIME, sampleId } from '../session-store/samples.ts'
import { assertWhole, callsOf, joined } from './checks.ts'
import {
  hear,
  sampleUserMessage,
  type ActedReply,
  type OpenProvider,
  type ProviderHarness,
  type ProviderScene,
} from './harness.ts'
import { sceneRule } from './scene-rule.ts'

const DONE: ProviderScene = { act: 'reply', reply: { text: ['Done.'] } }
const READ_TOOL = Object.freeze({
  name: 'read',
  description: 'Reads a file.',
  inputSchema: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
})
const SOMEBODY_ELSE = Object.freeze({ provider: 'somebody-else', model: 'other' })
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='

/** What a provider makes of a request. Where a real API is behind it, or its double, the API decides. */
export const requestRules: readonly Rule<ProviderHarness>[] = [
  sceneRule('its own models are accepted, and no others', [], async ({ provider, model }) => {
    assert.equal(provider.accepts(model), true)
    for (const other of ['', ' ', '/', 'no-such-provider/none', `x${model}`, ...HOSTILE_TEXTS])
      assert.equal(provider.accepts(other), false, `it accepts ${JSON.stringify(other)}`)
  }),

  sceneRule('what is known of a model can be reckoned with', [], async ({ provider, model }) => {
    const info = await provider.info(model)
    assert(info.model !== '', 'the model has no id')
    const { input, output, cacheRead, cacheWrite } = info.prices ?? { input: 0, output: 0 }
    const numbers = { input, output, cacheRead: cacheRead ?? 0, cacheWrite: cacheWrite ?? 0 }
    for (const [name, value] of Object.entries(numbers))
      assert(Number.isFinite(value) && value >= 0, `the price ${name} is ${value}`)
    assert(Number.isInteger(info.window) && info.window > 0, `the window is ${info.window}`)
    assert(Number.isInteger(info.maxOutput) && info.maxOutput > 0, `the largest reply is ${info.maxOutput}`)
    assert(info.maxOutput <= info.window, 'the largest reply is larger than the window')
  }),

  sceneRule('the request is left as it was', [DONE], async (open) => {
    const messages = transcript(deepFreeze(everything(open.provider.name, 'signed by somebody else')))
    const segment = (id: string, stability: 'session' | 'turn') => ({ id, text: `About ${id}.`, stability })
    const request = deepFreeze({
      system: [segment('system', 'session')],
      tail: [segment('tail', 'turn')],
      tools: [READ_TOOL, { ...READ_TOOL, name: 'list' }],
      breakpoints: [
        { after: 'tools' as const },
        { after: 'system' as const, index: 0 },
        { after: 'message' as const, index: messages.length - 1 },
      ],
      headers: { 'x-sample': 'yes' },
    })
    assertWhole(await hear(open, { ...request, messages }))
  }),

  sceneRule('text that no API takes is sent in a form that it takes', [DONE], async (open) => {
    const hostile = HOSTILE_TEXTS.join('|')
    const messages = [
      sampleUserMessage(hostile),
      await reply(open, [
        { kind: 'text', text: hostile },
        { kind: 'toolCall', callId: 'call_1', name: 'read', input: { path: hostile, [hostile]: [hostile] } },
      ]),
      result('call_1', [{ kind: 'text', text: hostile }]),
      sampleUserMessage('   \n '),
      sampleUserMessage('\0'),
    ]
    assertWhole(await hear(open, { messages: transcript(messages), tools: [READ_TOOL] }))
  }),

  sceneRule(
    'what cannot be sent is left out, and what cannot be shown is described',
    [DONE],
    async (open) => {
      assertWhole(
        await hear(open, { messages: transcript(everything(open.provider.name, 'no')), tools: [READ_TOOL] }),
      )
    },
  ),

  sceneRule('calls that other models made are taken, whatever their ids and inputs', [DONE], async (open) => {
    const ids = ['call 1:ä/ö', 'x'.repeat(300), '0', 'call_ok']
    const inputs: (Json | undefined)[] = [['a', 'list'], 'text', null, undefined]
    const calls = ids.map((callId, index) => {
      const input = inputs[index]
      return input === undefined
        ? { kind: 'toolCall' as const, callId, name: 'not a.tool!', malformed: '{"a":' }
        : { kind: 'toolCall' as const, callId, name: 'read', input }
    })
    const messages = [
      sampleUserMessage('Go.'),
      { ...(await reply(open, calls)), from: SOMEBODY_ELSE },
      ...ids.map((callId, index) => result(callId, [], index === 3 ? 'not a.tool!' : 'read')),
    ]
    assertWhole(await hear(open, { messages: transcript(messages), tools: [READ_TOOL] }))
  }),

  goesBack('what a model did goes back to it', {}),
  goesBack('what a model thought goes back to it, signed', { thinking: 'I read it.' }),
]

/** A reply with a call, and the next request with that reply in it, which the model has to take. */
function goesBack(name: string, { thinking }: Pick<ActedReply, 'thinking'>): Rule<ProviderHarness> {
  const acted: ActedReply = {
    text: ['Reading.'],
    toolCalls: [{ id: 'call_1', name: 'read', input: '{"path":"a"}' }],
    ...(thinking !== undefined && { thinking }),
  }
  return sceneRule(name, [{ act: 'reply', reply: acted }, DONE], async (open) => {
    const tools = [READ_TOOL]
    const prompt = sampleUserMessage('Read it.')
    const parts = assertWhole(await hear(open, { messages: transcript([prompt]), tools }))
    const [call] = callsOf(parts)
    assert(call, 'the call did not come')
    const signature = parts.find((part) => part.type === 'thinking.end')?.signature
    const thought = { kind: 'thinking' as const, text: joined(parts, 'thinking.delta') }
    const said = await reply(open, [
      ...(thinking === undefined ? [] : [{ ...thought, ...(signature !== undefined && { signature }) }]),
      { kind: 'text', text: 'Reading.' },
      { kind: 'toolCall', callId: call.callId, name: call.name, input: { path: 'a' } },
    ])
    const answered = [prompt, said, result(call.callId, [{ kind: 'text', text: 'Contents.' }])]
    assertWhole(await hear(open, { messages: transcript(answered), tools }))
  })
}

/** A message of every kind, with parts of every kind, as a session has them that has seen many models. */
function everything(provider: string, signature: string): Message[] {
  const native = (text: string) =>
    ({ kind: 'native', provider: 'somebody-else', data: { opaque: 1 }, fallbackText: text }) as const
  return [
    {
      role: 'user',
      id: sampleId(),
      at: SAMPLE_TIME,
      parts: [
        { kind: 'text', text: 'Look at these.' },
        { kind: 'image', mediaType: 'image/png', data: PIXEL },
        { kind: 'image', mediaType: 'image/tiff', data: 'SUkqAA==' },
        { kind: 'document', mediaType: 'text/markdown', data: 'IyBIaQ==', name: 'hi.md' },
        { kind: 'document', mediaType: 'application/x-unheard-of', data: 'AAAA', name: 'x.bin' },
        native('something native'),
        native(''),
      ],
    },
    {
      role: 'assistant',
      id: sampleId(),
      at: SAMPLE_TIME,
      stopReason: 'tool-calls',
      from: SOMEBODY_ELSE,
      parts: [
        { kind: 'thinking', text: 'unsigned' },
        { kind: 'thinking', text: 'signed', signature },
        { kind: 'text', text: '' },
        native('something I did'),
        { kind: 'toolCall', callId: 'call_1', name: 'read', input: { path: 'a.png' } },
        { kind: 'toolCall', callId: 'call_2', name: 'read', input: {} },
      ],
    },
    result('call_1', [
      { kind: 'text', text: 'A picture:' },
      { kind: 'image', mediaType: 'image/png', data: PIXEL },
      { kind: 'json', value: { width: 1 } },
    ]),
    { ...result('call_2', []), isError: true },
    {
      role: 'assistant',
      id: sampleId(),
      at: SAMPLE_TIME,
      stopReason: 'end',
      from: { provider, model: 'an older one' },
      parts: [{ kind: 'thinking', text: 'nothing else', signature }],
    },
    sampleUserMessage('And now?'),
  ]
}

/** A reply that the provider's own model gave. */
async function reply(
  { provider, model }: OpenProvider,
  parts: AssistantMessage['parts'],
): Promise<AssistantMessage> {
  const from = { provider: provider.name, model: (await provider.info(model)).model }
  return { role: 'assistant', id: sampleId(), at: SAMPLE_TIME, parts, stopReason: 'tool-calls', from }
}

function result(callId: string, parts: ToolMessage['parts'], name = 'read'): ToolMessage {
  return { role: 'tool', id: sampleId(), at: SAMPLE_TIME, callId, name, parts, isError: false }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const each of Object.values(value)) deepFreeze(each)
  }
  return value
}
