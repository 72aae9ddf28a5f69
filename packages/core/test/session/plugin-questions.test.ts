import { EMPTY_RESOURCES, type ModelAnswer, type ResourceSnapshot, type SessionPort } from '@halter/core'
import { definePlugin } from '@halter/core'
import { textOf } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { until } from './support/gates.ts'
import { tapping } from './support/plugins.ts'
import { startRuntime } from './support/runtime.ts'
import { logOf } from './support/sound.ts'

/** A session, and the port that a plugin has of it. */
async function withPort(options: Parameters<typeof startRuntime>[0] = {}, init: object = {}) {
  let port: SessionPort | undefined
  const keeping = tapping('asking', { 'session.start': (_, { session }) => void (port = session) })
  const test = await startRuntime({
    script: ({ purpose }) => ({ text: purpose === 'turn' ? 'done' : `an answer for ${purpose}` }),
    ...options,
    plugins: [keeping, ...(options.plugins ?? [])],
  })
  const session = await test.runtime.newSession(init)
  await session.submitTurn('hello').result
  return { ...test, session, port: port! }
}

describe('a question of a plugin to a model', () => {
  test('between turns is answered, paid for and in no transcript', async () => {
    const { port, session, runtime, provider } = await withPort({}, { models: { small: 'test/small' } })
    const before = session.state.transcript.length
    const answer = await port.callModel({ system: 'be brief', prompt: 'well?', maxOutputTokens: 99 })
    expect(answer).toEqual({
      text: 'an answer for hook',
      model: 'test/small',
      usage: { inputTokens: 10, outputTokens: 5 },
    } satisfies ModelAnswer)
    const request = provider.requests.at(-1)!
    expect(request).toMatchObject({ purpose: 'hook', model: 'test/small', tools: [], maxOutputTokens: 99 })
    expect(request.system).toMatchObject([{ text: 'be brief' }])
    expect(request.messages.slice().map(textOf)).toEqual(['well?'])
    expect(session.state.transcript.length).toBe(before)
    expect((await logOf(runtime, session.id)).at(-1)).toMatchObject({
      type: 'usage.recorded',
      purpose: 'hook',
      model: 'test/small',
    })
  })

  test('goes to the session’s own model where no small one is named, or to the one it asks for', async () => {
    const { port } = await withPort()
    expect(await port.callModel({ prompt: 'a' })).toMatchObject({ model: 'test' })
    expect(await port.callModel({ prompt: 'a', model: 'test/other', purpose: 'judge' })).toMatchObject({
      model: 'test/other',
      text: 'an answer for judge',
    })
  })

  test('in a turn counts as no step of it, and its cost is the turn’s', async () => {
    const { runtime } = await startRuntime({
      script: () => ({ text: 'done' }),
      plugins: [
        tapping('asking', {
          'prompt.transform': async (_, { session }) => void (await session.callModel({ prompt: 'a' })),
        }),
      ],
    })
    const session = await runtime.newSession({ limits: { steps: 1 } })
    const result = await session.submitTurn('go').result
    expect(result).toMatchObject({ status: 'completed', usage: { inputTokens: 20, outputTokens: 10 } })
    expect(session.usage.byPurpose).toMatchObject({ hook: { inputTokens: 10 }, turn: { inputTokens: 10 } })
  })

  test('passes request.transform, which sees the purpose', async () => {
    const { port, provider } = await withPort({
      plugins: [
        tapping('redacting', {
          'request.transform': (request) =>
            request.purpose === 'hook' ? { ...request, temperature: 0.5 } : undefined,
        }),
      ],
    })
    await port.callModel({ prompt: 'a' })
    expect(provider.requests.at(-1)).toMatchObject({ temperature: 0.5 })
  })

  test('is tried again like every call, and what failed is its asker’s to handle', async () => {
    let calls = 0
    const { port, session } = await withPort({
      script: ({ purpose }) => {
        if (purpose === 'turn') return { text: 'done' }
        calls += 1
        const kind = calls === 1 ? ('overloaded' as const) : ('auth' as const)
        return calls === 2 ? { text: 'at last' } : { error: { kind, message: 'no' } }
      },
    })
    expect(await port.callModel({ prompt: 'a' })).toMatchObject({ text: 'at last' })
    await expect(port.callModel({ prompt: 'a' })).rejects.toMatchObject({ kind: 'auth' })
    expect(await session.submitTurn('still here?').result).toMatchObject({ status: 'completed' })
  })

  test('is stopped by its own signal, by an interrupt between turns, and by a shutdown', async () => {
    const { port, session, runtime } = await withPort({
      script: ({ purpose }) => ({ text: 'x', hangs: purpose !== 'turn' }),
    })
    const mine = new AbortController()
    const first = port.callModel({ prompt: 'a', signal: mine.signal })
    mine.abort(new Error('enough'))
    await expect(first).rejects.toThrow('enough')
    await expect(port.callModel({ prompt: 'a', signal: mine.signal })).rejects.toThrow('enough')
    const second = port.callModel({ prompt: 'a' })
    await session.interrupt('by hand')
    await expect(second).rejects.toMatchObject({ code: 'ERR_TURN_INTERRUPTED' })
    await Promise.all([
      expect(port.callModel({ prompt: 'a' })).rejects.toMatchObject({ code: 'ERR_TURN_INTERRUPTED' }),
      runtime.shutdown({ drainMs: 50 }),
    ])
  })

  test('asked in a turn is interrupted with it, and outlasts its good end', async () => {
    const asked: Promise<ModelAnswer>[] = []
    const { runtime, clock } = await startRuntime({
      script: ({ purpose, messages }) => {
        if (purpose === 'title') return { text: 'a title', delayMs: 50 }
        return { text: 'done', hangs: messages.length > 1 }
      },
    })
    const session = await runtime.newSession({
      hooks: {
        'turn.start': (_, ctx) =>
          void asked.push(ctx.session.callModel({ prompt: 'a title?', purpose: 'title' })),
      },
    })
    await session.submitTurn('one').result
    expect(await asked[0]).toMatchObject({ text: 'a title' })
    const at = clock.now()
    const turn = session.submitTurn('two')
    await until(() => asked.length === 2)
    await Promise.all([
      expect(asked[1]).rejects.toMatchObject({ code: 'ERR_TURN_INTERRUPTED' }),
      session.interrupt(),
    ])
    await turn.result
    expect(clock.now()).toBeGreaterThanOrEqual(at)
  })

  test('keeps its session open until it is answered, though nobody holds it any more', async () => {
    const { port, session, runtime } = await withPort({
      script: ({ purpose }) => ({ text: 'late', delayMs: purpose === 'turn' ? 0 : 10 }),
    })
    const answer = port.callModel({ prompt: 'a' })
    await session.detach()
    expect(await answer).toMatchObject({ text: 'late' })
    expect((await logOf(runtime, session.id)).at(-1)).toMatchObject({ purpose: 'hook' })
    await until(() => runtime.describe().openSessions === 0)
    await expect(port.callModel({ prompt: 'a' })).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' })
  })
})

