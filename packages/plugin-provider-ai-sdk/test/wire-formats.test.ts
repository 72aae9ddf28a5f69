import { createOpenAI as createOpenAiV3 } from '@ai-sdk/openai-v3'
import { LLMock } from '@copilotkit/aimock'
import type { SessionRuntime } from '@halter/core'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { AiSdkOptions } from '../src/index.ts'
import { ResponsesWire } from './support/openai-wire.ts'
import { camera, says, startApi, startRuntime } from './support/runtime.ts'

// The server here is somebody else's work: its idea of the wire formats is not ours.

const apis: readonly [string, string, (url: string) => AiSdkOptions][] = [
  [
    'Anthropic Messages',
    'anthropic/claude-sonnet-5-5',
    (url) => ({ anthropic: { baseURL: `${url}/v1`, apiKey: 'k' } }),
  ],
  ['OpenAI Responses', 'openai/gpt-6.1-sol', (url) => ({ openai: { baseURL: `${url}/v1`, apiKey: 'k' } })],
  [
    'OpenAI Chat Completions',
    'openai/gpt-4.1',
    (url) => ({ openai: { baseURL: `${url}/v1`, apiKey: 'k', api: 'chat' } }),
  ],
  [
    'a model with the AI SDK’s interface of version 3',
    'older/gpt-4.1',
    (url) => {
      const openai = createOpenAiV3({ baseURL: `${url}/v1`, apiKey: 'k' })
      return { models: { 'older/': (id) => openai(id) } }
    },
  ],
]

describe.each(apis)('over %s', (_name, model, options) => {
  test('a turn calls a tool, is told what it said, and answers', async () => {
    const api = await startMock()
    api.on(
      { turnIndex: 0 },
      { content: 'Let me look.', toolCalls: [{ name: 'look', arguments: { path: 'a.txt' } }] },
    )
    api.on({ turnIndex: 1 }, { content: 'It holds the contents of a.txt.' })
    const session = await newSession(await startRuntime(options(api.url), { defaultModel: model }))
    const { status, text } = await session.submitTurn('What is in a.txt?').result
    expect({ status, text }).toEqual({ status: 'completed', text: 'It holds the contents of a.txt.' })
    const results = session.state.transcript.slice().filter(({ role }) => role === 'tool')
    expect(results).toMatchObject([{ name: 'look', parts: [{ kind: 'text', text: 'Contents of a.txt.' }] }])
    expect(JSON.stringify(api.getRequests().at(-1)?.body)).toContain('Contents of a.txt.')
  })

  test('a failure before the first word is tried again', async () => {
    const api = await startMock()
    api.on({}, { content: 'At last.' })
    api.nextRequestError(503, { message: 'Overloaded', type: 'server_error' })
    const session = await newSession(await startRuntime(options(api.url), { defaultModel: model }))
    expect((await session.submitTurn('Hello?').result).text).toBe('At last.')
  })
})

test('a model of the older interface takes pictures and results with pictures, and is not told how hard to think', async () => {
  const shoots = { toolCalls: [{ id: 'c1', name: 'shoot', input: '{}' }] }
  const api = await startApi(new ResponsesWire(), [{ act: 'reply', reply: shoots }, says('Two pixels.')])
  const openai = createOpenAiV3({ baseURL: api.url, apiKey: 'k' })
  const options = { models: { 'older/': (id: string) => openai(id) } }
  const runtime = await startRuntime(options, { plugins: [camera] })
  const session = await newSession(runtime, 'older/gpt-4.1')
  const picture = { kind: 'image' as const, mediaType: 'image/png', data: 'AAAA' }
  const { text } = await session.submitTurn([picture], { effort: 'high' }).result
  expect(text).toBe('Two pixels.')
  const sent = JSON.stringify(api.bodies[1]!['input'])
  expect(sent.split('"input_image"')).toHaveLength(1 + 2)
  const warnings = (await Array.fromAsync(runtime.replay(session.id))).filter(
    ({ type }) => type === 'warning.raised',
  )
  expect(warnings).toMatchObject([{ message: expect.stringContaining('no effort') as string }])
})

async function startMock(): Promise<LLMock> {
  const api = new LLMock({ port: 0, host: '127.0.0.1' })
  await api.start()
  onTestFinished(() => api.stop())
  return api
}

function newSession(runtime: SessionRuntime, model?: string) {
  return runtime.newSession(model === undefined ? {} : { model })
}
