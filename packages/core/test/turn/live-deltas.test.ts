import { HalterError, type ModelPart } from '@halter/core'
import { isStored, type Delta } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { deferred, settle } from '../session/support/gates.ts'
import { partsProvider, says } from '../session/support/providers.ts'
import { startRuntime } from '../session/support/runtime.ts'
import { logOf } from '../session/support/sound.ts'
import { tool } from '../session/support/tools.ts'

/** The deltas that a runtime has shown so far. */
function watch(runtime: Awaited<ReturnType<typeof startRuntime>>['runtime']): Delta[] {
  const deltas: Delta[] = []
  runtime.events.listen((event) => {
    if (!isStored(event)) deltas.push(event)
  })
  return deltas
}

describe('what a model produces is seen while it is produced:', () => {
  const streams: readonly (readonly [what: string, parts: readonly ModelPart[], delta: object])[] = [
    [
      'text',
      [{ type: 'text.delta', id: 'a', text: 'Hel' }],
      { type: 'text.delta', part: 0, offset: 0, text: 'Hel' },
    ],
    [
      'thinking',
      [
        { type: 'thinking.start', id: 'a' },
        { type: 'thinking.delta', id: 'a', text: 'Hm' },
      ],
      { type: 'thinking.delta', part: 0, offset: 0, text: 'Hm' },
    ],
    [
      'tool input',
      [
        { type: 'toolInput.start', id: 'a', callId: 'c1', name: 'echo' },
        { type: 'toolInput.delta', id: 'a', text: '{"x"' },
      ],
      { type: 'toolInput.delta', part: 0, offset: 0, text: '{"x"', callId: 'c1', name: 'echo' },
    ],
  ]

  test.each(streams)('%s', async (_what, parts, delta) => {
    const rest = deferred()
    const provider = partsProvider([[...parts, rest.promise, ...says('the end')]])
    const { runtime } = await startRuntime({ plugins: [provider], maxModelTries: 1 })
    const deltas = watch(runtime)
    const session = await runtime.newSession({ model: 'parts', limits: { steps: 1 } })
    const turn = session.submitTurn('a')
    await settle()
    expect(deltas).toEqual([
      expect.objectContaining({ ...delta, sessionId: session.id, turnId: turn.turnId }),
    ])
    expect(session.state.transcript).toHaveLength(1)
    rest.resolve()
    await turn.result
    const reply = session.state.transcript.at(1)
    expect(reply?.id).toBe(deltas[0]!.messageId)
  })

  test('a tool’s output, under the id of its result', async () => {
    const rest = deferred()
    const talking = tool('talking', async (_, { emit }) => {
      emit('one ')
      emit('')
      emit('two')
      await rest.promise
      return 'result'
    })
    const { runtime } = await startRuntime({
      script: [{ toolCalls: [{ name: 'talking', id: 'c1' }] }, { text: 'x' }],
    })
    const deltas = watch(runtime)
    const session = await runtime.newSession({ tools: [talking] })
    const turn = session.submitTurn('a')
    await settle()
    const shown = deltas.filter(({ type }) => type === 'toolOutput.delta')
    expect(shown).toMatchObject([
      { callId: 'c1', part: 0, offset: 0, text: 'one ' },
      { callId: 'c1', part: 0, offset: 4, text: 'two' },
    ])
    expect(session.state.openCalls.get('c1')).not.toHaveProperty('answer')
    rest.resolve()
    await turn.result
    expect(session.state.transcript.at(2)).toMatchObject({ role: 'tool', id: shown[0]!.messageId })
  })
})

test('nothing in the log is a delta, and its length does not follow the number of deltas', async () => {
  const texts = Array.from({ length: 10_000 }, (_, index) => `${index} `)
  const { runtime } = await startRuntime({ script: [{ text: texts }] })
  const session = await runtime.newSession()
  const turn = session.submitTurn('W-14: many deltas fail nothing')
  expect((await turn.result).text).toBe(texts.join(''))
  const log = await logOf(runtime, session.id)
  expect(log.map(({ type }) => type)).toEqual([
    'session.started',
    'turn.started',
    'message.appended',
    'message.appended',
    'usage.recorded',
    'turn.completed',
  ])
})

