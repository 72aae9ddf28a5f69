import { validate } from '@halter/core'
import { sampleRequest } from '@halter/testkit'
import { describe, expect, test } from 'vitest'
import aiSdk, { AiSdkProvider } from '../src/index.ts'
import { OPTIONS_JSON_SCHEMA } from '../src/options-json-schema.ts'
import { OPTIONS_SCHEMA } from '../src/options.ts'
import { finish, ProgramModel, textParts } from './support/program-model.ts'
import { camera, startRuntime } from './support/runtime.ts'

const ANTHROPIC_AND_OPENAI_OFF = { anthropic: false, openai: false } as const

describe('models of a program', () => {
  test('are found by their id, or by the prefix before it', async () => {
    const one = new ProgramModel([[...textParts('one'), finish()]])
    const asked: string[] = []
    const many = (id: string) => {
      asked.push(id)
      return new ProgramModel([
        [...textParts(`I am ${id}`), finish()],
        [...textParts('again'), finish()],
      ])
    }
    const runtime = await startRuntime({ ...ANTHROPIC_AND_OPENAI_OFF, models: { one, 'many/': many } })
    const session = await runtime.newSession({ model: 'one' })
    expect((await session.submitTurn('Hi').result).text).toBe('one')
    expect((await session.submitTurn('Hi', { model: 'many/a/b' }).result).text).toBe('I am a/b')
    expect((await session.submitTurn('Hi', { model: 'many/a/b' }).result).text).toBe('again')
    expect(asked).toEqual(['a/b'])
    expect(session.state.transcript.at(-1)).toMatchObject({ from: { provider: 'many', model: 'a/b' } })
  })

  test('that cannot be made are asked for again at the next call', async () => {
    let calls = 0
    const models = {
      'late/': () => {
        if (calls++ === 0) throw new Error('not yet')
        return new ProgramModel([[...textParts('now'), finish()]])
      },
    }
    const runtime = await startRuntime({ ...ANTHROPIC_AND_OPENAI_OFF, models })
    const session = await runtime.newSession({ model: 'late/x' })
    expect((await session.submitTurn('Hi').result).error?.message).toContain('not yet')
    expect((await session.submitTurn('Hi').result).text).toBe('now')
  })

  test('take the place of those that come with the plugin', async () => {
    const own = new ProgramModel([[...textParts('mine'), finish()]])
    const runtime = await startRuntime({ models: { 'anthropic/': () => own }, anthropic: { apiKey: 'k' } })
    const session = await runtime.newSession({ model: 'anthropic/claude-sonnet-5-5' })
    expect((await session.submitTurn('Hi').result).text).toBe('mine')
  })

  test.each([
    ['before it answers', () => new Promise<never>(() => {})],
    ['in the middle', async () => ({ stream: new ReadableStream() })],
  ])('that ignore their signal are left all the same: %s', async (_when, doStream) => {
    const deaf = { specificationVersion: 'v4' as const, provider: 'deaf', modelId: 'deaf', doStream }
    const provider = new AiSdkProvider({ id: 'deaf', models: deaf })
    const controller = new AbortController()
    const request = await sampleRequest({ provider, model: 'deaf' })
    const parts = Array.fromAsync(provider.stream(request, controller.signal))
    setTimeout(() => controller.abort(new Error('enough')), 20)
    await expect(parts).rejects.toMatchObject({ code: 'ERR_MODEL_FAILED', kind: 'cancelled' })
  })

  test('that answer too late are told that nobody listens', async () => {
    let isCancelled = false
    let answer: (() => void) | undefined
    const stream = new ReadableStream({ cancel: () => void (isCancelled = true) })
    const doStream = () =>
      new Promise<{ stream: ReadableStream }>((resolve) => (answer = () => resolve({ stream })))
    const slow = { specificationVersion: 'v4' as const, provider: 'slow', modelId: 'slow', doStream }
    const provider = new AiSdkProvider({ id: 'slow', models: slow })
    const controller = new AbortController()
    const request = await sampleRequest({ provider, model: 'slow' })
    const parts = Array.fromAsync(provider.stream(request, controller.signal))
    await expect.poll(() => answer).toBeDefined()
    controller.abort()
    await expect(parts).rejects.toMatchObject({ kind: 'cancelled' })
    answer!()
    await expect.poll(() => isCancelled).toBe(true)
  })

  test('may give a call whole, and say what goes back with it', async () => {
    const facts = { google: { thoughtSignature: 'abc' } }
    const model = new ProgramModel([
      [
        ...textParts('Looking.'),
        {
          type: 'tool-call',
          toolCallId: 'c1',
          toolName: 'look',
          input: '{"path":"a"}',
          providerMetadata: facts,
        },
        finish('tool-calls'),
      ],
      [...textParts('There.'), finish()],
    ])
    const runtime = await startRuntime({ ...ANTHROPIC_AND_OPENAI_OFF, models: { local: model } })
    const session = await runtime.newSession({ model: 'local' })
    expect((await session.submitTurn('Look').result).text).toBe('There.')
    const [, second] = model.asked
    expect(second!.prompt).toContainEqual({
      role: 'assistant',
      content: [
        { type: 'text', text: 'Looking.' },
        {
          type: 'tool-call',
          toolCallId: 'c1',
          toolName: 'look',
          input: { path: 'a' },
          providerOptions: facts,
        },
      ],
    })
    expect(second!.prompt).toContainEqual({
      role: 'tool',
      content: [
        {
          type: 'tool-result',
          toolCallId: 'c1',
          toolName: 'look',
          output: { type: 'text', value: 'Contents of a.' },
        },
      ],
    })
  })

  test('may have tools of their own, which run where they are and go back as they were', async () => {
    const model = new ProgramModel([
      [
        { type: 'tool-input-start', id: 's1', toolName: 'web_search', providerExecuted: true },
        { type: 'tool-input-delta', id: 's1', delta: '{"q":"x"}' },
        { type: 'tool-input-end', id: 's1' },
        {
          type: 'tool-call',
          toolCallId: 's1',
          toolName: 'web_search',
          input: '{"q":"x"}',
          providerExecuted: true,
        },
        {
          type: 'tool-result',
          toolCallId: 's1',
          toolName: 'web_search',
          result: [{ url: 'https://a.example' }],
        },
        { type: 'source', sourceType: 'url', id: '1', url: 'https://a.example' },
        { type: 'file', mediaType: 'image/png', data: { type: 'data', data: new Uint8Array([1, 2, 3]) } },
        ...textParts('Found.'),
        finish(),
      ],
      [...textParts('As I said.'), finish()],
    ])
    const runtime = await startRuntime({ ...ANTHROPIC_AND_OPENAI_OFF, models: { local: model } })
    const session = await runtime.newSession({ model: 'local' })
    const { text, status } = await session.submitTurn('Search').result
    expect({ text, status }).toEqual({ text: 'Found.', status: 'completed' })
    await session.submitTurn('Again').result
    expect(model.asked[1]!.prompt).toContainEqual({
      role: 'assistant',
      content: [
        {
          type: 'tool-call',
          toolCallId: 's1',
          toolName: 'web_search',
          input: { q: 'x' },
          providerExecuted: true,
        },
        {
          type: 'tool-result',
          toolCallId: 's1',
          toolName: 'web_search',
          output: { type: 'json', value: [{ url: 'https://a.example' }] },
        },
        { type: 'file', mediaType: 'image/png', data: { type: 'data', data: 'AQID' } },
        { type: 'text', text: 'Found.' },
      ],
    })
    // To another provider it is what it says of itself.
    const other = new ProgramModel([[...textParts('I see.'), finish()]])
    const elsewhere = await startRuntime({ ...ANTHROPIC_AND_OPENAI_OFF, models: { other, local: model } })
    const copy = await elsewhere
      .importSessions(runtime.exportSession(session.id))
      .then(() => elsewhere.resume(session.id))
    await copy!.submitTurn('And you?', { model: 'other' }).result
    expect(JSON.stringify(other.asked[0]!.prompt)).toContain('[web_search]')
    expect(JSON.stringify(other.asked[0]!.prompt)).not.toContain('AQID')
  })

  test('get what a result cannot hold in a message behind all results', async () => {
    const call = (id: string) =>
      ({ type: 'tool-call', toolCallId: id, toolName: 'shoot', input: '{}' }) as const
    const model = new ProgramModel([
      [call('c1'), call('c2'), finish('tool-calls')],
      [...textParts('Pretty.'), finish()],
    ])
    const runtime = await startRuntime(
      { ...ANTHROPIC_AND_OPENAI_OFF, models: { local: model } },
      { plugins: [camera] },
    )
    await (await runtime.newSession({ model: 'local' })).submitTurn('Look').result
    const roles = model.asked[1]!.prompt.map(({ role }) => role)
    expect(roles).toEqual(['system', 'user', 'assistant', 'tool', 'user', 'user'])
    const [results, pictures] = model.asked[1]!.prompt.slice(3)
    expect(results).toMatchObject({
      content: [
        { output: { type: 'text', value: 'Here:\n[1 files of this result are in the next message.]' } },
        { toolCallId: 'c2' },
      ],
    })
    expect(pictures!.content).toHaveLength(4)
  })
})

