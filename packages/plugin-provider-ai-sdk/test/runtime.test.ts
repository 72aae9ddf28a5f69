import { jsonSchema, type SessionRuntime } from '@halter/core'
import type { StoredEvent } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { AnthropicWire } from './support/anthropic-wire.ts'
import type { Act, Body, FakeWire } from './support/fake-api.ts'
import { ResponsesWire } from './support/openai-wire.ts'
import { looksInto, says, startApi, startRuntime } from './support/runtime.ts'

const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='

/** Anthropic's server, and a runtime whose sessions talk to it. */
async function claude(
  acts: readonly Act[],
  more: Parameters<typeof startRuntime>[1] = {},
  wire: FakeWire = new AnthropicWire(),
) {
  const api = await startApi(wire, acts)
  const model = 'anthropic/claude-sonnet-5-5'
  const options = { anthropic: { baseURL: api.url, apiKey: 'k' }, openai: false as const }
  const runtime = await startRuntime(options, { defaultModel: model, ...more })
  return { api, runtime, session: await runtime.newSession() }
}

/** OpenAI's server, and a runtime whose sessions talk to it. */
async function gpt(acts: readonly Act[], more: Parameters<typeof startRuntime>[1] = {}) {
  const api = await startApi(new ResponsesWire(), acts)
  const options = { openai: { baseURL: api.url, apiKey: 'k' }, anthropic: false as const }
  const runtime = await startRuntime(options, { defaultModel: 'openai/gpt-6.1-sol', ...more })
  return { api, runtime, session: await runtime.newSession() }
}

describe('thinking', () => {
  test('goes back signed within a turn, though the prompt has a tail that changes', async () => {
    const wire = new AnthropicWire({ bindsThinking: true })
    const acts = [
      looksInto('a', { thinking: 'I look into a.' }),
      looksInto('b', { thinking: 'Now b.' }),
      says('Both are there.'),
    ]
    const { api, session } = await claude(acts, {}, wire)
    const { status, text } = await session.submitTurn('What is there?').result
    expect({ status, text }).toEqual({ status: 'completed', text: 'Both are there.' })
    const thoughts = blocks(api.bodies[2]!, 'thinking')
    expect(thoughts).toEqual([
      { type: 'thinking', thinking: 'I look into a.', signature: 'signature-1' },
      { type: 'thinking', thinking: 'Now b.', signature: 'signature-2' },
    ])
    expect(JSON.stringify(api.bodies[2])).toContain('# Where you are')
    expect(wire.dropped).toBe(0)
  })

  test('that no longer fits its conversation costs the thought and not the turn', async () => {
    const wire = new AnthropicWire({ bindsThinking: true })
    const acts = [looksInto('a', { thinking: 'I look into a.' }), says('There.'), says('Again.')]
    const { api, session } = await claude(acts, {}, wire)
    await session.submitTurn('What is there?').result
    // The tail of the first turn is gone from behind its prompt.
    const { status } = await session.submitTurn('And now?').result
    expect(status).toBe('completed')
    expect(wire.dropped).toBe(1)
    expect(api.bodies[2]).toMatchObject({
      thinking: { block_binding: { prefix_mismatch_behavior: 'drop_block' } },
    })
    expect(api.requests[2]!.headers['anthropic-beta']).toContain('thinking-binding-controls')
  })

  test('is not sent to another model than the one that signed it', async () => {
    const acts = [looksInto('a', { thinking: 'Secret.' }), says('There.'), says('Here.')]
    const { api, session } = await claude(acts)
    await session.submitTurn('What is there?').result
    await session.submitTurn('And you?', { model: 'anthropic/claude-haiku-4-5' }).result
    expect(blocks(api.bodies[1]!, 'thinking')).toHaveLength(1)
    expect(blocks(api.bodies[2]!, 'thinking')).toEqual([])
  })

  test('is left out of a call that is not to think, where the API could not be told what to do about it', async () => {
    const acts = [looksInto('a', { thinking: 'I look.' }), says('There.'), says('Here.')]
    const { api, session } = await claude(acts, {}, new AnthropicWire({ bindsThinking: true }))
    await session.submitTurn('What is there?').result
    const { status } = await session.submitTurn('Quick now', { effort: 'none' }).result
    expect(status).toBe('completed')
    expect(blocks(api.bodies[2]!, 'thinking')).toEqual([])
  })

  test('of OpenAI goes back encrypted, and nothing is left there', async () => {
    const { api, session } = await gpt([looksInto('a', { thinking: 'I look.' }), says('There.')])
    const { text } = await session.submitTurn('What is there?').result
    expect(text).toBe('There.')
    expect(api.bodies.map(({ store }) => store)).toEqual([false, false])
    expect(api.bodies[1]!['input']).toContainEqual({
      type: 'reasoning',
      id: 'rs_1',
      encrypted_content: 'encrypted-rs_1',
      summary: [{ type: 'summary_text', text: 'I look.' }],
    })
  })

  test('is asked for as hard as the session says', async () => {
    const { api, session } = await gpt([says('a')])
    await session.submitTurn('Hi', { effort: 'high' }).result
    expect(api.bodies[0]).toMatchObject({ reasoning: { effort: 'high' } })
    const other = await claude([says('b'), says('c')])
    await other.session.submitTurn('Hi', { effort: 'low' }).result
    await other.session.submitTurn('Hi', { effort: 'none' }).result
    expect(other.api.bodies[0]).toMatchObject({
      thinking: { type: 'adaptive' },
      output_config: { effort: 'low' },
    })
    expect(other.api.bodies[1]).toMatchObject({ thinking: { type: 'between_tools' } })
  })
})

