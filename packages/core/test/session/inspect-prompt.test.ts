import { definePlugin, type ContextManager, type SessionStore } from '@halter/core'
import { TestStore } from '@halter/core/testing'
import { transcript, type Message } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { tapping } from './support/plugins.ts'
import { startRuntime } from './support/runtime.ts'
import { logOf } from './support/sound.ts'
import { echo } from './support/tools.ts'

/** Shows the newest two messages, and old outputs of tools as a marker. */
function forgetful(keep: number): ContextManager {
  const shorten = (message: Message): Message =>
    message.role === 'tool' ? { ...message, parts: [{ kind: 'text', text: '[cleared]' }] } : message
  return {
    plan: ({ state, estimatedTokens }) => ({
      messages: transcript(state.transcript.slice(-keep).map(shorten)),
      segments: state.injected,
      estimatedTokens,
    }),
    compactNow: async () => undefined,
  }
}

const dating = tapping('dater', {
  'context.transform': async (plan, { session }) => {
    await session.note('looked', true)
    await session.inject('from a hook')
    const date = { id: 'date', text: 'It is Monday.', stability: 'turn' as const, plugin: 'dater' }
    return { ...plan, segments: [...plan.segments, date] }
  },
})

const script = [{ text: 'one' }, { toolCalls: [{ name: 'echo', input: { a: 1 } }] }, { text: 'two' }]

async function twoTurns(store: SessionStore = new TestStore()) {
  const given = await startRuntime({ script, store })
  const session = await given.runtime.newSession({ tools: [echo], systemPrompt: 'Be kind.' })
  await session.submitTurn('first').orThrow()
  await session.submitTurn('second').orThrow()
  return { ...given, session, store }
}

describe('inspectPrompt', () => {
  test('shows what the newest call of the newest turn was sent', async () => {
    const { runtime, session, provider } = await twoTurns()
    const prompt = await runtime.inspectPrompt(session.id)
    const sent = provider.requests.at(-1)!
    expect(prompt).toMatchObject({ turn: 2, model: 'test', window: 100_000, leftOut: [], compactions: [] })
    expect(prompt.system.map(({ text }) => text)).toEqual(sent.system.map(({ text }) => text))
    expect(prompt.system[0]).toMatchObject({ id: 'seed', tokens: 2 })
    expect(prompt.messages.map(({ message }) => message)).toEqual([...sent.messages])
    expect(prompt.messages[0]!.tokens).toBe(1)
  })

  test('shows an earlier turn as it was then', async () => {
    const { runtime, session, provider } = await twoTurns()
    const { turn, turnId, messages } = await runtime.inspectPrompt(session.id, { turn: 1 })
    expect([turn, turnId]).toEqual([1, 'turn-1'])
    expect(messages.map(({ message }) => message)).toEqual([...provider.requests[0]!.messages])
  })

  test('calls no model and appends nothing, whatever hooks try', async () => {
    const { runtime, session, provider, store } = await twoTurns()
    const before = await logOf(runtime, session.id)
    await runtime.shutdown()
    const looking = await startRuntime({ script: [], store, plugins: [dating] })
    const prompt = await looking.runtime.inspectPrompt(session.id)
    expect(prompt.tail).toMatchObject([{ id: 'date', plugin: 'dater', stability: 'turn' }])
    expect(await logOf(looking.runtime, session.id)).toEqual(before)
    expect([provider.requests.length, looking.provider.requests.length]).toEqual([3, 0])
  })

  test('needs no lease: a session that another runtime holds can be looked at', async () => {
    const { session, store } = await twoTurns()
    const other = await startRuntime({ script: [], store })
    expect(await other.runtime.inspectPrompt(session.id)).toMatchObject({ turn: 2 })
  })

  test('tells what a context manager shortened and left out', async () => {
    const { session, store } = await twoTurns()
    const manager = definePlugin({
      name: 'forgetful',
      apiVersion: 1,
      provides: ['contextManager'],
      setup: () => ({ contextManager: forgetful(2) }),
    })
    const { runtime } = await startRuntime({ script: [], store, plugins: [manager] })
    const { messages, leftOut } = await runtime.inspectPrompt(session.id)
    expect(messages.map(({ message: { role }, storedTokens }) => [role, storedTokens === undefined])).toEqual(
      [
        ['assistant', true],
        ['tool', false],
      ],
    )
    expect(leftOut).toHaveLength(3)
  })

  test('of a session without a turn is what the first would begin with', async () => {
    const { runtime } = await startRuntime({ script: [] })
    const session = await runtime.newSession({ systemPrompt: 'Be kind.' })
    expect(await runtime.inspectPrompt(session.id)).toMatchObject({
      turn: 0,
      seq: 1,
      messages: [],
      system: [{ text: 'Be kind.' }],
    })
  })

  test('of what is not there is an error that says so', async () => {
    const { runtime, session } = await twoTurns()
    await expect(runtime.inspectPrompt('none')).rejects.toMatchObject({ code: 'ERR_SESSION_UNKNOWN' })
    await expect(runtime.inspectPrompt(session.id, { turn: 3 })).rejects.toMatchObject({
      code: 'ERR_SESSION_INPUT',
      message: expect.stringContaining('has no turn 3: it has 2'),
    })
  })
})
