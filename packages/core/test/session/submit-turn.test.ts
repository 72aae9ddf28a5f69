import { HalterError } from '@halter/core'
import { describe, expect, test } from 'vitest'
import { deferred, isPending, settle, type Deferred } from './support/gates.ts'
import { partsProvider, says } from './support/providers.ts'
import { startRuntime } from './support/runtime.ts'
import { logOf } from './support/sound.ts'

/** A runtime whose first reply comes when the test says so. */
async function startGated(): Promise<{
  readonly runtime: Awaited<ReturnType<typeof startRuntime>>['runtime']
  readonly reply: Deferred
}> {
  const reply = deferred()
  const provider = partsProvider((_, call) =>
    call === 1 ? [reply.promise, ...says('first')] : says(`reply ${call}`),
  )
  const { runtime } = await startRuntime({ plugins: [provider] })
  return { runtime, reply }
}

describe('a submitted turn', () => {
  test('returns at once, with an id and where it stands', async () => {
    const { runtime, reply } = await startGated()
    const session = await runtime.newSession({ model: 'parts' })
    const first = session.submitTurn('one')
    const second = session.submitTurn('two')
    expect([first.disposition, second.disposition]).toEqual(['started', 'queued'])
    expect(first.turnId).not.toBe(second.turnId)
    expect(session.state.head).toBe(1)
    reply.resolve()
    await second.result
  })

  test('has a result that says what was added and what it cost', async () => {
    const { runtime } = await startRuntime({
      script: [{ text: 'Hello.', usage: { inputTokens: 7, outputTokens: 3 } }],
    })
    const session = await runtime.newSession()
    const turn = session.submitTurn('hi')
    expect(await turn.result).toEqual({
      turnId: turn.turnId,
      status: 'completed',
      reason: 'stop',
      text: 'Hello.',
      messages: [
        expect.objectContaining({ role: 'user', parts: [{ kind: 'text', text: 'hi' }] }),
        expect.objectContaining({ role: 'assistant', parts: [{ kind: 'text', text: 'Hello.' }] }),
      ],
      usage: { inputTokens: 7, outputTokens: 3 },
    })
    expect(await turn.orThrow()).toBe(await turn.result)
    expect(session.status).toBe('idle')
  })

  test('counts only itself: messages and usage of earlier turns are not in its result', async () => {
    const { runtime } = await startRuntime({ script: [{ text: 'one' }, { text: 'two' }] })
    const session = await runtime.newSession()
    await session.submitTurn('a').result
    const { messages, usage } = await session.submitTurn('b').result
    expect(messages.map(({ parts }) => parts)).toEqual([
      [{ kind: 'text', text: 'b' }],
      [{ kind: 'text', text: 'two' }],
    ])
    expect(usage).toEqual({ inputTokens: 10, outputTokens: 5 })
  })

  test('takes parts as well as text', async () => {
    const { runtime, provider } = await startRuntime({ script: [{ text: 'seen' }] })
    const session = await runtime.newSession()
    const image = { kind: 'image', mediaType: 'image/png', data: 'iVBORw0KGgo=' } as const
    await session.submitTurn([image, { kind: 'text', text: 'what is it?' }]).result
    expect(provider.requests[0]!.messages.at(-1)!.parts).toEqual([
      image,
      { kind: 'text', text: 'what is it?' },
    ])
  })

  test.each([
    ['an empty text', ''],
    ['blanks', ' \n '],
    ['no parts', []],
  ])(
    'of %s asks no model, and leaves nothing in the transcript that a model API would refuse',
    async (_what, input) => {
      const { runtime, provider } = await startRuntime({ script: [{ text: 'hm' }] })
      const session = await runtime.newSession()
      expect(await session.submitTurn(input).result).toMatchObject({ status: 'completed', text: '' })
      expect(provider.requests).toEqual([])
      const log = await logOf(runtime, session.id)
      expect(log.map(({ type }) => type)).toEqual([
        'session.started',
        'turn.started',
        'prompt.refused',
        'turn.completed',
      ])
    },
  )
})