describe('structured output', () => {
  const schema = {
    type: 'object',
    properties: { answer: { type: 'number' } },
    required: ['answer'],
    additionalProperties: false,
  }

  test('is asked for in the API’s own way, and checked', async () => {
    const output = { schema: jsonSchema<{ answer: number }>(schema) }
    const anthropic = await claude([says('{"answer":', ' 42}')])
    expect((await anthropic.session.submitTurn('6 × 7?', { output }).result).output).toEqual({ answer: 42 })
    expect(anthropic.api.bodies[0]).toMatchObject({ output_config: { format: { type: 'json_schema' } } })

    const openai = await gpt([says('{"answer": "forty-two"}'), says('{"answer": 42}')])
    expect((await openai.session.submitTurn('6 × 7?', { output }).result).output).toEqual({ answer: 42 })
    expect(openai.api.bodies[0]).toMatchObject({
      text: { format: { type: 'json_schema', strict: true, schema } },
    })
    expect(openai.api.bodies).toHaveLength(2)
  })

  test('that OpenAI would refuse in strict mode is asked for without it', async () => {
    const loose = { type: 'object', properties: { answer: { type: 'number' } } }
    const { api, session } = await gpt([says('{}')])
    const { output } = await session.submitTurn('?', { output: { schema: jsonSchema(loose) } }).result
    expect(output).toEqual({})
    expect(api.bodies[0]).toMatchObject({ text: { format: { strict: false, schema: loose } } })
  })

  test('that is no object is asked for in words', async () => {
    const list = { type: 'array', items: { type: 'string' } }
    const { api, session } = await gpt([says('["a"]')])
    const { output } = await session.submitTurn('?', { output: { schema: jsonSchema(list) } }).result
    expect(output).toEqual(['a'])
    expect(api.bodies[0]).not.toHaveProperty('text')
    expect(JSON.stringify(api.bodies[0]!['input'])).toContain('It must fit this JSON Schema')
  })
})

describe('pictures and files', () => {
  const parts = [
    { kind: 'text' as const, text: 'What is this?' },
    { kind: 'image' as const, mediaType: 'image/png', data: PIXEL },
    { kind: 'document' as const, mediaType: 'application/pdf', data: 'JVBERi0=', name: 'a.pdf' },
    {
      kind: 'document' as const,
      mediaType: 'text/csv',
      data: Buffer.from('x,ü').toString('base64'),
      name: 'a.csv',
    },
  ]

  test('reach Anthropic as blocks', async () => {
    const { api, session } = await claude([says('A pixel.')])
    await session.submitTurn(parts).result
    const [turn] = api.bodies[0]!['messages'] as { content: unknown[] }[]
    expect(turn!.content).toMatchObject([
      { type: 'text', text: 'What is this?' },
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } },
      {
        type: 'document',
        source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' },
        title: 'a.pdf',
      },
      { type: 'text', text: 'a.csv:\nx,ü' },
      { type: 'text', text: expect.stringContaining('<context>') as string },
    ])
  })

  test('reach OpenAI as items', async () => {
    const { api, session } = await gpt([says('A pixel.')])
    await session.submitTurn(parts).result
    const input = api.bodies[0]!['input'] as { role: string; content: unknown[] }[]
    expect(input.find(({ role }) => role === 'user')!.content).toMatchObject([
      { type: 'input_text', text: 'What is this?' },
      { type: 'input_image', image_url: `data:image/png;base64,${PIXEL}` },
      { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' },
      { type: 'input_text', text: 'a.csv:\nx,ü' },
    ])
  })
})

