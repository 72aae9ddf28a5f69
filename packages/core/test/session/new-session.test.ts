import type { SessionStore } from '@halter/core'
import { TestStore } from '@halter/core/testing'
import { describe, expect, test } from 'vitest'
import { tapping } from './support/plugins.ts'
import { startRuntime } from './support/runtime.ts'
import { logOf } from './support/sound.ts'
import { echo } from './support/tools.ts'

describe('what a new session is made from', () => {
  test('everything has a default', async () => {
    const { runtime } = await startRuntime()
    const session = await runtime.newSession()
    expect(session.blueprint).toEqual({
      sessionId: 'session-1',
      depth: 0,
      model: 'test',
      workingDir: process.cwd(),
      limits: {},
      metadata: {},
    })
    expect(session.status).toBe('idle')
    expect(session.state).toMatchObject({ head: 1, turns: 0, title: undefined })
  })

  test('what is given is stored, and listed', async () => {
    const { runtime } = await startRuntime({ limits: { tokens: 500 }, models: { small: 'test/small' } })
    const session = await runtime.newSession({
      sessionId: 'mine',
      model: 'test/large',
      effort: 'high',
      temperature: 0.5,
      maxOutputTokens: 100,
      workingDir: 'relative/place',
      systemPrompt: 'Be brief.',
      appendSystemPrompt: '  And kind. \n',
      maxTurns: 7,
      title: 'A title',
      metadata: { team: 'blue' },
    })
    expect(session.blueprint).toEqual({
      sessionId: 'mine',
      depth: 0,
      model: 'test/large',
      models: { small: 'test/small' },
      effort: 'high',
      temperature: 0.5,
      maxOutputTokens: 100,
      workingDir: `${process.cwd()}/relative/place`,
      seed: [{ id: 'seed', text: 'Be brief.', stability: 'session' }],
      appendSystemPrompt: 'And kind.',
      limits: { tokens: 500, steps: 7 },
      title: 'A title',
      metadata: { team: 'blue' },
    })
    const [summary] = (await runtime.listSessions()).sessions
    expect(summary).toMatchObject({ sessionId: 'mine', title: 'A title', metadata: { team: 'blue' } })
  })

  test('a blank appended prompt is none', async () => {
    const { runtime } = await startRuntime()
    const session = await runtime.newSession({ appendSystemPrompt: ' \n ' })
    expect(session.blueprint).not.toHaveProperty('appendSystemPrompt')
  })

  test('the caller’s metadata may change afterwards; the session’s does not', async () => {
    const { runtime } = await startRuntime()
    const metadata: Record<string, string> = { team: 'blue' }
    const session = await runtime.newSession({ metadata })
    metadata['team'] = 'red'
    expect(session.state.metadata).toEqual({ team: 'blue' })
  })
})

describe('a new session is refused, with key, value and cure,', () => {
  test.each([
    ['an empty id', { sessionId: '' }, /sessionId is "".*leave it out/i],
    ['a title that is no string', { title: 7 as never }, /title is 7.*string/i],
    ['a negative limit', { limits: { steps: -1 } }, /limits\.steps is -1.*0 or more/],
    ['a limit that is no number', { limits: { usd: Number.NaN } }, /limits\.usd is NaN.*0 or more/],
    [
      'a limit of another type',
      { limits: { tokens: '5' as unknown as number } },
      /limits\.tokens is "5".*number/,
    ],
    ['maxTurns that cannot be', { maxTurns: -3 }, /limits\.steps is -3/],
    [
      'a metadata value that is no string',
      { metadata: { size: 4 as unknown as string } },
      /metadata\["size"\] is 4.*string/,
    ],
    [
      'too long a metadata value',
      { metadata: { note: 'x'.repeat(513) } },
      /metadata\["note"\].*513.*512 characters/,
    ],
    [
      'too many metadata pairs',
      { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`key${index}`, 'x'])) },
      /metadata has 17 pairs.*16/,
    ],
  ])('for %s', async (_what, init, message) => {
    const { runtime, store } = await startRuntime()
    await expect(runtime.newSession(init)).rejects.toMatchObject({
      code: 'ERR_SESSION_INPUT',
      message: expect.stringMatching(message) as string,
    })
    expect((await store.list()).sessions).toEqual([])
  })

  test('16 pairs of 512 characters are taken', async () => {
    const { runtime } = await startRuntime()
    const metadata = Object.fromEntries(
      Array.from({ length: 16 }, (_, index) => [`key${index}`, 'x'.repeat(512)]),
    )
    expect((await runtime.newSession({ metadata })).state.metadata).toEqual(metadata)
  })

  test.each([
    ['the session’s', { model: 'nobody' }],
    ['a role’s', { models: { small: 'nobody' } }],
  ])('for a model that nobody speaks, %s', async (_whose, init) => {
    const { runtime, store } = await startRuntime()
    await expect(runtime.newSession(init)).rejects.toMatchObject({ code: 'ERR_MODEL_UNKNOWN' })
    expect((await store.list()).sessions).toEqual([])
  })

  test('for an id that is taken, open or not', async () => {
    const { runtime } = await startRuntime()
    const session = await runtime.newSession({ sessionId: 'mine' })
    await expect(runtime.newSession({ sessionId: 'mine' })).rejects.toMatchObject({
      code: 'ERR_SESSION_EXISTS',
    })
    await session.detach()
    await expect(runtime.newSession({ sessionId: 'mine' })).rejects.toMatchObject({
      code: 'ERR_SESSION_EXISTS',
    })
  })

  test('for hooks of unknown names', async () => {
    const { runtime } = await startRuntime()
    const hooks = { 'turn.begin': () => undefined } as never
    await expect(runtime.newSession({ hooks })).rejects.toMatchObject({ code: 'ERR_HOOK_UNKNOWN' })
  })

  test('for a tool of a name that is taken', async () => {
    const { runtime, store } = await startRuntime()
    await expect(runtime.newSession({ tools: [echo, echo] })).rejects.toMatchObject({
      code: 'ERR_TOOL_DUPLICATE',
    })
    expect((await store.list()).sessions).toEqual([])
  })
})

