import type { Approver, ResumeOptions, SessionHooks, Tool } from '@halter/core'
import { TestStore, type TestScript } from '@halter/core/testing'
import type { StoredEvent } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { deferred, settle, until } from './support/gates.ts'
import { openRuntime, startRuntime, withRuntime } from './support/runtime.ts'
import { logOf } from './support/sound.ts'
import { storeWith } from './support/stored-logs.ts'
import { tool } from './support/tools.ts'

const ran: unknown[] = []
const act = tool('act', ({ n }) => void ran.push(n), {
  effects: 'unsafe',
  needsApproval: () => ({ reason: 'it acts', scope: 'act:any' }),
})
const look = tool('look', () => void ran.push('looked'))
const tools: readonly Tool[] = [act, look]
const SCRIPT = [
  {
    toolCalls: [
      { name: 'look', id: 'l' },
      { name: 'act', id: 'a', input: { n: 1 } },
    ],
  },
  { text: 'done' },
]

/** The log of a session whose process died while somebody was asked about call `a`. */
async function askedAndDied(until_: (event: StoredEvent) => boolean, approve: Approver = 'wait') {
  ran.length = 0
  const { runtime } = await openRuntime({ script: SCRIPT, store: new TestStore() })
  const session = await runtime.newSession({ tools, approve })
  session.submitTurn('go')
  await until(() => session.state.approvals.size > 0 || approve !== 'wait')
  await settle()
  const log = await logOf(runtime, session.id)
  await runtime.shutdown({ drainMs: 0 })
  ran.length = 0
  const end = log.findIndex(until_)
  expect(end).toBeGreaterThan(0)
  return log.slice(0, end + 1)
}

const isQuestion = ({ type }: StoredEvent): boolean => type === 'approval.requested'

/** That session, resumed in another process; its model only says `done` any more. */
async function resumed(log: readonly StoredEvent[], options: ResumeOptions = {}) {
  const { store, id } = await storeWith(log)
  const { runtime } = await startRuntime({ store, script: [{ text: 'done' }] })
  const session = (await runtime.resume(id, { tools, interrupted: 'continue', ...options }))!
  const ended = async (): Promise<readonly StoredEvent[]> => {
    await until(() => session.state.turn === undefined)
    return (await logOf(runtime, id)).slice(log.length)
  }
  return { runtime, session, ended }
}

const kinds = (events: readonly StoredEvent[]): readonly string[] =>
  events.flatMap((event) => {
    if (event.type === 'approval.resolved') return [`${event.type} ${event.answer} ${event.by}`]
    if (event.type === 'toolCall.finished') return [`${event.callId} ${event.outcome}`]
    return event.type === 'approval.requested' ? [event.type] : []
  })

