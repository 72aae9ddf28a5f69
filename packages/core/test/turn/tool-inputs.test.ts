import { defineTool, jsonSchema, type SessionHooks, type StandardSchema } from '@halter/core'
import type { TestReply } from '@halter/core/testing'
import { describe, expect, test } from 'vitest'
import { startRuntime } from '../session/support/runtime.ts'
import { logOf } from '../session/support/sound.ts'
import { tool } from '../session/support/tools.ts'

interface Count {
  readonly count: number
  readonly unit?: string
}

/** What came of one call: whether the tool ran and with what, what the model was told, and what was stored. */
async function callOf(
  call: NonNullable<TestReply['toolCalls']>[number],
  rest: TestReply & { readonly hooks?: SessionHooks } = {},
) {
  const ran: unknown[] = []
  const counting = defineTool<Count>({
    name: 'counting',
    description: 'counts',
    input: jsonSchema({
      type: 'object',
      properties: { count: { type: 'integer', minimum: 1 }, unit: { type: 'string', default: 'apples' } },
      required: ['count'],
    }),
    effects: 'none',
    concurrency: 'parallel',
    execute: (input) => {
      ran.push(input)
      return 'counted'
    },
  })
  const { hooks, ...reply } = rest
  const { runtime } = await startRuntime({ script: [{ ...reply, toolCalls: [call] }, { text: 'done' }] })
  const session = await runtime.newSession({ tools: [counting], ...(hooks && { hooks }) })
  const { status, messages } = await session.submitTurn('go').result
  expect(status).toBe('completed')
  const log = await logOf(runtime, session.id)
  const answer = messages.find((message) => message.role === 'tool')!
  const [part] = answer.parts
  return {
    ran,
    isError: answer.isError,
    text: part?.kind === 'text' ? part.text : '',
    started: log.filter((event) => event.type === 'toolCall.started'),
    finished: log.filter((event) => event.type === 'toolCall.finished'),
    call: messages.find((message) => message.role === 'assistant')!.parts[0],
  }
}

describe('a call that cannot be run is answered, and its tool does not run:', () => {
  test('of a tool that nobody has', async () => {
    const { ran, started, finished, text } = await callOf({ name: 'conting', input: {} })
    expect([ran, started]).toEqual([[], []])
    expect(finished).toMatchObject([{ outcome: 'error' }])
    expect(text).toBe('There is no tool "conting". Available: counting.')
  })

  test('W-13: whose input is no JSON; what the model wrote is kept and shown to it', async () => {
    const { ran, started, text, call } = await callOf({ name: 'counting', rawInput: '{"count": 1' })
    expect([ran, started]).toEqual([[], []])
    expect(call).toEqual({ kind: 'toolCall', callId: 'call-1-0', name: 'counting', malformed: '{"count": 1' })
    expect(text).toContain('was not run')
    expect(text).toContain('Received: {"count": 1')
  })

  test('W-13: that was cut off, even where what there is happens to be JSON', async () => {
    const { ran, call } = await callOf(
      { name: 'counting', rawInput: '{"count":1}' },
      { stopReason: 'max-output' },
    )
    expect(ran).toEqual([])
    expect(call).toMatchObject({ malformed: '{"count":1}' })
  })

  test('that a refusal cut off before its first letter', async () => {
    const { ran, started } = await callOf({ name: 'counting', rawInput: '' }, { stopReason: 'refused' })
    expect([ran, started]).toEqual([[], []])
  })

  test('whose input does not fit, and the model is told what and where', async () => {
    const { ran, started, text, finished } = await callOf({ name: 'counting', input: { count: 'many' } })
    expect([ran, started]).toEqual([[], []])
    expect(finished).toMatchObject([{ outcome: 'error' }])
    expect(text).toMatch(/^The input of "counting" is wrong: count: expected integer/)
  })
})

