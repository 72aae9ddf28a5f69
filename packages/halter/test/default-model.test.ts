import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { place } from './halter.ts'

/** A server that says "Hello from the model." in the words of both APIs, and remembers which models it was asked for. */
async function modelServer() {
  const asked: string[] = []
  const server = createServer(async (request, response) => {
    const { model } = JSON.parse(await text(request)) as { model: string }
    asked.push(`${request.url} ${model}`)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const events = request.url === '/v1/messages' ? messagesEvents(model) : responsesEvents(model)
    response.end(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  return { asked, env: { ANTHROPIC_BASE_URL: url, OPENAI_BASE_URL: url } }
}

function messagesEvents(model: string): object[] {
  const usage = { input_tokens: 10, output_tokens: 1 }
  return [
    {
      type: 'message_start',
      message: { id: 'm', type: 'message', role: 'assistant', model, content: [], usage },
    },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello from the model.' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 5 } },
    { type: 'message_stop' },
  ]
}

function responsesEvents(model: string): object[] {
  const item = { type: 'message', id: 'm', role: 'assistant', status: 'completed', content: [] }
  return [
    { type: 'response.created', response: { id: 'r', created_at: 1, model } },
    { type: 'response.output_item.added', output_index: 0, item },
    {
      type: 'response.output_text.delta',
      item_id: 'm',
      output_index: 0,
      content_index: 0,
      delta: 'Hello from the model.',
    },
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response: { id: 'r', usage: { input_tokens: 10, output_tokens: 5 } } },
  ]
}

describe('without a word about models, run asks', () => {
  test.each([
    [
      { ANTHROPIC_API_KEY: 'k' },
      'anthropic/claude-sonnet-5-5',
      'ANTHROPIC_API_KEY',
      '/v1/messages claude-sonnet-5-5',
    ],
    [{ OPENAI_API_KEY: 'k' }, 'openai/gpt-6.1-sol', 'OPENAI_API_KEY', '/v1/responses gpt-6.1-sol'],
    [
      { OPENAI_API_KEY: 'k', ANTHROPIC_API_KEY: 'k' },
      'anthropic/claude-sonnet-5-5',
      'ANTHROPIC_API_KEY',
      '/v1/messages claude-sonnet-5-5',
    ],
  ])('the model that there is a key for, and says so: %j', async (keys, model, variable, request) => {
    const { asked, env } = await modelServer()
    // The limit in dollars is refused for a model whose price nobody knows.
    const { code, stdout, stderr } = await place().halter(['run', '--budget', 'usd=5', 'Hi'], {
      env: { ...env, ...keys },
    })
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Hello from the model.\n' })
    expect(stderr.split('\n')[0]).toBe(
      `No model is configured: ${model} answers, because ${variable} is set. Choose one with --model.`,
    )
    expect(asked).toEqual([request])
  })

  test.each([
    ['nobody has a key', {}, []],
    ['the key is empty', { ANTHROPIC_API_KEY: '', OPENAI_API_KEY: '' }, []],
  ])('the built-in model where %s', async (_why, keys, args) => {
    const { asked, env } = await modelServer()
    const { stdout, stderr } = await place().halter(['run', ...args, 'Hi'], { env: { ...env, ...keys } })
    expect(stderr).toContain('the built-in demo model answers, offline')
    expect(stdout).toContain('I am a script')
    expect(asked).toEqual([])
  })
})

test.each([
  ['--model', ['--model', 'demo'], {}],
  ['the environment', [], { HALTER_MODEL: 'demo' }],
])('a model that %s names is the one, whatever keys there are', async (_where, args, named) => {
  const { asked, env } = await modelServer()
  const keys = { ANTHROPIC_API_KEY: 'k', OPENAI_API_KEY: 'k' }
  const { code, stderr } = await place().halter(['run', ...args, 'Hi'], {
    env: { ...env, ...keys, ...named },
  })
  expect(code).toBe(0)
  expect(stderr).not.toContain('is set')
  expect(asked).toEqual([])
})

test('a model whose key is missing is refused, and the key is named', async () => {
  const { code, stderr } = await place().halter(['run', '--model', 'openai/gpt-6.1-sol', 'Hi'])
  expect(code).toBe(2)
  expect(stderr).toContain('OPENAI_API_KEY is not set; with it, openai/gpt-6.1-sol can be asked.')
})
