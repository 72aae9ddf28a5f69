import type { Hooks, SessionHooks } from '@halter/core'
import { textOf } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { settle } from '../session/support/gates.ts'
import { tapping } from '../session/support/plugins.ts'
import { startRuntime } from '../session/support/runtime.ts'
import { logOf } from '../session/support/sound.ts'
import { echo } from '../session/support/tools.ts'

describe('turn.start and turn.end', () => {
  test('tell what was submitted, and how it ended and what it cost', async () => {
    const seen: unknown[] = []
    const { runtime } = await startRuntime({
      script: [{ text: 'x' }, { error: { kind: 'auth', message: 'no' } }],
      plugins: [
        tapping('watcher', {
          'turn.start': (start) => void seen.push(start),
          'turn.end': (end) => void seen.push(end),
        }),
      ],
    })
    const session = await runtime.newSession()
    const turns = [session.submitTurn('one'), session.submitTurn('two')]
    await turns[1]!.result
    expect(seen).toEqual([
      { turnId: turns[0]!.turnId, input: [{ kind: 'text', text: 'one' }] },
      { turnId: turns[0]!.turnId, outcome: 'stop', usage: { inputTokens: 10, outputTokens: 5 } },
      { turnId: turns[1]!.turnId, input: [{ kind: 'text', text: 'two' }] },
      { turnId: turns[1]!.turnId, outcome: 'error', usage: { inputTokens: 0, outputTokens: 0 } },
    ])
  })

  test('turn.start is not waited for, turn.end is, for a second at most', async () => {
    let isOver = false
    const { runtime } = await startRuntime({
      script: [{ text: 'x' }],
      plugins: [
        tapping('slow', {
          'turn.start': () => new Promise(() => {}),
          'turn.end': async () => {
            await settle(3)
            isOver = true
          },
        }),
      ],
    })
    const session = await runtime.newSession()
    expect(await session.submitTurn('go').result).toMatchObject({ status: 'completed' })
    expect(isOver).toBe(true)
  })
})

describe('prompt hooks', () => {
  test('a refused prompt asks no model, is not in the transcript, and the turn completes', async () => {
    const { runtime, provider } = await startRuntime({
      script: [{ text: 'fine' }],
      plugins: [
        tapping('bouncer', {
          'prompt.guard': ({ parts }) => (textOf({ parts }) === 'rude' ? { deny: 'be nice' } : undefined),
        }),
      ],
    })
    const session = await runtime.newSession()
    expect(await session.submitTurn('rude').result).toMatchObject({
      status: 'completed',
      reason: 'refused',
      text: '',
    })
    expect([provider.requests.length, session.state.transcript.length]).toEqual([0, 0])
    const log = await logOf(runtime, session.id)
    expect(log).toContainEqual(
      expect.objectContaining({ type: 'prompt.refused', reason: 'be nice', plugin: 'bouncer' }),
    )
    // W-28: what was submitted is not lost.
    expect(log[1]).toMatchObject({ type: 'turn.started', input: [{ text: 'rude' }] })
    expect(await session.submitTurn('please').result).toMatchObject({ text: 'fine' })
  })

  test('W-23: notes go to the tail, for that turn only; prefix and transcript stay as they are', async () => {
    const { runtime, provider } = await startRuntime({
      script: [{ toolCalls: [{ name: 'echo' }] }, { text: 'x' }, { text: 'y' }],
      plugins: [
        tapping('notes', {
          'prompt.transform': ({ parts, notes }) =>
            textOf({ parts }) === 'one' ? { parts, notes: [...notes, 'it rains'] } : undefined,
        }),
      ],
    })
    const session = await runtime.newSession({ systemPrompt: 'Be brief.', tools: [echo] })
    await session.submitTurn('one').result
    await session.submitTurn('two').result
    expect(provider.requests.map(({ tail }) => tail.map(({ text }) => text))).toEqual([
      ['it rains'],
      ['it rains'],
      [],
    ])
    expect(new Set(provider.requests.map(({ system }) => JSON.stringify(system))).size).toBe(1)
    expect(JSON.stringify([...session.state.transcript])).not.toContain('it rains')
  })

  test('transforms run one after the other, each on what the one before made', async () => {
    const add = (word: string): SessionHooks => ({
      'prompt.transform': ({ parts, notes }) => ({
        notes,
        parts: [{ kind: 'text', text: `${textOf({ parts })} ${word}` }],
      }),
    })
    const { runtime, provider } = await startRuntime({
      script: [{ text: 'x' }],
      plugins: [tapping('a', add('b')), tapping('b', add('c'))],
    })
    const session = await runtime.newSession()
    await session.submitTurn('a').result
    expect(textOf(provider.requests[0]!.messages.at(0)!)).toBe('a b c')
  })
})

