import { textOf } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { partsProvider, says } from '../session/support/providers.ts'
import { closeRuntime, openRuntime, startRuntime } from '../session/support/runtime.ts'
import { expectOneTerminalEach, expectSoundLog, logOf } from '../session/support/sound.ts'
import { WatchedStore } from '../session/support/stores.ts'
import { echo } from '../session/support/tools.ts'

describe('the user’s message', () => {
  test('is stored before the first model call', async () => {
    const seen: string[][] = []
    const store = new WatchedStore()
    const provider = partsProvider((request) => [
      async () => {
        const log = await Array.fromAsync(store.replay(request.sessionId))
        seen.push(log.map(({ type }) => type))
      },
      ...says('hi'),
    ])
    const { runtime } = await startRuntime({ store, plugins: [provider] })
    const session = await runtime.newSession({ model: 'parts' })
    await session.submitTurn('hello').result
    expect(seen).toEqual([['session.started', 'turn.started', 'message.appended']])
  })

  test.each([
    ['throws', { error: { kind: 'auth', message: 'no key' } }],
    ['is cut off', { text: 'half', isCutOff: true }],
  ] as const)('survives a model call that %s', async (_what, reply) => {
    const { runtime } = await startRuntime({ script: [reply], maxModelTries: 1 })
    const session = await runtime.newSession()
    expect(await session.submitTurn('keep me').result).toMatchObject({ status: 'failed' })
    expect([...session.state.transcript].map(textOf)).toEqual(['keep me'])
  })
})

describe('a process that dies at any commit of a turn', () => {
  const script = [
    {
      text: 'look',
      toolCalls: [
        { name: 'echo', id: 'a' },
        { name: 'echo', id: 'b' },
      ],
    },
    { text: 'again', toolCalls: [{ name: 'echo', id: 'c' }] },
    { text: 'done' },
  ]

  test.each([1, 2, 3, 4, 5, 6, 7])('(the %ith) leaves a log that resumes and goes on', async (nth) => {
    const store = new WatchedStore((_, count) => {
      if (count >= nth && !isBack) throw new Error('the process is dead')
    })
    let isBack = false
    const first = await openRuntime({ store, script })
    const session = await first.runtime.newSession({ sessionId: 'it', tools: [echo] })
    const result = await session.submitTurn('go').result
    if (nth < 7) expect(result).toMatchObject({ status: 'failed', error: { message: 'the process is dead' } })
    await first.runtime.shutdown({ drainMs: 0 })
    isBack = true

    const second = await openRuntime({ store, script: [{ text: 'back' }] })
    const resumed = await second.runtime.resume('it')
    expect(resumed!.status).toBe('idle')
    expect(await resumed!.submitTurn('and now?').result).toMatchObject({ status: 'completed', text: 'back' })
    await expectSoundLog(second.runtime, 'it')
    await closeRuntime(second)
  })
})

describe('a store that refuses for a while', () => {
  test.each([2, 3, 4, 5])(
    'at the %ith commit fails the turn; once it is back, the log is made whole and the next turn works',
    async (nth) => {
      let isFull = true
      const store = new WatchedStore((_, count) => {
        if (count >= nth && isFull) throw new Error('disk full')
      })
      const { runtime } = await startRuntime({
        store,
        script: [
          { text: 'look', toolCalls: [{ name: 'echo', id: 'a' }] },
          { text: 'done' },
          { text: 'later' },
        ],
      })
      const session = await runtime.newSession({ tools: [echo] })
      expect(await session.submitTurn('a').result).toMatchObject({
        status: 'failed',
        error: { message: 'disk full' },
      })
      isFull = false
      expect(await session.submitTurn('b').result).toMatchObject({ status: 'completed' })
      expectOneTerminalEach(await logOf(runtime, session.id))
    },
  )

  test('only once loses no reply: what could not be stored is stored with the failure', async () => {
    const store = new WatchedStore(({ events }) => {
      if (events.some(({ type }) => type === 'turn.completed')) throw new Error('busy')
    })
    const { runtime } = await startRuntime({ store, script: [{ text: 'precious' }] })
    const session = await runtime.newSession()
    expect(await session.submitTurn('a').result).toMatchObject({ status: 'failed', text: 'precious' })
    expect(textOf(session.state.transcript.at(-1)!)).toBe('precious')
  })
})