describe('a question that a dead process left open', () => {
  test('is listed after the resume, and an answer makes the call run: nobody is asked again', async () => {
    const { session, ended } = await resumed(await askedAndDied(isQuestion), { approve: 'wait' })
    expect(session.approvals.list()).toMatchObject([{ callId: 'a', input: { n: 1 }, scope: 'act:any' }])
    await settle()
    expect(ran).toEqual([])
    await session.approvals.resolve('a', 'once')
    expect(kinds(await ended())).toEqual(['approval.resolved once user', 'l ok', 'a ok'])
    expect(ran).toEqual(['looked', 1])
    expect(session.approvals.list()).toEqual([])
    expect(session.state.lastTurn).toMatchObject({ status: 'completed' })
  })

  test('takes an answer that comes before the turn has got to it', async () => {
    const gate = deferred()
    const { session, ended } = await resumed(await askedAndDied(isQuestion), {
      approve: () => {
        throw new Error('nobody should be asked')
      },
      hooks: { 'toolCall.guard': () => gate.promise },
    })
    await session.approvals.resolve('a', 'once', 'fine')
    expect(session.approvals.list()).toEqual([])
    await expect(session.approvals.resolve('a', 'deny')).rejects.toMatchObject({ code: 'ERR_SESSION_INPUT' })
    gate.resolve()
    expect(kinds(await ended())).toEqual(['approval.resolved once user', 'l ok', 'a ok'])
  })

  test('takes the first of two answers at once', async () => {
    const { session, ended } = await resumed(await askedAndDied(isQuestion), { approve: 'wait' })
    const answers = await Promise.allSettled([
      session.approvals.resolve('a', 'deny', 'first'),
      session.approvals.resolve('a', 'once', 'second'),
    ])
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(kinds(await ended())).toEqual(['approval.resolved deny user', 'a denied', 'l ok'])
    expect(ran).toEqual(['looked'])
  })

  test('denied, is a result that the model reads', async () => {
    const { session, ended } = await resumed(await askedAndDied(isQuestion), { approve: 'wait' })
    await session.approvals.resolve('a', 'deny', 'not in this house')
    await ended()
    expect([...session.state.transcript].findLast(({ role }) => role === 'tool')).toMatchObject({
      callId: 'a',
      isError: true,
      parts: [{ text: 'not in this house' }],
    })
  })

  test('is put to the approver of the new process as it was stored', async () => {
    const asked: unknown[] = []
    const { ended } = await resumed(await askedAndDied(isQuestion), {
      approve: (request) => {
        asked.push(request)
        return { answer: 'session', by: 'boss' }
      },
    })
    expect(kinds(await ended())).toEqual(['approval.resolved session boss', 'l ok', 'a ok'])
    expect(asked).toMatchObject([
      { callId: 'a', name: 'act', input: { n: 1 }, scope: 'act:any', reason: 'it acts' },
    ])
  })

  test('shows what was asked about, and that is what runs, whatever hooks would make of it now', async () => {
    const changing: SessionHooks = {
      'toolCall.transform': (call) => (call.name === 'act' ? { ...call, input: { n: 666 } } : undefined),
    }
    const { ended } = await resumed(await askedAndDied(isQuestion), {
      approve: () => 'once',
      hooks: changing,
    })
    await ended()
    expect(ran).toEqual(['looked', 1])
  })

  test('is seen by guards again: one that denies now is right, one that allows does not answer it', async () => {
    const log = await askedAndDied(isQuestion)
    const denying = await resumed(log, {
      approve: () => 'once',
      hooks: { 'toolCall.guard': ({ name }) => (name === 'act' ? { deny: 'not any more' } : undefined) },
    })
    expect(kinds(await denying.ended())).toEqual(['a denied', 'l ok'])
    const allowing = await resumed(log, {
      approve: 'wait',
      hooks: { 'toolCall.guard': () => ({ allow: true }) },
    })
    await settle()
    expect(allowing.session.approvals.list()).toHaveLength(1)
    await allowing.session.approvals.resolve('a', 'deny')
    expect(kinds(await allowing.ended())).toContain('a denied')
  })

  test('is answered by approval.guard where that has an opinion', async () => {
    const { ended } = await resumed(await askedAndDied(isQuestion), {
      approve: 'wait',
      hooks: { 'approval.guard': () => ({ deny: 'policy' }) },
    })
    expect(kinds(await ended())).toEqual(['approval.resolved deny session', 'a denied', 'l ok'])
  })

  test('about a tool that is not there any more is an error result', async () => {
    const { ended } = await resumed(await askedAndDied(isQuestion), { tools: [look], approve: 'wait' })
    expect(kinds(await ended())).toEqual(['l ok', 'a error'])
  })

  test('with close is answered as not started, as every other call', async () => {
    const { session, ended } = await resumed(await askedAndDied(isQuestion), { interrupted: 'close' })
    expect(session.approvals.list()).toEqual([])
    expect(kinds(await ended())).toEqual(['l not-started', 'a not-started'])
    await expect(session.approvals.resolve('a', 'once')).rejects.toMatchObject({ code: 'ERR_SESSION_INPUT' })
  })

  test('stays open over any number of processes', async () => {
    const { store, id } = await storeWith(await askedAndDied(isQuestion))
    for (let process = 0; process < 3; process++) {
      const { runtime } = await openRuntime({ store, script: [{ text: 'done' }] })
      const session = (await runtime.resume(id, { tools, approve: 'wait', interrupted: 'continue' }))!
      await settle()
      expect(session.approvals.list()).toHaveLength(1)
      await session.detach()
      await runtime.shutdown()
    }
    await withRuntime({ store, script: [{ text: 'done' }] }, async ({ runtime }) => {
      const session = (await runtime.resume(id, { tools, interrupted: 'continue', approve: () => 'once' }))!
      await until(() => session.state.turn === undefined)
      const log = await logOf(runtime, id)
      expect(log.filter(isQuestion)).toHaveLength(1)
    })
    expect(ran).toEqual(['looked', 1])
  })
})

test('an answer that was stored before the process died counts: nobody is asked again', async () => {
  const isAnswer = ({ type }: StoredEvent): boolean => type === 'approval.resolved'
  for (const answer of ['once', 'deny'] as const) {
    const log = await askedAndDied(isAnswer, () => answer)
    const { ended } = await resumed(log, {
      approve: () => {
        throw new Error('nobody should be asked')
      },
    })
    expect(kinds(await ended())).toEqual(answer === 'once' ? ['l ok', 'a ok'] : ['a denied', 'l ok'])
  }
})

