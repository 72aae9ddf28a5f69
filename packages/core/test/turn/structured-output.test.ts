import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { answering, gives, right, told, weather, weatherShape } from '../session/support/answers.ts'
import { startRuntime } from '../session/support/runtime.ts'
import { logOf } from '../session/support/sound.ts'
import { tool } from '../session/support/tools.ts'

describe.each(['native', 'tool'] as const)('a structured answer by way of the model’s %s', (way) => {
  test('is checked, and is the output of the turn', async () => {
    const { session, provider } = await answering(way, [gives(way, right)])
    const result = await session.submitTurn('weather?', { output: { schema: weather } }).result
    expect(result).toMatchObject({ status: 'completed', reason: 'stop', output: right })
    expect(provider.requests).toHaveLength(1)
  })

  test('that is wrong is sent back with what is wrong with it, and counts as a step', async () => {
    const { session, provider } = await answering(way, [
      gives(way, { city: 'Graz', degrees: 'warm' }),
      gives(way, right),
    ])
    const result = await session.submitTurn('weather?', { output: { schema: weather } }).result
    expect(result).toMatchObject({ status: 'completed', output: right })
    expect(told(provider.requests[1]!.messages.at(-1))).toMatch(/does not fit: degrees: .*number/)
    expect(result.usage).toMatchObject({ inputTokens: 20 })
    const twoSteps = await answering(way, () => gives(way, { n: Math.random() }))
    const options = { output: { schema: weather }, limits: { steps: 2 } }
    expect(await twoSteps.session.submitTurn('go', options).result).toMatchObject({
      reason: 'budget-exhausted',
    })
  })

  test('that is wrong five times ends the turn', async () => {
    let tries = 0
    const { session, provider } = await answering(way, () => gives(way, { city: ++tries }))
    const result = await session.submitTurn('weather?', { output: { schema: weather } }).result
    expect(result).toMatchObject({ status: 'failed', reason: 'error', error: { code: 'ERR_OUTPUT_SCHEMA' } })
    expect(result.error!.message).toMatch(/5 tries.*city/)
    expect(result).not.toHaveProperty('output')
    expect(provider.requests).toHaveLength(5)
  })

  test('may come after other work', async () => {
    const { session } = await answering(way, [
      { text: 'looking', toolCalls: [{ name: 'echo' }] },
      { toolCalls: [{ name: 'echo', id: 'again' }] },
      gives(way, right),
    ])
    const result = await session.submitTurn('weather?', { output: { schema: weather } }).result
    expect(result).toMatchObject({ status: 'completed', output: right })
  })

  test('is what the schema makes of it, not what the model wrote', async () => {
    const schema = z.object({ day: z.iso.date().transform((text) => new Date(text)) })
    const { session } = await answering(way, [gives(way, { day: '2026-01-02' })])
    const result = await session.submitTurn('day?', { output: { schema, jsonSchema: { type: 'object' } } })
      .result
    expect(result.output).toEqual({ day: new Date('2026-01-02') })
  })

  test('is asked for in that turn only', async () => {
    const { session, provider } = await answering(way, [gives(way, right), { text: 'prose' }])
    await session.submitTurn('weather?', { output: { schema: weather } }).orThrow()
    const next = await session.submitTurn('and?').orThrow()
    expect(next).not.toHaveProperty('output')
    expect(provider.requests[1]!.outputSchema).toBeUndefined()
    expect(provider.requests[1]!.tools.map(({ name }) => name)).toEqual(['echo'])
  })
})

describe('a model with a format of its own', () => {
  test('gets the schema, and no tool for it', async () => {
    const { session, provider } = await answering('native', [gives('native', right)])
    await session.submitTurn('weather?', { output: { schema: weather } }).orThrow()
    expect(provider.requests[0]!.outputSchema).toMatchObject(weatherShape)
    expect(provider.requests[0]!.tools.map(({ name }) => name)).toEqual(['echo'])
  })

  test('that answers in prose is told so', async () => {
    const { session, provider } = await answering('native', [{ text: 'warm' }, gives('native', right)])
    await session.submitTurn('weather?', { output: { schema: weather } }).orThrow()
    expect(told(provider.requests[1]!.messages.at(-1))).toMatch(/not valid JSON/)
  })
})

