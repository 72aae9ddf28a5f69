import { definePlugin, type Approvals, type Approver, type Plugin, type SessionHandle } from '@halter/core'
import type { ApprovalAnswer, Json } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { deferred, settle, until } from '../session/support/gates.ts'
import { restart, startRuntime } from '../session/support/runtime.ts'
import { logOf } from '../session/support/sound.ts'
import { tool } from '../session/support/tools.ts'

function scopeOf(input: Json): { scope?: string } {
  const { scope } = input as { scope?: string }
  return scope === undefined ? {} : { scope }
}

const ran: unknown[] = []
const act = tool('act', ({ n }) => void ran.push(n), {
  needsApproval: (input) => ({ reason: 'it acts', ...scopeOf(input) }),
})

/** A session whose model calls `act` with these inputs, one call per reply. */
async function acting(inputs: readonly object[], approve?: Approver, plugins: readonly Plugin[] = []) {
  ran.length = 0
  const { runtime, store } = await startRuntime({
    script: [
      ...inputs.map((input, index) => ({
        toolCalls: [{ name: 'act', id: `c${index}`, input: input as never }],
      })),
      { text: 'done' },
    ],
    plugins,
  })
  const session = await runtime.newSession({ tools: [act], ...(approve && { approve }) })
  return { runtime, store, session }
}

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

describe('an answer covers', () => {
  test('“once”: this call only', async () => {
    let asked = 0
    const { session } = await acting([{ n: 1 }, { n: 2 }], () => (asked++, 'once'))
    await session.submitTurn('go').result
    expect([asked, ran]).toEqual([2, [1, 2]])
  })

  test.each(['session', 'always'] as const)(
    '“%s”: later calls of the same scope, and no others',
    async (answer) => {
      const asked: string[] = []
      const inputs = [
        { n: 1, scope: 'a' },
        { n: 2, scope: 'a' },
        { n: 3, scope: 'b' },
        { n: 4, scope: 'a' },
      ]
      const { session } = await acting(inputs, ({ scope }) => {
        asked.push(scope)
        return scope === 'a' ? answer : 'once'
      })
      await session.submitTurn('go').result
      expect([asked, ran]).toEqual([
        ['a', 'b'],
        [1, 2, 3, 4],
      ])
    },
  )

  test('“session”: also the next calls of the same reply, and after a restart', async () => {
    let asked = 0
    ran.length = 0
    const first = await startRuntime({
      script: [
        {
          toolCalls: [
            { name: 'act', id: 'a', input: { n: 1 } },
            { name: 'act', id: 'b', input: { n: 2 } },
          ],
        },
        { text: 'x' },
      ],
      approve: () => (asked++, 'session'),
    })
    const session = await first.runtime.newSession({ tools: [act] })
    await session.submitTurn('go').result
    const second = await restart(first, {
      script: [{ toolCalls: [{ name: 'act', id: 'c', input: { n: 3 } }] }, { text: 'y' }],
    })
    const resumed = await second.runtime.resume(session.id, { tools: [act] })
    await resumed!.submitTurn('again').result
    expect([asked, ran]).toEqual([1, [1, 2, 3]])
  })

  test('“deny”: nothing later', async () => {
    const answers: ApprovalAnswer[] = ['deny', 'once']
    const { session } = await acting([{ n: 1 }, { n: 2 }], () => answers.shift()!)
    await session.submitTurn('go').result
    expect(ran).toEqual([2])
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
