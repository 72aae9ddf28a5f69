import { isStored, type SessionEvent } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { deferred, settle } from './support/gates.ts'
import { partsProvider, says } from './support/providers.ts'
import { startRuntime } from './support/runtime.ts'
import { logOf } from './support/sound.ts'
import { echo } from './support/tools.ts'

function types(events: readonly SessionEvent[]): string[] {
  return events.map(({ type }) => type)
}

describe('iterating a turn', () => {
  test('gives its events from the first to the last, and then ends', async () => {
    const { runtime } = await startRuntime({
      script: [{ text: 'look', toolCalls: [{ name: 'echo' }] }, { text: 'done' }],
    })
    const session = await runtime.newSession({ tools: [echo] })
    const turn = session.submitTurn('hi')
    const events = await Array.fromAsync(turn)
    expect(types(events)).toEqual([
      'turn.started',
      'message.appended',
      'text.delta',
      'toolInput.delta',
      'message.appended',
      'usage.recorded',
      'toolCall.started',
      'toolCall.finished',
      'text.delta',
      'message.appended',
      'usage.recorded',
      'turn.completed',
    ])
    expect(events.filter(isStored)).toEqual((await logOf(runtime, session.id)).slice(1))
  })

  test('late gives the stored events from the log', async () => {
    const { runtime } = await startRuntime({ script: [{ text: 'one' }, { text: 'two' }] })
    const session = await runtime.newSession()
    const first = session.submitTurn('a')
    await session.submitTurn('b').result
    const events = await Array.fromAsync(first)
    expect(types(events)).toEqual([
      'turn.started',
      'message.appended',
      'message.appended',
      'usage.recorded',
      'turn.completed',
    ])
    expect(events.filter(isStored).at(-1)).toMatchObject({ turnId: first.turnId })
  })

  test('of a queued turn gives only that turn', async () => {
    const { runtime } = await startRuntime({ script: [{ text: 'one' }, { text: 'two' }] })
    const session = await runtime.newSession()
    session.submitTurn('a')
    const second = session.submitTurn('b')
    const events = await Array.fromAsync(second)
    expect(events[0]).toMatchObject({ type: 'turn.started', turnId: second.turnId })
    expect(events.filter(({ type }) => type === 'text.delta')).toMatchObject([{ text: 'two' }])
    expect(events.at(-1)).toMatchObject({ type: 'turn.completed', turnId: second.turnId })
  })

  test('twice gives the same stored events twice', async () => {
    const { runtime } = await startRuntime({ script: [{ text: 'one' }] })
    const session = await runtime.newSession()
    const turn = session.submitTurn('a')
    const live = (await Array.fromAsync(turn)).filter(isStored)
    expect((await Array.fromAsync(turn)).filter(isStored)).toEqual(live)
  })

  test('begun in the middle gives what is past from the log and what comes live', async () => {
    const more = deferred()
    const provider = partsProvider([
      [
        { type: 'text.delta', id: 'a', text: 'be' },
        more.promise,
        { type: 'text.delta', id: 'a', text: 'gin' },
        ...says(''),
      ],
    ])
    const { runtime } = await startRuntime({ plugins: [provider] })
    const session = await runtime.newSession({ model: 'parts' })
    const turn = session.submitTurn('a')
    await settle()
    const events = Array.fromAsync(turn)
    await settle()
    more.resolve()
    expect(types(await events)).toEqual([
      'turn.started',
      'message.appended',
      'text.delta',
      'message.appended',
      'usage.recorded',
      'turn.completed',
    ])
    expect(await events).toContainEqual(
      expect.objectContaining({ type: 'text.delta', text: 'gin', offset: 2 }),
    )
  })

  test('left early does not cancel the turn', async () => {
    const { runtime } = await startRuntime({ script: [{ text: 'one' }] })
    const session = await runtime.newSession()
    const turn = session.submitTurn('a')
    for await (const event of turn) if (event.type === 'turn.started') break
    expect(await turn.result).toMatchObject({ status: 'completed', text: 'one' })
  })

  test('of one that never started ends at once', async () => {
    const { runtime } = await startRuntime({ script: [{ text: 'one' }] })
    const session = await runtime.newSession()
    const running = session.submitTurn('a')
    const rejected = session.submitTurn('b', { whenBusy: 'reject' })
    expect(await Array.fromAsync(rejected)).toEqual([])
    const queued = session.submitTurn('c')
    const events = Array.fromAsync(queued)
    queued.interrupt()
    expect(await events).toEqual([])
    await running.result
  })

  test('of a failed turn ends with its failure', async () => {
    const { runtime } = await startRuntime({ script: [{ error: { kind: 'auth', message: 'no' } }] })
    const session = await runtime.newSession()
    const events = await Array.fromAsync(session.submitTurn('a'))
    expect(events.at(-1)).toMatchObject({ type: 'turn.failed', reason: 'error' })
  })
})