describe('turn.guard', () => {
  test('keeps the turn going with its reason as the next input, eight times at most', async () => {
    const seen: Hooks['turn.guard']['input'][] = []
    const { runtime } = await startRuntime({
      script: () => ({ text: 'am I done?' }),
      plugins: [
        tapping('nagging', {
          'turn.guard': (stop) => {
            seen.push(stop)
            return { deny: `not yet (${seen.length})` }
          },
        }),
      ],
    })
    const session = await runtime.newSession()
    expect(await session.submitTurn('go').result).toMatchObject({ status: 'completed' })
    expect(seen.map(({ stopHookActive }) => stopHookActive)).toEqual([
      false,
      ...Array.from({ length: 8 }, () => true),
    ])
    expect(seen.map(({ steps }) => steps)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
    const inputs = [...session.state.transcript].filter(({ role }) => role === 'user').map(textOf)
    expect(inputs).toEqual(['go', ...Array.from({ length: 8 }, (_, index) => `not yet (${index + 1})`)])
    const log = await logOf(runtime, session.id)
    expect(log).toContainEqual(expect.objectContaining({ type: 'warning.raised', plugin: 'nagging' }))
  })

  test('W-8: stopHookActive is true only once it has kept the turn going, and false again in the next', async () => {
    const seen: boolean[] = []
    const { runtime } = await startRuntime({
      script: () => ({ text: 'x' }),
      plugins: [
        tapping('once', {
          'turn.guard': ({ stopHookActive }) => {
            seen.push(stopHookActive)
            return stopHookActive ? undefined : { deny: 'once more' }
          },
        }),
      ],
    })
    const session = await runtime.newSession()
    for (let turn = 0; turn < 2; turn++) await session.submitTurn('go').result
    expect(seen).toEqual([false, true, false, true])
  })

  test('without a reason says “Continue.”', async () => {
    let isFirst = true
    const { runtime } = await startRuntime({
      script: () => ({ text: 'x' }),
      plugins: [
        tapping('terse', {
          'turn.guard': () => {
            const verdict = isFirst ? { deny: '  ' } : undefined
            isFirst = false
            return verdict
          },
        }),
      ],
    })
    const session = await runtime.newSession()
    await session.submitTurn('go').result
    expect(session.state.transcript.at(2)).toMatchObject({ parts: [{ text: 'Continue.' }], origin: 'hook' })
  })

  test('judges what is stored, and only replies without calls', async () => {
    const seen: unknown[] = []
    const { runtime } = await startRuntime({
      script: [{ toolCalls: [{ name: 'echo' }] }, { text: 'the end' }],
      plugins: [
        tapping('watcher', {
          'turn.guard': ({ lastMessage }, ctx) =>
            void seen.push([textOf(lastMessage), ctx.session.state.transcript.at(-1)!.id === lastMessage.id]),
        }),
      ],
    })
    const session = await runtime.newSession({ tools: [echo] })
    await session.submitTurn('go').result
    expect(seen).toEqual([['the end', true]])
  })
})

test('W-24: what hooks inject between a call and its result parts the two in no request', async () => {
  const inject = (
    _: unknown,
    ctx: { readonly session: { inject(text: string): Promise<void> } },
  ): Promise<undefined> => ctx.session.inject('beside').then(() => undefined)
  const { runtime, provider } = await startRuntime({
    script: [{ toolCalls: [{ name: 'echo' }, { name: 'echo', id: 'other' }] }, { text: 'x' }],
    plugins: [
      tapping('chatty', {
        'toolCall.guard': inject,
        'toolResult.transform': inject,
        'response.transform': inject,
      }),
    ],
  })
  const session = await runtime.newSession({ tools: [echo] })
  await session.submitTurn('go').result
  expect([...provider.requests[1]!.messages].map(({ role }) => role)).toEqual([
    'user',
    'assistant',
    'tool',
    'tool',
  ])
  expect(provider.requests[1]!.tail.map(({ text }) => text)).toEqual(
    Array.from({ length: 5 }, () => 'beside'),
  )
})

describe('context.transform and request.transform', () => {
  test('change what the model sees, and nothing of what is stored', async () => {
    const { runtime, provider } = await startRuntime({
      script: [{ text: 'x' }],
      plugins: [
        tapping('rag', {
          'context.transform': (plan) => ({
            ...plan,
            segments: [...plan.segments, { id: 'rag', text: 'found: 42', stability: 'turn' }],
          }),
          'request.transform': (request) => ({ ...request, headers: { 'x-team': 'blue' }, temperature: 0 }),
        }),
      ],
    })
    const session = await runtime.newSession()
    await session.submitTurn('go').result
    expect(provider.requests[0]).toMatchObject({
      tail: [{ text: 'found: 42' }],
      headers: { 'x-team': 'blue' },
      temperature: 0,
    })
    expect(JSON.stringify(await logOf(runtime, session.id))).not.toContain('42')
  })
})

test('taps know their session, turn, step and what they require', async () => {
  const seen: unknown[] = []
  const { runtime } = await startRuntime({
    script: [{ toolCalls: [{ name: 'echo' }] }, { text: 'x' }],
    plugins: [
      tapping('curious', {
        'request.transform': (_, ctx) => {
          seen.push([ctx.session.blueprint.sessionId, ctx.turn?.turnId, ctx.step, Object.keys(ctx.services)])
        },
      }),
    ],
  })
  const session = await runtime.newSession({ tools: [echo] })
  const turn = session.submitTurn('go')
  await turn.result
  expect(seen).toEqual([
    [session.id, turn.turnId, 1, []],
    [session.id, turn.turnId, 2, []],
  ])
})