describe('a model without one', () => {
  test('gets a tool, and the turn ends with its call, in a transcript without open calls', async () => {
    const { session, provider, runtime } = await answering('tool', [
      { toolCalls: [{ name: 'echo' }, { name: 'final_answer', id: 'f', input: { answer: right } }] },
    ])
    const result = await session.submitTurn('weather?', { output: { schema: weather } }).result
    expect(result.output).toEqual(right)
    const spec = provider.requests[0]!.tools.find(({ name }) => name === 'final_answer')!
    expect(spec.inputSchema).toMatchObject({ required: ['answer'], properties: { answer: weatherShape } })
    const finished = (await logOf(runtime, session.id)).filter(({ type }) => type === 'toolCall.finished')
    expect(finished).toMatchObject([{ outcome: 'ok' }, { callId: 'f', outcome: 'ok' }])
  })

  test('that answers in prose is told to call it', async () => {
    const { session, provider } = await answering('tool', [{ text: 'warm' }, gives('tool', right)])
    const result = await session.submitTurn('weather?', { output: { schema: weather } }).result
    expect(result.output).toEqual(right)
    expect(told(provider.requests[1]!.messages.at(-1))).toContain('final_answer')
    expect(provider.requests[1]!.messages.at(-1)).toMatchObject({ role: 'user', origin: 'plugin' })
  })

  test('that cannot even write the call is given up after five tries too', async () => {
    let tries = 0
    const { session, provider } = await answering('tool', () => ({
      toolCalls: [{ name: 'final_answer', rawInput: `{"answer": ${++tries}` }],
    }))
    const result = await session.submitTurn('weather?', { output: { schema: weather } }).result
    expect(result).toMatchObject({ status: 'failed', error: { code: 'ERR_OUTPUT_SCHEMA' } })
    expect(provider.requests).toHaveLength(5)
  })

  test('gets no second tool of that name: a plugin’s own is refused', async () => {
    const { runtime, provider } = await startRuntime({ script: [] })
    const own = tool('final_answer', () => 'mine')
    const session = await runtime.newSession({ tools: [own], maxTurns: 10 })
    const result = await session.submitTurn('?', { output: { schema: weather } }).result
    expect(result).toMatchObject({ status: 'failed', error: { code: 'ERR_TOOL_DUPLICATE' } })
    expect(provider.requests).toEqual([])
  })

  test('has not answered when a guard denies the call', async () => {
    const { runtime } = await startRuntime({ script: [gives('tool', right), gives('tool', right)] })
    let denials = 0
    const session = await runtime.newSession({
      maxTurns: 10,
      hooks: { 'toolCall.guard': () => (denials++ === 0 ? { deny: 'think again' } : undefined) },
    })
    const result = await session.submitTurn('?', { output: { schema: weather } }).result
    expect([result.output, session.state.transcript.length]).toEqual([right, 5])
  })
})

describe('an answer that was accepted', () => {
  test.each(['native', 'tool'] as const)(
    'by %s is asked for again when a turn.guard says not yet',
    async (way) => {
      const capabilities = way === 'native' ? { structuredOutput: true } : {}
      const script = [gives(way, right), { text: 'hm' }, gives(way, { ...right, degrees: 22 })]
      const { runtime } = await startRuntime({ script, modelInfo: { capabilities } })
      const session = await runtime.newSession({
        maxTurns: 10,
        hooks: {
          'turn.guard': ({ stopHookActive }) => (stopHookActive ? undefined : { deny: 'measure again' }),
        },
      })
      const result = await session.submitTurn('weather?', { output: { schema: weather } }).result
      expect(result.output).toMatchObject({ degrees: 22 })
    },
  )

  test.each(['native', 'tool'] as const)('by %s is asked for again after steered input', async (way) => {
    const capabilities = way === 'native' ? { structuredOutput: true } : {}
    const script = [
      { ...gives(way, right), delayMs: 5 },
      { text: 'hm' },
      gives(way, { ...right, city: 'Linz' }),
    ]
    const { runtime } = await startRuntime({ script, modelInfo: { capabilities } })
    const session = await runtime.newSession({ maxTurns: 10 })
    const turn = session.submitTurn('weather?', { output: { schema: weather } })
    for await (const event of turn) if (event.type === 'message.appended') break
    const steered = session.steer('I meant Linz')
    expect((await turn.result).output).toMatchObject({ city: 'Linz' })
    expect((await steered.result).turnId).toBe(turn.turnId)
  })
})