describe('the options', () => {
  test.each([
    [{ models: { a: {} } }, 'models.a: expected a model of the AI SDK'],
    [{ anthropic: { apiKey: 1 } }, 'anthropic.apiKey: expected a text'],
    [{ openai: { api: 'responces' } }, 'openai.api: expected "responses" or "chat"'],
    [{ openAI: {} }, 'openAI: there is no such option; it has models, anthropic, openai, info.'],
    [
      { openai: { apikey: '' } },
      'openai.apikey: there is no such option; there are apiKey, baseURL, headers, api.',
    ],
    [{ info: { a: { prices: { input: 1 } } } }, 'info.a.prices.output: it is required'],
  ])('are refused before anything starts, with their place: %j', async (options, message) => {
    await expect(startRuntime(options as never)).rejects.toThrow(message)
  })

  test.each([
    { anthropic: false, openai: false },
    { anthropic: { apiKey: 'k', baseURL: 'http://127.0.0.1', headers: { a: 'b' } }, openai: { api: 'chat' } },
    { info: { a: { window: 1, prices: { input: 1, output: 2, cacheRead: 0, cacheWrite: 0 } } } },
    {
      info: {
        a: { capabilities: { images: true, documents: true, thinking: true, structuredOutput: true } },
      },
    },
    { anthropic: true },
    { openai: { api: 'responces' } },
    { anthropic: { api: 'chat' } },
    { info: { a: { prices: { input: 1 } } } },
    { info: { a: { window: -1 } } },
    { info: { a: { capabilities: { smell: true } } } },
  ])('are to an editor what they are to the plugin: %j', async (options) => {
    const byHand = await validate(OPTIONS_SCHEMA, options)
    const bySchema = await validate(OPTIONS_JSON_SCHEMA, options)
    expect(bySchema.issues === undefined).toBe(byHand.issues === undefined)
  })

  test('may say of a model what nobody knows of it, and win over what is known', async () => {
    const local = new ProgramModel([[...textParts('a'), finish()]])
    const prices = { input: 1, output: 2 }
    const info = { local: { window: 8_000, maxOutput: 1_000, prices, capabilities: {} } }
    const provider = new AiSdkProvider({ id: 'local', models: local, info })
    expect(await provider.info('local')).toEqual({ model: 'local', ...info.local })
  })
})

