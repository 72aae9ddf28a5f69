import { definePlugin, type Approvals, type Plugin, type SessionHandle } from '@halter/core'
import type { ApprovalAnswer } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { act, acting, ran } from '../session/support/acting.ts'
import { deferred, settle, until } from '../session/support/gates.ts'
import { startRuntime } from '../session/support/runtime.ts'
import { logOf } from '../session/support/sound.ts'
import { tool } from '../session/support/tools.ts'

async function eventTypes(session: SessionHandle): Promise<string[]> {
  return (await Array.fromAsync(session.replay())).map(({ type }) => type)
}

describe('a call that needs a yes', () => {
  test('is asked about after the reply and the question are stored, and runs after the answer is', async () => {
    const answer = deferred<ApprovalAnswer>()
    const { session } = await acting([{ n: 1 }], () => answer.promise)
    const turn = session.submitTurn('go')
    await until(() => session.approvals.list().length === 1)
    expect(await eventTypes(session)).toEqual([
      'session.started',
      'turn.started',
      'message.appended',
      'message.appended',
      'usage.recorded',
      'approval.requested',
    ])
    expect(session.approvals.list()).toMatchObject([
      { callId: 'c0', name: 'act', input: { n: 1 }, scope: 'act', reason: 'it acts' },
    ])
    expect(ran).toEqual([])
    answer.resolve('once')
    await turn.result
    expect(ran).toEqual([1])
    expect((await eventTypes(session)).slice(5, 9)).toEqual([
      'approval.requested',
      'approval.resolved',
      'toolCall.started',
      'toolCall.finished',
    ])
    expect(session.approvals.list()).toEqual([])
  })

  test('is asked about with everything that matters', async () => {
    const asked: unknown[] = []
    const { session } = await acting([{ n: 1, scope: 'act:one' }], (request) => {
      asked.push(request)
      return 'once'
    })
    const turn = session.submitTurn('go')
    await turn.result
    expect(asked).toEqual([
      {
        sessionId: session.id,
        turnId: turn.turnId,
        callId: 'c0',
        name: 'act',
        input: { n: 1, scope: 'act:one' },
        scope: 'act:one',
        reason: 'it acts',
      },
    ])
  })

  test('that is denied does not run; the model hears why, and a reason is kept', async () => {
    const { session } = await acting([{ n: 1 }], () => ({ answer: 'deny', reason: 'not today', by: 'boss' }))
    const { messages, status } = await session.submitTurn('go').result
    expect(status).toBe('completed')
    expect(ran).toEqual([])
    expect(messages.at(2)).toMatchObject({ isError: true, parts: [{ text: 'not today' }] })
    const log = await Array.fromAsync(session.replay())
    expect(log).toContainEqual(
      expect.objectContaining({ type: 'approval.resolved', answer: 'deny', reason: 'not today', by: 'boss' }),
    )
    expect(log.map(({ type }) => type)).not.toContain('toolCall.started')
  })

  test('where nobody can be asked is denied', async () => {
    const { session } = await acting([{ n: 1 }])
    const { messages } = await session.submitTurn('go').result
    expect(ran).toEqual([])
    expect(messages.at(2)).toMatchObject({
      isError: true,
      parts: [{ text: expect.stringContaining('nobody') as string }],
    })
    const log = await Array.fromAsync(session.replay())
    expect(log).toContainEqual(
      expect.objectContaining({ type: 'approval.resolved', answer: 'deny', by: 'nobody' }),
    )
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('no terminal')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no terminal'))],
  ])('is denied when the approver %s', async (_what, approve) => {
    const { session } = await acting([{ n: 1 }], approve)
    const { messages } = await session.submitTurn('go').result
    expect(ran).toEqual([])
    expect(messages.at(2)).toMatchObject({
      parts: [{ text: expect.stringContaining('no terminal') as string }],
    })
  })

  test('whose tool cannot say whether it needs one is asked about', async () => {
    const asked: unknown[] = []
    const unsure = tool('unsure', () => 'ran', {
      needsApproval: () => {
        throw new Error('no idea')
      },
    })
    const { runtime } = await startRuntime({ script: [{ toolCalls: [{ name: 'unsure' }] }, { text: 'x' }] })
    const session = await runtime.newSession({
      tools: [unsure],
      approve: ({ reason }) => {
        asked.push(reason)
        return 'deny'
      },
    })
    await session.submitTurn('go').result
    expect(asked).toEqual([expect.stringContaining('no idea')])
  })
})