describe('a call that can', () => {
  test('gets its input checked and completed, and what runs is what is stored', async () => {
    const { ran, started, isError } = await callOf({ name: 'counting', input: { count: 2 } })
    expect(ran).toEqual([{ count: 2, unit: 'apples' }])
    expect(started).toMatchObject([{ name: 'counting', input: { count: 2, unit: 'apples' } }])
    expect(isError).toBe(false)
  })

  test('without any input has an empty one', async () => {
    const seen: unknown[] = []
    const bare = tool('bare', (input) => void seen.push(input))
    const { runtime } = await startRuntime({
      script: [{ toolCalls: [{ name: 'bare', rawInput: ' ' }] }, { text: 'x' }],
    })
    const session = await runtime.newSession({ tools: [bare] })
    await session.submitTurn('go').result
    expect(seen).toEqual([{}])
  })

  test('of an id that came before in the reply runs once and is stored once', async () => {
    const ran: unknown[] = []
    const once = tool('once', (input) => {
      ran.push(input)
      return 'ran'
    })
    const { runtime } = await startRuntime({
      script: [
        {
          toolCalls: [
            { name: 'once', id: 'same', input: { n: 1 } },
            { name: 'once', id: 'same', input: { n: 2 } },
            { name: 'once', id: 'other', input: { n: 3 } },
          ],
        },
        { text: 'done' },
      ],
    })
    const session = await runtime.newSession({ tools: [once] })
    const { messages } = await session.submitTurn('go').result
    expect(ran).toEqual([{ n: 1 }, { n: 3 }])
    expect(messages.at(1)!.parts).toMatchObject([{ callId: 'same', input: { n: 1 } }, { callId: 'other' }])
    expect(messages.filter(({ role }) => role === 'tool')).toHaveLength(2)
  })
})

describe('a schema that fails', () => {
  const broken = (validate: StandardSchema['~standard']['validate']): StandardSchema<object> => ({
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: validate as StandardSchema<object>['~standard']['validate'],
      jsonSchema: { input: () => ({}) },
    },
  })

  test.each([
    [
      'throws',
      broken(() => {
        throw new Error('broken schema')
      }),
      /broken schema/,
    ],
    ['rejects', broken(() => Promise.reject(new Error('broken schema'))), /broken schema/],
    ['cannot be compiled', jsonSchema<object>({ type: 'no such type' }), /could not be checked/],
  ])('(%s) costs the call, not the turn', async (_what, input, message) => {
    let ran = 0
    const odd = defineTool<object>({
      name: 'odd',
      description: 'odd',
      input,
      effects: 'none',
      concurrency: 'parallel',
      execute: () => void ran++,
    })
    const { runtime } = await startRuntime({ script: [{ toolCalls: [{ name: 'odd' }] }, { text: 'done' }] })
    const session = await runtime.newSession({ tools: [odd] })
    const { status, messages } = await session.submitTurn('go').result
    expect(status).toBe('completed')
    expect(ran).toBe(0)
    expect(messages.at(2)).toMatchObject({
      role: 'tool',
      isError: true,
      parts: [{ text: expect.stringMatching(message) as string }],
    })
  })
})

describe('toolCall.transform', () => {
  test('changes what runs and what is stored; the reply keeps what the model wrote', async () => {
    const { ran, started, call } = await callOf(
      { name: 'counting', input: { count: 1 } },
      { hooks: { 'toolCall.transform': (asked) => ({ ...asked, input: { count: 9, unit: 'pears' } }) } },
    )
    expect(ran).toEqual([{ count: 9, unit: 'pears' }])
    expect(started).toMatchObject([{ input: { count: 9, unit: 'pears' } }])
    expect(call).toMatchObject({ input: { count: 1 } })
  })

  test('is checked again: what no longer fits does not run', async () => {
    const { ran, started, text } = await callOf(
      { name: 'counting', input: { count: 1 } },
      { hooks: { 'toolCall.transform': (asked) => ({ ...asked, input: { count: 0 } }) } },
    )
    expect([ran, started]).toEqual([[], []])
    expect(text).toMatch(/^A plugin changed the input of "counting", and now it is wrong: count:/)
  })

  test('is completed again', async () => {
    const { ran } = await callOf(
      { name: 'counting', input: { count: 1, unit: 'x' } },
      { hooks: { 'toolCall.transform': (asked) => ({ ...asked, input: { count: 2 } }) } },
    )
    expect(ran).toEqual([{ count: 2, unit: 'apples' }])
  })

  test('that throws costs the call, not the turn', async () => {
    const { ran, isError, text } = await callOf(
      { name: 'counting', input: { count: 1 } },
      {
        hooks: {
          'toolCall.transform': () => {
            throw new Error('no idea')
          },
        },
      },
    )
    expect(ran).toEqual([])
    expect(isError).toBe(true)
    expect(text).toContain('no idea')
  })

  test('cannot make it another tool’s call: guards would judge one tool, and another would run', async () => {
    const { ran, isError } = await callOf(
      { name: 'counting', input: { count: 1 } },
      { hooks: { 'toolCall.transform': (asked) => ({ ...asked, name: 'harmless' }) } },
    )
    expect(ran).toEqual([])
    expect(isError).toBe(true)
  })
})