describe('what is known of a model', () => {
  const named = new AiSdkProvider({
    id: 'x/',
    models: () => Promise.reject(new Error('no call')),
    hasListPrices: true,
  })
  const bought = new AiSdkProvider({ id: 'y/', models: () => Promise.reject(new Error('no call')) })

  test('is the table’s, for dated snapshots too', async () => {
    const haiku = await named.info('x/claude-haiku-4-5')
    expect(haiku).toMatchObject({ window: 200_000, maxOutput: 64_000, prices: { input: 1, output: 5 } })
    expect(await named.info('x/claude-haiku-4-5-20251001')).toEqual({
      ...haiku,
      model: 'claude-haiku-4-5-20251001',
    })
    expect((await named.info('x/gpt-6.1-sol-2026-09-29')).prices).toMatchObject({ input: 2 })
  })

  test('is not taken from a model with a similar name', async () => {
    expect((await named.info('x/claude-opus-5')).prices?.input).toBe(5)
    expect((await named.info('x/claude-opus-5-5')).prices?.input).toBe(4)
    expect(await named.info('x/gpt-5.9')).not.toHaveProperty('prices')
    expect(await named.info('x/claude-unheard-of-9')).not.toHaveProperty('prices')
  })

  test('has no prices where somebody else sells it', async () => {
    const info = await bought.info('y/claude-haiku-4-5')
    expect(info).toMatchObject({ window: 200_000 })
    expect(info).not.toHaveProperty('prices')
  })

  test('is a cautious guess for all others', async () => {
    expect(await named.info('x/llama')).toEqual({
      model: 'llama',
      window: 128_000,
      maxOutput: 16_384,
      capabilities: { images: true, documents: true, thinking: true },
    })
  })
})

test('the plugin does nothing but define itself when it is imported', () => {
  expect(aiSdk).toMatchObject({ name: '@halter/plugin-provider-ai-sdk', contributes: ['providers'] })
})