describe('while a turn runs', () => {
  test('others wait, in the order they came', async () => {
    const { runtime, reply } = await startGated()
    const session = await runtime.newSession({ model: 'parts' })
    const turns = ['a', 'b', 'c'].map((text) => session.submitTurn(text))
    reply.resolve()
    expect(await Promise.all(turns.map(async ({ result }) => (await result).text))).toEqual([
      'first',
      'reply 2',
      'reply 3',
    ])
    const log = await logOf(runtime, session.id)
    const started = log.filter((event) => event.type === 'turn.started')
    expect(started.map(({ turnId }) => turnId)).toEqual(turns.map(({ turnId }) => turnId))
    expect(started.map(({ input }) => input)).toEqual(['a', 'b', 'c'].map((text) => [{ kind: 'text', text }]))
  })

  test('W-2: submitting never disturbs the turn that runs', async () => {
    const { runtime, reply } = await startGated()
    const session = await runtime.newSession({ model: 'parts' })
    const first = session.submitTurn('a')
    await settle()
    const second = session.submitTurn('b')
    await settle()
    reply.resolve()
    expect(await first.result).toMatchObject({ status: 'completed', text: 'first' })
    expect(await second.result).toMatchObject({ status: 'completed', text: 'reply 2' })
  })

  test('one that must not wait is told that the session is busy, and leaves no trace', async () => {
    const { runtime, reply } = await startGated()
    const session = await runtime.newSession({ model: 'parts' })
    const first = session.submitTurn('a')
    const second = session.submitTurn('b', { whenBusy: 'reject' })
    expect(second.disposition).toBe('rejected')
    expect(await second.result).toMatchObject({
      status: 'rejected',
      reason: 'busy',
      text: '',
      messages: [],
      error: { code: 'ERR_TURN_BUSY', retryable: true },
    })
    reply.resolve()
    await first.result
    const log = await logOf(runtime, session.id)
    expect(log.filter(({ type }) => type === 'turn.started')).toHaveLength(1)
  })

  test('a failed turn does not take down the one that waits', async () => {
    const { runtime } = await startRuntime({
      script: [{ error: { kind: 'auth', message: 'no key' } }, { text: 'fine' }],
    })
    const session = await runtime.newSession()
    const [first, second] = [session.submitTurn('a'), session.submitTurn('b')]
    expect(await first.result).toMatchObject({ status: 'failed', reason: 'error' })
    expect(await second.result).toMatchObject({ status: 'completed', text: 'fine' })
  })
})

test('W-5: a turn that ends at once leaves nothing behind that runs, and no two have one id', async () => {
  const { runtime } = await startRuntime({ script: () => ({ text: 'x' }) })
  const session = await runtime.newSession()
  const turns = Array.from({ length: 20 }, () => session.submitTurn('go'))
  await Promise.all(turns.map(({ result }) => result))
  expect(new Set(turns.map(({ turnId }) => turnId)).size).toBe(20)
  expect(session.status).toBe('idle')
  expect(runtime.describe().runningTurns).toBe(0)
})

describe('a result never rejects; orThrow does', () => {
  test('with the turn’s own code, kind and result', async () => {
    const { runtime } = await startRuntime({ script: [{ error: { kind: 'auth', message: 'no key' } }] })
    const session = await runtime.newSession()
    const turn = session.submitTurn('a')
    const error = await turn.orThrow().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(HalterError)
    expect(error).toMatchObject({ code: 'ERR_MODEL_FAILED', kind: 'auth', message: 'no key' })
    expect((error as HalterError).data).toEqual({ result: await turn.result })
  })

  test('with the busy code for one that was refused', async () => {
    const { runtime, reply } = await startGated()
    const session = await runtime.newSession({ model: 'parts' })
    session.submitTurn('a')
    await expect(session.submitTurn('b', { whenBusy: 'reject' }).orThrow()).rejects.toMatchObject({
      code: 'ERR_TURN_BUSY',
      retryable: true,
    })
    reply.resolve()
  })
})

describe('a turn’s signal', () => {
  test('interrupts the turn when it runs', async () => {
    const { runtime } = await startGated()
    const session = await runtime.newSession({ model: 'parts' })
    const controller = new AbortController()
    const turn = session.submitTurn('a', { signal: controller.signal })
    await settle()
    controller.abort('enough')
    expect(await turn.result).toMatchObject({
      status: 'failed',
      reason: 'interrupted',
      error: { code: 'ERR_TURN_INTERRUPTED', message: 'The turn was interrupted: enough.' },
    })
  })

  test('takes it out of the queue when it waits, and leaves no trace of it', async () => {
    const { runtime, reply } = await startGated()
    const session = await runtime.newSession({ model: 'parts' })
    const controller = new AbortController()
    const first = session.submitTurn('a')
    const second = session.submitTurn('b', { signal: controller.signal })
    const third = session.submitTurn('c')
    await settle()
    controller.abort()
    expect(await second.result).toMatchObject({ status: 'rejected', reason: 'interrupted' })
    expect(await isPending(first.result)).toBe(true)
    reply.resolve()
    expect(await third.result).toMatchObject({ status: 'completed' })
    const log = await logOf(runtime, session.id)
    expect(log.filter(({ type }) => type === 'turn.started')).toHaveLength(2)
  })

  test('that is aborted already lets nothing begin', async () => {
    const { runtime, provider } = await startRuntime({ script: [{ text: 'x' }] })
    const session = await runtime.newSession()
    const turn = session.submitTurn('a', { signal: AbortSignal.abort() })
    expect(turn.disposition).toBe('rejected')
    expect(await turn.result).toMatchObject({ status: 'rejected', reason: 'interrupted' })
    expect(provider.requests).toEqual([])
  })

  test('says and holds nothing once its turn has ended', async () => {
    const { runtime } = await startRuntime({ script: [{ text: 'x' }, { text: 'y' }] })
    const session = await runtime.newSession()
    const controller = new AbortController()
    await session.submitTurn('a', { signal: controller.signal }).result
    const next = session.submitTurn('b')
    controller.abort()
    expect(await next.result).toMatchObject({ status: 'completed', text: 'y' })
  })
})
