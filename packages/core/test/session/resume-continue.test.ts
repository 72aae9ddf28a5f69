import type { SessionHandle, Tool } from '@halter/core'
import { TestStore, type TestScript } from '@halter/core/testing'
import type { StoredEvent } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { settle } from './support/gates.ts'
import { openRuntime, startRuntime } from './support/runtime.ts'
import { logOf } from './support/sound.ts'
import { storeWith } from './support/stored-logs.ts'
import { tool } from './support/tools.ts'

/** The log of a session whose process died while its first turn was at the place where `dies` is true. */
async function diedWhere(
  script: TestScript,
  tools: readonly Tool[],
  dies: (event: StoredEvent) => boolean,
  use: (session: SessionHandle) => void = (session) => void session.submitTurn('go'),
): Promise<readonly StoredEvent[]> {
  const { runtime } = await openRuntime({ script, store: new TestStore() })
  const session = await runtime.newSession({ tools, approve: () => 'once' })
  use(session)
  await settle(40)
  const log = await logOf(runtime, session.id)
  await runtime.shutdown({ drainMs: 0 })
  const end = log.findIndex(dies)
  expect(end).toBeGreaterThan(0)
  return log.slice(0, end + 1)
}

const isStart = (callId: string) => (event: StoredEvent) =>
  event.type === 'toolCall.started' && event.callId === callId
const ran: string[] = []
const tools = (['none', 'idempotent', 'unsafe'] as const).map((effects) =>
  tool(
    effects,
    () => {
      ran.push(effects)
      return `${effects} ran`
    },
    { effects },
  ),
)
const threeCalls = [
  { toolCalls: ['none', 'idempotent', 'unsafe'].map((name) => ({ name, id: name })) },
  { text: 'done' },
]

describe('a turn that a dead process left open, continued,', () => {
  test('keeps its id, runs again only what may run twice, and ends well', async () => {
    const log = await diedWhere(threeCalls, tools, isStart('unsafe'))
    ran.length = 0
    const { store, id } = await storeWith(log)
    const { runtime } = await startRuntime({ store, script: [{ text: 'done after all' }] })
    const session = (await runtime.resume(id, { tools, interrupted: 'continue' }))!
    await settle(40)
    expect(ran.toSorted()).toEqual(['idempotent', 'none'])
    const after = await logOf(runtime, id)
    const outcomes = after.filter((event) => event.type === 'toolCall.finished')
    expect(outcomes.map(({ callId, outcome }) => `${callId} ${outcome}`)).toEqual([
      'none ok',
      'idempotent ok',
      'unsafe outcome-unknown',
    ])
    expect(after.filter(({ type }) => type === 'turn.started')).toHaveLength(1)
    expect(after.at(-1)).toMatchObject({ type: 'turn.completed', turnId: 'turn-1' })
    expect(session.state.transcript.at(-1)).toMatchObject({ parts: [{ text: 'done after all' }] })
  })

  test('runs calls that had not started the usual way, guards and approvals included', async () => {
    const log = await diedWhere(
      [{ toolCalls: [{ name: 'unsafe', id: 'u' }] }, { text: 'done' }],
      tools,
      (event) => event.type === 'message.appended' && event.message.role === 'assistant',
    )
    ran.length = 0
    const judged: string[] = []
    const { store, id } = await storeWith(log)
    const { runtime } = await startRuntime({ store, script: [{ text: 'done' }] })
    await runtime.resume(id, {
      tools,
      interrupted: 'continue',
      hooks: { 'toolCall.guard': ({ name }) => void judged.push(name) },
    })
    await settle(40)
    expect([ran, judged]).toEqual([['unsafe'], ['unsafe']])
  })

  test('before its prompt was stored submits the prompt as it was typed', async () => {
    const log = await diedWhere([{ text: 'x' }], [], ({ type }) => type === 'turn.started')
    const { store, id } = await storeWith(log)
    const { runtime, provider } = await startRuntime({ store, script: [{ text: 'answered' }] })
    const session = (await runtime.resume(id, { interrupted: 'continue' }))!
    await settle(40)
    expect(provider.requests[0]!.messages.at(0)!.parts).toEqual([{ kind: 'text', text: 'go' }])
    expect(session.state.lastTurn).toMatchObject({ status: 'completed' })
  })

  test('whose last reply was whole is ended, not asked again', async () => {
    const { runtime: first } = await startRuntime({ script: [{ text: 'the answer' }] })
    const session = await first.newSession()
    await session.submitTurn('go').result
    const log = (await logOf(first, session.id)).slice(0, -1)
    const { store, id } = await storeWith(log)
    const { runtime, provider } = await startRuntime({ store, script: [{ text: 'never' }] })
    const resumed = (await runtime.resume(id, { interrupted: 'continue' }))!
    await settle(40)
    expect(provider.requests).toEqual([])
    expect(resumed.state.lastTurn).toMatchObject({ status: 'completed', reason: 'stop' })
    expect(resumed.state.transcript).toHaveLength(2)
  })

  test('is waited for by what is submitted meanwhile', async () => {
    const log = await diedWhere(threeCalls, tools, isStart('none'))
    const { store, id } = await storeWith(log)
    const { runtime } = await startRuntime({ store, script: [{ text: 'first' }, { text: 'second' }] })
    const session = (await runtime.resume(id, { tools, interrupted: 'continue' }))!
    const turn = session.submitTurn('and then?')
    expect(turn.disposition).toBe('queued')
    expect(await turn.result).toMatchObject({ text: 'second' })
  })

  test('can be interrupted like any other', async () => {
    const log = await diedWhere([{ text: 'x', hangs: true }], [], ({ type }) => type === 'turn.started')
    const { store, id } = await storeWith(log)
    const { runtime } = await startRuntime({ store, script: [{ text: 'y', hangs: true }, { text: 'z' }] })
    const session = (await runtime.resume(id, { interrupted: 'continue' }))!
    await settle(20)
    expect(session.status).toBe('running')
    await session.interrupt()
    expect(session.state.lastTurn).toMatchObject({ reason: 'interrupted' })
    expect(await session.submitTurn('next').result).toMatchObject({ text: 'z' })
  })
})

test('closed instead, nothing runs, and every call says how it is known to have ended', async () => {
  const log = await diedWhere(threeCalls, tools, isStart('idempotent'))
  ran.length = 0
  const { store, id } = await storeWith(log)
  const { runtime, provider } = await startRuntime({ store })
  await runtime.resume(id, { tools })
  await settle(40)
  expect([ran, provider.requests]).toEqual([[], []])
  const added = (await logOf(runtime, id)).slice(log.length)
  expect(
    added.map((event) =>
      event.type === 'toolCall.finished' ? `${event.callId} ${event.outcome}` : event.type,
    ),
  ).toEqual([
    'none outcome-unknown',
    'idempotent outcome-unknown',
    'unsafe not-started',
    'turn.failed',
    'session.resumed',
  ])
  expect(added.find(({ type }) => type === 'turn.failed')).toMatchObject({
    reason: 'crashed',
    retryable: true,
  })
})

test('W-26: what a reply had said and a crash cut off is gone; what was stored is not', async () => {
  const log = await diedWhere(
    [{ text: 'half', hangs: true }],
    [],
    (event) => event.type === 'message.appended',
  )
  const { store, id } = await storeWith(log)
  const { runtime } = await startRuntime({ store, script: [{ text: 'whole' }] })
  const session = (await runtime.resume(id))!
  expect(session.state.transcript).toHaveLength(1)
  expect(await session.submitTurn('again').result).toMatchObject({ text: 'whole' })
})
