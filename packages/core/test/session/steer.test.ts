import type { SessionHandle } from '@halter/core'
import type { Message } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { deferred, settle } from './support/gates.ts'
import { calls, partsProvider, says } from './support/providers.ts'
import { tapping } from './support/plugins.ts'
import { startRuntime } from './support/runtime.ts'
import { tool } from './support/tools.ts'

/** Role and first text of each message. */
function shape(messages: Iterable<Message>): string[] {
  return [...messages].map(({ role, parts }) => {
    const [part] = parts
    return part?.kind === 'text' ? `${role}: ${part.text}` : `${role}: ${part?.kind}`
  })
}

describe('input that is steered into a running turn', () => {
  test('comes after the results of the running calls, and the turn’s result is its own', async () => {
    const work = deferred()
    const slow = tool('slow', async () => {
      await work.promise
      return 'worked'
    })
    const provider = partsProvider([calls('slow'), says('both done')])
    const { runtime } = await startRuntime({ plugins: [provider] })
    const session = await runtime.newSession({ model: 'parts', tools: [slow] })
    const turn = session.submitTurn('work')
    await settle()
    const steered = session.steer('and hurry')
    expect(steered.disposition).toBe('steered')
    expect(steered.turnId).toBe(turn.turnId)
    work.resolve()
    expect(await steered.result).toEqual(await turn.result)
    expect(shape(session.state.transcript)).toEqual([
      'user: work',
      'assistant: toolCall',
      'tool: worked',
      'user: and hurry',
      'assistant: both done',
    ])
    expect(session.state.transcript.at(3)).toMatchObject({ origin: 'steer' })
  })

  test('does not abort the stream: it follows the reply, which then is not the last', async () => {
    const reply = deferred()
    const provider = partsProvider([[reply.promise, ...says('first answer')], says('second answer')])
    const { runtime } = await startRuntime({ plugins: [provider] })
    const session = await runtime.newSession({ model: 'parts' })
    const turn = session.submitTurn('question')
    await settle()
    const steered = session.steer('one more')
    reply.resolve()
    expect((await steered.result).text).toBe('second answer')
    expect((await turn.result).text).toBe('second answer')
    expect(session.state.turns).toBe(1)
    expect(shape(session.state.transcript)).toEqual([
      'user: question',
      'assistant: first answer',
      'user: one more',
      'assistant: second answer',
    ])
  })

  test('several come in the order they were given', async () => {
    const reply = deferred()
    const provider = partsProvider([[reply.promise, ...says('one')], says('two')])
    const { runtime } = await startRuntime({ plugins: [provider] })
    const session = await runtime.newSession({ model: 'parts' })
    const turn = session.submitTurn('a')
    await settle()
    for (const text of ['b', 'c', 'd']) session.steer(text)
    reply.resolve()
    await turn.result
    expect(shape(session.state.transcript)).toEqual([
      'user: a',
      'assistant: one',
      'user: b',
      'user: c',
      'user: d',
      'assistant: two',
    ])
  })

  test('passes the prompt hooks; what they refuse the model does not see, and the turn goes on', async () => {
    const reply = deferred()
    const provider = partsProvider([[reply.promise, ...says('done')]])
    const { runtime } = await startRuntime({
      plugins: [
        provider,
        tapping('polite', {
          'prompt.transform': ({ parts, notes }) => ({ parts, notes: [...notes, 'be kind'] }),
          'prompt.guard': ({ parts }) =>
            parts.some((part) => part.kind === 'text' && part.text.includes('rude'))
              ? { deny: 'no' }
              : undefined,
        }),
      ],
    })
    const session = await runtime.newSession({ model: 'parts' })
    const turn = session.submitTurn('hello')
    await settle()
    session.steer('something rude')
    reply.resolve()
    expect(await turn.result).toMatchObject({ status: 'completed', text: 'done' })
    expect(shape(session.state.transcript)).toEqual(['user: hello', 'assistant: done'])
    expect(provider.requests).toHaveLength(1)
  })

  test('blank input is left out, and the turn ends as it would have', async () => {
    const reply = deferred()
    const provider = partsProvider([[reply.promise, ...says('done')]])
    const { runtime } = await startRuntime({ plugins: [provider] })
    const session = await runtime.newSession({ model: 'parts' })
    const turn = session.submitTurn('hello')
    await settle()
    session.steer('  ')
    reply.resolve()
    expect(await turn.result).toMatchObject({ status: 'completed', text: 'done' })
  })

  test('without a running turn, starts one', async () => {
    const { runtime } = await startRuntime({ script: [{ text: 'hello' }] })
    const session = await runtime.newSession()
    const turn = session.steer('hi')
    expect(turn.disposition).toBe('started')
    expect(await turn.result).toMatchObject({ status: 'completed', text: 'hello' })
  })
})