const snapshot: ResourceSnapshot = { ...EMPTY_RESOURCES, revision: 'r1' }

describe('the resources that a plugin sees', () => {
  test('in a turn are those that it pinned; between turns, those of now', async () => {
    const seen: string[] = []
    const { runtime } = await startRuntime({ script: () => ({ text: 'done' }) })
    runtime.replaceResources(snapshot)
    let port: SessionPort | undefined
    const session = await runtime.newSession({
      hooks: {
        'prompt.transform': async (_, ctx) => {
          port = ctx.session
          runtime.replaceResources({ ...snapshot, revision: 'r2' })
          seen.push((await ctx.session.resources()).revision)
        },
      },
    })
    await session.submitTurn('go').result
    expect(seen).toEqual(['r1'])
    expect((await port!.resources()).revision).toBe('r2')
  })

  test('are none where nobody fills the slot, and none with a warning where it fails', async () => {
    const { port } = await withPort()
    expect(await port.resources()).toBe(EMPTY_RESOURCES)
    let isBroken = false
    const source = definePlugin({
      name: 'source',
      apiVersion: 1,
      provides: ['resources'],
      setup: () => ({
        resources: {
          snapshot: () => {
            if (isBroken) throw new Error('no such folder')
            return snapshot
          },
        },
      }),
    })
    const broken = await withPort({ plugins: [source] })
    isBroken = true
    expect(await broken.port.resources()).toBe(EMPTY_RESOURCES)
    expect((await logOf(broken.runtime, broken.session.id)).at(-1)).toMatchObject({
      type: 'warning.raised',
      message: 'The resources could not be read, so there are none: no such folder',
    })
  })
})