describe('an open question', () => {
  test('waits as long as it takes for `resolve`, and is gone when that returns', async () => {
    const { session } = await acting([{ n: 1 }], 'wait')
    const turn = session.submitTurn('go')
    await until(() => session.approvals.list().length === 1)
    await session.approvals.resolve('c0', 'once', 'fine')
    expect(session.approvals.list()).toEqual([])
    await turn.result
    expect(ran).toEqual([1])
    const log = await Array.fromAsync(session.replay())
    expect(log).toContainEqual(
      expect.objectContaining({ type: 'approval.resolved', by: 'user', reason: 'fine' }),
    )
  })

  test('is answered by the first of approver and `resolve`; the approver is told that it is over', async () => {
    let isAborted = false
    const { session } = await acting(
      [{ n: 1 }],
      (_, signal) =>
        new Promise(() => {
          signal.addEventListener('abort', () => (isAborted = true))
        }),
    )
    const turn = session.submitTurn('go')
    await until(() => session.approvals.list().length === 1)
    await session.approvals.resolve('c0', 'deny')
    await turn.result
    expect([ran, isAborted]).toEqual([[], true])
  })

  test('is answered once: a second answer is refused, and one to a call that never asked', async () => {
    const { session } = await acting([{ n: 1 }], 'wait')
    const turn = session.submitTurn('go')
    await until(() => session.approvals.list().length === 1)
    const first = session.approvals.resolve('c0', 'once')
    await expect(session.approvals.resolve('c0', 'deny')).rejects.toMatchObject({ code: 'ERR_SESSION_INPUT' })
    await first
    await turn.result
    expect(ran).toEqual([1])
    await expect(session.approvals.resolve('nothing', 'once')).rejects.toMatchObject({
      code: 'ERR_SESSION_INPUT',
    })
  })

  test('does not outlive its turn', async () => {
    const { session } = await acting([{ n: 1 }], 'wait')
    const turn = session.submitTurn('go')
    await until(() => session.approvals.list().length === 1)
    turn.interrupt()
    await turn.result
    expect(session.approvals.list()).toEqual([])
    await expect(session.approvals.resolve('c0', 'once')).rejects.toMatchObject({ code: 'ERR_SESSION_INPUT' })
  })
})

describe('who is asked:', () => {
  const desk = (ask: Approvals['ask']): Plugin =>
    definePlugin({
      name: 'desk',
      apiVersion: 1,
      provides: ['approvals'],
      setup: () => ({ approvals: { ask } }),
    })

  test('the approvals slot, where neither session nor runtime brings an approver', async () => {
    const { session } = await acting([{ n: 1 }], undefined, [
      desk(async () => ({ answer: 'once', by: 'desk' })),
    ])
    await session.submitTurn('go').result
    expect(ran).toEqual([1])
    const log = await logOf({ replay: (_, range) => session.replay(range) }, session.id)
    expect(log).toContainEqual(expect.objectContaining({ type: 'approval.resolved', by: 'desk' }))
  })

  test('nobody, where the slot says that nobody is there', async () => {
    const { session } = await acting([{ n: 1 }], undefined, [desk(async () => undefined)])
    await session.submitTurn('go').result
    expect(ran).toEqual([])
  })

  test('the session’s approver before the slot', async () => {
    let asked = 0
    const { session } = await acting([{ n: 1 }], () => 'once', [
      desk(async () => (asked++, { answer: 'deny' })),
    ])
    await session.submitTurn('go').result
    expect([ran, asked]).toEqual([[1], 0])
  })
})

test('two questions of one reply are asked one after the other', async () => {
  ran.length = 0
  const open: string[] = []
  let most = 0
  const { runtime } = await startRuntime({
    script: [{ toolCalls: [1, 2].map((n) => ({ name: 'act', id: `c${n}`, input: { n } })) }, { text: 'x' }],
  })
  const session = await runtime.newSession({
    tools: [act],
    approve: async ({ callId }) => {
      open.push(callId)
      most = Math.max(most, open.length)
      await settle(2)
      open.pop()
      return 'once' as const
    },
  })
  await session.submitTurn('go').result
  expect([most, ran]).toEqual([1, [1, 2]])
})