describe('a call that goes wrong', () => {
  test.each(['rate-limited', 'overloaded', 'transient'] as const)(
    'before it has said anything is made again: %s',
    async (kind) => {
      const { api, session } = await claude([{ act: 'fail', kind, retryAfterMs: 0 }, says('Here I am.')])
      const { status, text } = await session.submitTurn('Hi').result
      expect({ status, text }).toEqual({ status: 'completed', text: 'Here I am.' })
      expect(api.requests).toHaveLength(2)
    },
  )

  test('after it has said something is not made again', async () => {
    const { api, session } = await claude([
      { act: 'fail', kind: 'overloaded', afterText: 'So far so ' },
      says('good.'),
    ])
    const { status, reason, error } = await session.submitTurn('Hi').result
    expect({ status, reason }).toEqual({ status: 'failed', reason: 'error' })
    expect(error).toMatchObject({ code: 'ERR_MODEL_FAILED', kind: 'overloaded', retryable: true })
    expect(api.requests).toHaveLength(1)
  })

  test('that may not be made again is not', async () => {
    const { api, session } = await gpt([{ act: 'fail', kind: 'auth' }, says('never')])
    const { error } = await session.submitTurn('Hi').result
    expect(error).toMatchObject({ kind: 'auth' })
    expect(error!.message).toMatch(
      /^openai answered 401 to a call of "gpt-6.1-sol": Incorrect API key.*OPENAI_API_KEY/,
    )
    expect(api.requests).toHaveLength(1)
  })

  test('waits as long as the server asks', async () => {
    const { session } = await claude([
      { act: 'fail', kind: 'rate-limited', retryAfterMs: 1_000 },
      says('Now.'),
    ])
    const before = performance.now()
    await session.submitTurn('Hi').result
    expect(performance.now() - before).toBeGreaterThanOrEqual(1_000)
  })

  test('because it was too long is made once more, with less', async () => {
    const { api, session } = await claude([{ act: 'fail', kind: 'context-too-long' }, says('Fits.')])
    const { status } = await session.submitTurn('Hi').result
    expect(status).toBe('completed')
    expect(api.requests).toHaveLength(2)
  })

  test.each([
    ['no JSON', 'data: {"type": "message_st\n\n'],
    ['no event of the API', 'data: {"type": "surprise"}\n\n'],
    ['nothing', ''],
  ])('because its stream is %s is made again', async (_what, line) => {
    const { api, session } = await claude([{ act: 'stream', lines: [line] }, says('Readable.')], {
      maxModelTries: 2,
    })
    expect((await session.submitTurn('Hi').result).text).toBe('Readable.')
    expect(api.requests).toHaveLength(2)
  })

  test('because nobody is there is told as one that may work later', async () => {
    const { api, session } = await claude([], { maxModelTries: 1 })
    await api.close()
    const { error } = await session.submitTurn('Hi').result
    expect(error).toMatchObject({ kind: 'transient', retryable: true })
    expect(error!.message).toContain('127.0.0.1')
  })
})

describe('a call that takes long', () => {
  test('is closed when the turn is interrupted, and what it said and cost is kept', async () => {
    const { api, session, runtime } = await claude([{ act: 'hang', text: 'Once upon a ' }])
    const turn = session.submitTurn('A story')
    for await (const event of turn) if (event.type === 'text.delta') turn.interrupt()
    const { reason } = await turn.result
    expect(reason).toBe('interrupted')
    await expect.poll(() => api.openCalls).toBe(0)
    const log = await events(runtime, session.id)
    expect(log.at(-1)).toMatchObject({ type: 'turn.failed', reason: 'interrupted' })
    expect(log).toContainEqual(
      expect.objectContaining({
        type: 'usage.recorded',
        usage: expect.objectContaining({ inputTokens: 12 }) as object,
      }),
    )
    expect(session.state.transcript.at(-1)).toMatchObject({ parts: [{ kind: 'text', text: 'Once upon a ' }] })
  })

  test('and says nothing is given up', async () => {
    const { api, session } = await claude([{ act: 'hang' }], {
      timeouts: { modelSilence: 150 },
      maxModelTries: 1,
    })
    const { error } = await session.submitTurn('Hi').result
    expect(error).toMatchObject({ code: 'ERR_MODEL_TIMEOUT', kind: 'transient' })
    await expect.poll(() => api.openCalls).toBe(0)
  })

  test('and pings is waited for', async () => {
    const { session } = await claude(
      [{ act: 'slow', everyMs: 60, reply: { text: ['one ', 'two ', 'three'] } }],
      { timeouts: { modelSilence: 200 }, maxModelTries: 1 },
    )
    expect((await session.submitTurn('Hi').result).text).toBe('one two three')
  })
})