describe('steered input that came too late', () => {
  /** Steers when the turn’s end is being told, and gives the late handle. */
  async function steerAtEnd(session: SessionHandle, late: () => void): Promise<void> {
    const turn = session.submitTurn('a')
    for await (const event of turn) if (event.type === 'turn.completed') late()
    await turn.result
  }

  test('while the turn was being closed, waits its turn like any other', async () => {
    const at: { session?: SessionHandle } = {}
    const handles: ReturnType<SessionHandle['steer']>[] = []
    const { runtime } = await startRuntime({
      script: [{ text: 'one' }, { text: 'two' }, { text: 'three' }],
      plugins: [
        tapping('late', {
          'turn.end': () => {
            if (handles.length === 0) handles.push(at.session!.steer('late'))
          },
        }),
      ],
    })
    const session = (at.session = await runtime.newSession())
    const [first, waiting] = [session.submitTurn('a'), session.submitTurn('waiting')]
    await waiting.result
    const [late] = handles
    expect(await late!.result).toMatchObject({ status: 'completed', turnId: late!.turnId })
    expect(late!.turnId).not.toBe(first.turnId)
    expect(shape(session.state.transcript).filter((line) => line.startsWith('user'))).toEqual([
      'user: a',
      'user: waiting',
      'user: late',
    ])
  })

  test('that a turn had taken on and could not take in starts a turn of its own, first of all', async () => {
    const work = deferred()
    const slow = tool('slow', () => work.promise)
    const provider = partsProvider([calls('slow'), says('steered'), says('waited')])
    const { runtime } = await startRuntime({ plugins: [provider] })
    const session = await runtime.newSession({ model: 'parts', tools: [slow] })
    const turn = session.submitTurn('a')
    const waiting = session.submitTurn('waiting')
    await settle()
    const steered = session.steer('left over')
    const events = Array.fromAsync(steered)
    turn.interrupt()
    expect(await turn.result).toMatchObject({ status: 'failed', reason: 'interrupted' })
    const result = await steered.result
    expect(result).toMatchObject({ status: 'completed', text: 'steered', turnId: steered.turnId })
    expect(steered.turnId).not.toBe(turn.turnId)
    expect(await waiting.result).toMatchObject({ text: 'waited' })
    expect((await events).at(-1)).toMatchObject({ type: 'turn.completed', turnId: steered.turnId })
  })

  test('is turned away when the session shuts down', async () => {
    const slow = tool('slow', () => new Promise<never>(() => {}))
    const provider = partsProvider([calls('slow')])
    const { runtime } = await startRuntime({ plugins: [provider] })
    const session = await runtime.newSession({ model: 'parts', tools: [slow] })
    const turn = session.submitTurn('a')
    await settle()
    const steered = session.steer('left over')
    await session.shutdown()
    expect(await turn.result).toMatchObject({ reason: 'interrupted' })
    expect(await steered.result).toMatchObject({ status: 'rejected', reason: 'closed' })
    expect(provider.requests).toHaveLength(1)
  })

  test('iterating the running turn ends with that turn', async () => {
    const { runtime } = await startRuntime({ script: [{ text: 'one' }, { text: 'two' }] })
    const session = await runtime.newSession()
    const late: ReturnType<SessionHandle['steer']>[] = []
    await steerAtEnd(session, () => late.push(session.steer('b')))
    expect(await late[0]!.result).toMatchObject({ status: 'completed', text: 'two' })
  })
})

describe('interrupting steered input', () => {
  test('that waits to be taken in withdraws it, and the turn goes on', async () => {
    const work = deferred()
    const slow = tool('slow', () => work.promise)
    const { runtime } = await startRuntime({ script: [{ toolCalls: [{ name: 'slow' }] }, { text: 'done' }] })
    const session = await runtime.newSession({ tools: [slow] })
    const turn = session.submitTurn('a')
    await settle()
    const controller = new AbortController()
    const [first, second, third] = [
      session.steer('b'),
      session.submitTurn('c', { whenBusy: 'steer', signal: controller.signal }),
      session.steer('d'),
    ]
    first.interrupt('never mind')
    controller.abort()
    work.resolve()
    expect(await turn.result).toMatchObject({ status: 'completed', text: 'done' })
    expect(await first.result).toMatchObject({ status: 'rejected', reason: 'interrupted' })
    expect(await second.result).toMatchObject({ status: 'rejected', reason: 'interrupted' })
    expect(await third.result).toEqual(await turn.result)
    expect(shape(session.state.transcript).filter((line) => line.startsWith('user'))).toEqual([
      'user: a',
      'user: d',
    ])
  })

  test('that was taken in interrupts the turn', async () => {
    const first = deferred()
    const provider = partsProvider([[first.promise, ...says('one')], [new Promise(() => {})]])
    const { runtime } = await startRuntime({ plugins: [provider] })
    const session = await runtime.newSession({ model: 'parts' })
    const turn = session.submitTurn('a')
    await settle()
    const controller = new AbortController()
    const steered = session.submitTurn('b', { whenBusy: 'steer', signal: controller.signal })
    first.resolve()
    await settle()
    controller.abort()
    expect(await turn.result).toMatchObject({ reason: 'interrupted' })
    expect(await steered.result).toEqual(await turn.result)
  })
})

describe('input that is steered before the turn has begun to run', () => {
  test('joins it all the same', async () => {
    const { runtime } = await startRuntime({ script: [{ text: 'a' }, { text: 'b' }] })
    const session = await runtime.newSession()
    const turn = session.submitTurn('one')
    const steered = session.steer('two')
    expect(steered.disposition).toBe('steered')
    expect(await steered.result).toEqual(await turn.result)
    expect(await turn.result).toMatchObject({ status: 'completed', text: 'b' })
  })

  test('starts a turn of its own when that one is withdrawn first', async () => {
    const { runtime } = await startRuntime({ script: [{ text: 'a' }] })
    const session = await runtime.newSession()
    const turn = session.submitTurn('one')
    const steered = session.steer('two')
    turn.interrupt()
    expect(await turn.result).toMatchObject({ status: 'rejected', reason: 'interrupted' })
    expect(await steered.result).toMatchObject({ status: 'completed', text: 'a' })
  })
})