describe('a session that nobody holds any more, while its turn waits for resolve,', () => {
  test('is left as it is: no event, no lease, and the turn goes on wherever it is resumed', async () => {
    ran.length = 0
    const { runtime, store } = await startRuntime({ script: SCRIPT })
    const session = await runtime.newSession({ tools, approve: 'wait' })
    const turn = session.submitTurn('go')
    await until(() => session.approvals.list().length === 1)
    const before = await logOf(runtime, session.id)
    await session.detach()
    expect(await turn.result).toMatchObject({
      status: 'failed',
      reason: 'interrupted',
      error: { code: 'ERR_SESSION_CLOSED' },
    })
    expect(runtime.describe().openSessions).toBe(0)
    expect(await logOf(runtime, session.id)).toEqual(before)
    const again = (await runtime.resume(session.id, { tools, approve: 'wait', interrupted: 'continue' }))!
    expect(again.approvals.list()).toHaveLength(1)
    await again.approvals.resolve('a', 'once')
    await until(() => again.state.turn === undefined)
    expect(ran).toEqual(['looked', 1])
    expect((await store.load(session.id))!.head).toBeGreaterThan(before.length)
  })

  test('is left too when the question comes after the last holder went', async () => {
    const gate = deferred()
    const { runtime } = await startRuntime({ script: SCRIPT })
    const session = await runtime.newSession({
      tools,
      approve: 'wait',
      hooks: { 'toolCall.guard': () => gate.promise },
    })
    const turn = session.submitTurn('go')
    await settle()
    await session.detach()
    gate.resolve()
    expect(await turn.result).toMatchObject({ error: { code: 'ERR_SESSION_CLOSED' } })
    await until(() => runtime.describe().openSessions === 0)
    expect((await logOf(runtime, session.id)).at(-1)).toMatchObject({ type: 'approval.requested' })
  })

  test('is left with what waited for its turn told so, and nothing more in its log', async () => {
    const { runtime } = await startRuntime({ script: SCRIPT })
    const session = await runtime.newSession({ tools, approve: 'wait' })
    session.submitTurn('go')
    await until(() => session.approvals.list().length === 1)
    const queued = session.submitTurn('and then')
    const compaction = session.compact()
    const before = (await logOf(runtime, session.id)).length
    await Promise.all([
      expect(compaction).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' }),
      session.detach(),
    ])
    expect(await queued.result).toMatchObject({ status: 'rejected', reason: 'closed' })
    expect(await logOf(runtime, session.id)).toHaveLength(before)
  })

  test('is not left while another holder has it, or an approver is being asked', async () => {
    const answer = deferred<'once'>()
    const { runtime } = await startRuntime({ script: SCRIPT })
    const session = await runtime.newSession({ tools, approve: () => answer.promise })
    const turn = session.submitTurn('go')
    await until(() => session.approvals.list().length === 1)
    await session.detach()
    await settle()
    expect(runtime.describe().openSessions).toBe(1)
    answer.resolve('once')
    expect(await turn.result).toMatchObject({ status: 'completed' })
  })
})

test('a question can be answered from within the event that tells of it', async () => {
  const { runtime } = await startRuntime({ script: SCRIPT })
  const session = await runtime.newSession({ tools, approve: 'wait' })
  runtime.events.listen((event) => {
    if (event.type === 'approval.requested') void session.approvals.resolve(event.callId, 'once')
  })
  expect(await session.submitTurn('go').result).toMatchObject({ status: 'completed' })
})

test('wherever its process dies, a turn with a question goes on to its end, asks at most once, and acts at most once', async () => {
  ran.length = 0
  const { runtime: first } = await openRuntime({ script: SCRIPT })
  const whole = await first.newSession({ tools, approve: () => 'once' })
  await whole.submitTurn('go').result
  const log = await logOf(first, whole.id)
  await first.shutdown()
  for (let length = 2; length < log.length; length++) {
    const prefix = log.slice(0, length)
    ran.length = 0
    const { store, id } = await storeWith(prefix)
    const script: TestScript = ({ messages }) => (messages.length === 1 ? SCRIPT[0]! : { text: 'done' })
    await withRuntime({ store, script }, async ({ runtime }) => {
      const session = (await runtime.resume(id, { tools, approve: 'wait', interrupted: 'continue' }))!
      while (session.state.turn) {
        for (const { callId } of session.approvals.list()) await session.approvals.resolve(callId, 'once')
        await settle(1)
      }
      expect(session.state.lastTurn).toMatchObject({ status: 'completed' })
      const after = await logOf(runtime, id)
      expect(after.filter(isQuestion)).toHaveLength(1)
      const started = prefix.filter((event) => event.type === 'toolCall.started' && event.callId === 'a')
      expect(started.length + ran.filter((each) => each === 1).length).toBe(1)
    })
  }
})