describe('session.transform', () => {
  test('changes the blueprint before it is stored', async () => {
    const { runtime } = await startRuntime({
      plugins: [
        tapping('router', {
          'session.transform': (blueprint) => ({
            ...blueprint,
            model: 'test/routed',
            metadata: { by: 'router' },
          }),
        }),
      ],
    })
    const session = await runtime.newSession()
    const [first] = await logOf(runtime, session.id)
    expect(first).toMatchObject({ type: 'session.started', blueprint: { model: 'test/routed' } })
    expect(session.state.metadata).toEqual({ by: 'router' })
  })

  test('a tap that throws fails the creation, and nothing is stored', async () => {
    const { runtime, store } = await startRuntime({
      plugins: [
        tapping('broken', {
          'session.transform': () => {
            throw new Error('no route')
          },
        }),
      ],
    })
    await expect(runtime.newSession()).rejects.toMatchObject({
      code: 'ERR_HOOK_FAILED',
      plugin: 'broken',
      message: expect.stringContaining('no route') as string,
    })
    expect((await store.list()).sessions).toEqual([])
    expect(runtime.describe().openSessions).toBe(0)
  })

  test('a model that a tap chose and nobody speaks fails the creation', async () => {
    const { runtime } = await startRuntime({
      plugins: [
        tapping('router', { 'session.transform': (blueprint) => ({ ...blueprint, model: 'nobody' }) }),
      ],
    })
    await expect(runtime.newSession()).rejects.toMatchObject({ code: 'ERR_MODEL_UNKNOWN' })
  })

  test('the session itself cannot be reached from it', async () => {
    const { runtime } = await startRuntime({
      plugins: [tapping('eager', { 'session.transform': (_, ctx) => ctx.session.note('x', 1) })],
    })
    await expect(runtime.newSession()).rejects.toMatchObject({ code: 'ERR_HOOK_FAILED', plugin: 'eager' })
  })
})

describe('storing a new session', () => {
  test('W-29: reads nothing, and is one write with the first event in it', async () => {
    const operations: string[] = []
    const store = new Proxy<SessionStore>(new TestStore(), {
      get(target, name, receiver) {
        const value: unknown = Reflect.get(target, name, receiver)
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          operations.push(String(name))
          return (value as (...args: unknown[]) => unknown).apply(target, args)
        }
      },
    })
    const { runtime } = await startRuntime({ store })
    operations.length = 0
    await runtime.newSession()
    expect(operations).toEqual(['create'])
  })

  test('it is published after it is stored', async () => {
    const { runtime, store } = await startRuntime()
    const seen: Promise<unknown>[] = []
    runtime.events.listen((event) => seen.push(store.load(event.sessionId).then((stored) => [event, stored])))
    await runtime.newSession()
    expect(await Promise.all(seen)).toMatchObject([[{ type: 'session.started', seq: 1 }, { head: 1 }]])
  })

  test('a store that fails fails the creation and leaves no open session', async () => {
    class FullStore extends TestStore {
      override create(): Promise<never> {
        return Promise.reject(new Error('disk full'))
      }
    }
    const { runtime } = await startRuntime({ store: new FullStore() })
    await expect(runtime.newSession()).rejects.toThrow('disk full')
    expect(runtime.describe().openSessions).toBe(0)
  })
})