describe('live tool output', () => {
  test('is cut at 1 MiB, and says so once', async () => {
    const chunk = 'x'.repeat(256 * 1024)
    const loud = tool('loud', (_, ctx) => {
      for (let index = 0; index < 8; index++) ctx.emit(chunk)
    })
    const { runtime } = await startRuntime({ script: [{ toolCalls: [{ name: 'loud' }] }, { text: 'x' }] })
    const deltas = watch(runtime)
    const session = await runtime.newSession({ tools: [loud] })
    await session.submitTurn('a').result
    const shown = deltas.filter(({ type }) => type === 'toolOutput.delta')
    expect(shown.map(({ text }) => text.length).slice(0, 4)).toEqual([1, 1, 1, 1].map(() => chunk.length))
    expect(shown.slice(4)).toMatchObject([
      { offset: 1024 * 1024, text: expect.stringContaining('cut') as string },
    ])
  })

  test('is cut at 4,096 chunks, and says so once', async () => {
    const chatty = tool('chatty', (_, ctx) => {
      for (let index = 0; index < 5_000; index++) ctx.emit('.')
    })
    const { runtime } = await startRuntime({ script: [{ toolCalls: [{ name: 'chatty' }] }, { text: 'x' }] })
    const deltas = watch(runtime)
    const session = await runtime.newSession({ tools: [chatty] })
    await session.submitTurn('a').result
    const shown = deltas.filter(({ type }) => type === 'toolOutput.delta')
    expect(shown).toHaveLength(4_097)
    expect(shown.at(-1)!.text).toContain('cut')
  })

  test('that comes after the call has ended goes nowhere', async () => {
    const late: (() => void)[] = []
    const leaving = tool('leaving', (_, ctx) => void late.push(() => ctx.emit('too late')))
    const { runtime } = await startRuntime({ script: [{ toolCalls: [{ name: 'leaving' }] }, { text: 'x' }] })
    const deltas = watch(runtime)
    const session = await runtime.newSession({ tools: [leaving] })
    await session.submitTurn('a').result
    late[0]!()
    expect(deltas.filter(({ type }) => type === 'toolOutput.delta')).toEqual([])
  })
})

test('several calls that talk at once are told apart', async () => {
  const talk = tool('talk', async ({ word }, ctx) => {
    for (const letter of word as string) {
      ctx.emit(letter)
      await settle(1)
    }
  })
  const { runtime } = await startRuntime({
    script: [
      {
        toolCalls: [
          { name: 'talk', id: 'a', input: { word: 'abc' } },
          { name: 'talk', id: 'b', input: { word: 'xyz' } },
        ],
      },
      { text: 'done' },
    ],
  })
  const deltas = watch(runtime)
  const session = await runtime.newSession({ tools: [talk] })
  await session.submitTurn('a').result
  const shown = deltas.filter((delta) => delta.type === 'toolOutput.delta')
  for (const [callId, word] of [
    ['a', 'abc'],
    ['b', 'xyz'],
  ] as const) {
    const own = shown.filter((delta) => delta.callId === callId)
    expect(own.map(({ text }) => text).join('')).toBe(word)
    expect(own.map(({ offset }) => offset)).toEqual([0, 1, 2])
  }
  expect(new Set(shown.map(({ messageId }) => messageId)).size).toBe(2)
})

test('a reply that was tried again is shown under the id that is stored', async () => {
  const provider = partsProvider([
    [
      { type: 'metadata', data: 'nothing that anybody sees' },
      () => {
        throw new HalterError('ERR_MODEL_FAILED', 'reset', { kind: 'transient' })
      },
    ],
    says('x'),
  ])
  const { runtime } = await startRuntime({ plugins: [provider] })
  const deltas = watch(runtime)
  const session = await runtime.newSession({ model: 'parts' })
  await session.submitTurn('a').result
  expect(provider.requests).toHaveLength(2)
  expect(deltas.map(({ messageId }) => messageId)).toEqual([session.state.transcript.at(-1)!.id])
})
