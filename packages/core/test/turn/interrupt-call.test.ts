import { describe, expect, test } from 'vitest'
import { expectInterrupted, forever } from '../session/support/interrupts.ts'
import { startRuntime } from '../session/support/runtime.ts'
import { logOf } from '../session/support/sound.ts'
import { echo, stuck, tool } from '../session/support/tools.ts'

describe('an interrupted call', () => {
  test('is cancelled, and its tool hears of it', async () => {
    let reason: unknown
    const listening = tool(
      'listening',
      (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reason = signal.reason
            reject(new Error('stopped'))
          })
        }),
    )
    const { runtime } = await startRuntime({
      script: [{ toolCalls: [{ name: 'listening', id: 'c1' }] }, { text: 'after' }],
    })
    const session = await runtime.newSession({ tools: [listening] })
    const { messages } = await expectInterrupted(session, session.submitTurn('go'))
    expect(reason).toMatchObject({ code: 'ERR_TURN_INTERRUPTED' })
    expect(messages.at(2)).toMatchObject({ role: 'tool', isError: true })
    const log = await logOf(runtime, session.id)
    expect(log).toContainEqual(expect.objectContaining({ type: 'toolCall.finished', outcome: 'cancelled' }))
  })

  test('that ignores its signal is left behind', async () => {
    const { runtime } = await startRuntime({
      script: [{ toolCalls: [{ name: 'stuck' }] }, { text: 'after' }],
    })
    const session = await runtime.newSession({ tools: [stuck] })
    await expectInterrupted(session, session.submitTurn('go'))
    const log = await logOf(runtime, session.id)
    expect(log).toContainEqual(expect.objectContaining({ type: 'toolCall.finished', outcome: 'cancelled' }))
  })

  test('that still ends well in time keeps its result', async () => {
    const stubborn = tool(
      'stubborn',
      (_, { signal }) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve('finished'))),
    )
    const { runtime } = await startRuntime({
      script: [{ toolCalls: [{ name: 'stubborn' }] }, { text: 'after' }],
    })
    const session = await runtime.newSession({ tools: [stubborn] })
    const { messages } = await expectInterrupted(session, session.submitTurn('go'))
    expect(messages.at(2)).toMatchObject({ isError: false, parts: [{ text: 'finished' }] })
  })

  test('is answered, and so is every call that had not begun', async () => {
    const { runtime } = await startRuntime({
      script: [
        {
          toolCalls: [
            { name: 'echo', id: 'a' },
            { name: 'stuck', id: 'b' },
            { name: 'alone', id: 'c' },
            { name: 'nobody', id: 'd' },
          ],
        },
        { text: 'after' },
      ],
    })
    const alone = tool('alone', () => 'never', { concurrency: 'exclusive' })
    const session = await runtime.newSession({ tools: [echo, stuck, alone] })
    await expectInterrupted(session, session.submitTurn('go'))
    const log = await logOf(runtime, session.id)
    const outcomes = log.filter((event) => event.type === 'toolCall.finished')
    expect(outcomes.map(({ callId, outcome }) => `${callId} ${outcome}`)).toEqual([
      'a ok',
      'b cancelled',
      'c not-started',
      'd not-started',
    ])
  })

  test('may not write into its turn after the end', async () => {
    let emit: (() => void) | undefined
    const late = tool('late', (_, ctx) => {
      emit = () => ctx.emit('too late')
      return forever
    })
    const { runtime } = await startRuntime({ script: [{ toolCalls: [{ name: 'late' }] }, { text: 'after' }] })
    const session = await runtime.newSession({ tools: [late] })
    const shown: string[] = []
    runtime.events.listen((event) => void (event.type === 'toolOutput.delta' && shown.push(event.text)))
    await expectInterrupted(session, session.submitTurn('go'))
    emit!()
    expect(shown).toEqual([])
  })
})