describe('the prompt', () => {
  test('is marked for caching where the assembler says, and the same bytes come first in the next step', async () => {
    const { api, runtime } = await claude([looksInto('a'), says('There.')])
    const session = await runtime.newSession({ appendSystemPrompt: 'Of the session alone.' })
    await session.submitTurn('What is there?').result
    const [first, second] = api.bodies as [Body, Body]
    expect(JSON.stringify(first).split('"cache_control"')).toHaveLength(1 + 4)
    for (const part of ['tools', 'system'] as const)
      expect(JSON.stringify(second[part])).toBe(JSON.stringify(first[part]))
    const marked = (second['messages'] as { content: Body[] }[]).at(-1)!.content.at(-1)
    expect(marked).toMatchObject({ type: 'tool_result', cache_control: { type: 'ephemeral' } })
  })

  test('of OpenAI is cached by session', async () => {
    const { api, session } = await gpt([looksInto('a'), says('There.')])
    await session.submitTurn('What is there?').result
    expect(api.bodies.map(({ prompt_cache_key: key }) => key)).toEqual([session.id, session.id])
  })

  test('carries the phase of a text back to OpenAI, which wants it', async () => {
    const { api, session } = await gpt([looksInto('a', { text: ['Looking.'] }), says('There.')])
    await session.submitTurn('What is there?').result
    expect(api.bodies[1]!['input']).toContainEqual({
      role: 'assistant',
      content: 'Looking.',
      phase: 'commentary',
    })
  })

  test('of a session that other models have been in is taken', async () => {
    const { api, session } = await claude([looksInto('a', { thinking: 'Hm.' }), says('There.')])
    await session.submitTurn('Look', { model: 'demo' }).result
    await session.submitTurn('Look again').result
    const { status } = await session.submitTurn('Bye', { model: 'demo' }).result
    expect(status).toBe('completed')
    expect(api.requests).toHaveLength(2)
  })
})

describe('usage', () => {
  test('is what the API counted, in tokens and list prices', async () => {
    const usage = { inputTokens: 1_000, outputTokens: 100, cacheReadTokens: 600, cacheWriteTokens: 300 }
    const { session } = await claude([{ act: 'reply', reply: { text: ['a'], usage } }])
    const result = await session.submitTurn('Hi').result
    expect(result.usage).toMatchObject(usage)
    // 100 plain at $2, 600 read at $0.10, 300 written at $2.50 and 100 out at $10 per million
    expect(result.usage.costUsd).toBeCloseTo((100 * 2 + 600 * 0.1 + 300 * 2.5 + 100 * 10) / 1e6, 12)
  })

  test('over the length from which a model is dearer is reckoned so', async () => {
    const usage = { inputTokens: 300_000, outputTokens: 100 }
    const { session } = await gpt([{ act: 'reply', reply: { text: ['a'], usage } }])
    const result = await session.submitTurn('Hi').result
    expect(result.usage.costUsd).toBeCloseTo((300_000 * 4 + 100 * 15) / 1e6, 12)
  })
})

test('a call goes over the connection of the one before it', async () => {
  const { api, session } = await claude([says('One.'), says('Two.'), says('Three.')])
  for (const prompt of ['a', 'b', 'c']) {
    await session.submitTurn(prompt).result
    // The reply is whole before the response is; the rest is read in the background.
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  expect(api.requests).toHaveLength(3)
  expect(api.connections).toBe(1)
})

test('what a model does not support is said once', async () => {
  const { session, runtime } = await claude([looksInto('a'), says('There.')])
  await session.submitTurn('Look', { temperature: 0.5 }).result
  const warnings = (await events(runtime, session.id)).filter(({ type }) => type === 'warning.raised')
  expect(warnings).toHaveLength(1)
  expect(warnings[0]).toMatchObject({ message: expect.stringContaining('temperature') as string })
})

function blocks(body: Body, type: string): object[] {
  const messages = body['messages'] as { content: { type: string }[] }[]
  return messages.flatMap(({ content }) => content.filter((block) => block.type === type))
}

async function events(runtime: SessionRuntime, sessionId: string): Promise<StoredEvent[]> {
  return await Array.fromAsync(runtime.replay(sessionId))
}
