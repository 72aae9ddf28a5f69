import {
  EVENT_VERSIONS,
  foldSummary,
  type PendingEvent,
  type SessionSummary,
  type StoredEvent,
} from '@halter/protocol'
import { HalterError } from '@halter/core'
import { TestStore } from '@halter/core/testing'
import { describe, expect, test } from 'vitest'
import { openRuntime, startRuntime } from './support/runtime.ts'
import { logOf } from './support/sound.ts'
import { storeWith } from './support/stored-logs.ts'

/** A log of one session. */
function log(sessionId: string, events: readonly PendingEvent[]): StoredEvent[] {
  return events.map((event, index) => ({
    sessionId,
    seq: index + 1,
    at: 1,
    v: EVENT_VERSIONS[event.type],
    ...event,
  }))
}

const started = (sessionId: string): PendingEvent => ({
  type: 'session.started',
  blueprint: { sessionId, depth: 0, model: 'test', workingDir: '/', limits: {}, metadata: {} },
})
const turn: PendingEvent[] = [
  { type: 'turn.started', turnId: 't1', generation: 1, revision: 'empty', input: [] },
  {
    type: 'message.appended',
    message: { role: 'user', id: 'm1', at: 1, parts: [{ kind: 'text', text: 'task' }] },
  },
]
const reply: PendingEvent[] = [
  {
    type: 'message.appended',
    message: {
      role: 'assistant',
      id: 'm2',
      at: 1,
      parts: [{ kind: 'text', text: 'found it' }],
      stopReason: 'end',
      from: { provider: 'p', model: 'm' },
    },
  },
  { type: 'usage.recorded', purpose: 'turn', model: 'm', usage: { inputTokens: 30, outputTokens: 4 } },
]
const completed: PendingEvent = {
  type: 'turn.completed',
  turnId: 't1',
  usage: { inputTokens: 30, outputTokens: 4 },
  reason: 'stop',
}

function summaryOf(events: readonly StoredEvent[]): SessionSummary {
  return events.reduce<SessionSummary | undefined>(foldSummary, undefined)!
}

/** What a parent records at its resume of a child that left this log. */
async function settledAs(child: readonly PendingEvent[] | undefined, two?: readonly PendingEvent[]) {
  const { store, id } = await storeWith(
    log('parent', [started('parent'), { type: 'subagent.spawned', childId: 'child', task: 'task' }]),
  )
  for (const [sessionId, rest] of Object.entries({ child, two })) {
    if (!rest) continue
    const events = log(sessionId, [started(sessionId), ...rest])
    await store.create({ sessionId, commitId: 'c', events, summary: summaryOf(events) })
  }
  const { runtime } = await startRuntime({ store })
  const session = (await runtime.resume(id))!
  const [settled] = (await logOf(runtime, id)).filter((event) => event.type === 'subagent.settled')
  const childLog = await logOf(runtime, 'child')
  return { settled, session, childLog }
}

describe('a child that ran when its parent’s process died', () => {
  test('and has ended is settled as its own log says', async () => {
    const { settled, session } = await settledAs([...turn, ...reply, completed])
    expect(settled).toMatchObject({
      childId: 'child',
      outcome: 'completed',
      text: 'found it',
      usage: { inputTokens: 30, outputTokens: 4 },
    })
    expect(session.state.children.get('child')).toMatchObject({ outcome: 'completed' })
    expect(session.usage.children).toMatchObject({ inputTokens: 30 })
  })

  test.each([
    ['is still open is lost, what it had cost is not, and its log is left alone', [...turn, ...reply]],
    ['never began is lost', []],
  ])('and %s', async (_what, child) => {
    const { settled, childLog } = await settledAs(child)
    expect(settled).toMatchObject({ outcome: 'lost' })
    expect(childLog).toHaveLength(1 + child.length)
  })

  test.each([
    ['interrupted', 'cancelled'],
    ['error', 'failed'],
    ['crashed', 'failed'],
  ] as const)('and whose turn had failed (%s) is settled as %s, with its error', async (reason, outcome) => {
    const error = { code: 'ERR_MODEL_FAILED', message: 'it did not work' }
    const usage = { inputTokens: 30, outputTokens: 4 }
    const failed = { type: 'turn.failed', turnId: 't1', reason, usage, error, retryable: false } as const
    const { settled } = await settledAs([...turn, ...reply, failed])
    expect(settled).toMatchObject({ outcome, error, usage })
  })

  test('and had children itself has cost what they had, whether they were settled or not', async () => {
    const spawned = (childId: string): PendingEvent => ({ type: 'subagent.spawned', childId, task: 'task' })
    const settledOne = {
      type: 'subagent.settled',
      childId: 'one',
      outcome: 'completed',
      usage: { inputTokens: 500, outputTokens: 50 },
    } as const
    const { settled } = await settledAs(
      [...turn, spawned('one'), settledOne, spawned('two'), ...reply],
      [...turn, ...reply],
    )
    expect(settled).toMatchObject({ outcome: 'lost', usage: { inputTokens: 560, outputTokens: 58 } })
  })

  test('and whose log cannot be read is lost; its parent is not', async () => {
    class Damaged extends TestStore {
      override replay(...[id, range]: Parameters<TestStore['replay']>): ReturnType<TestStore['replay']> {
        if (id !== 'child') return super.replay(id, range)
        throw new HalterError('ERR_SESSION_DAMAGED', 'row 2 is damaged', { data: { seq: 2 } })
      }
    }
    const store = new Damaged()
    const parent = log('parent', [
      started('parent'),
      { type: 'subagent.spawned', childId: 'child', task: 't' },
    ])
    for (const [sessionId, events] of [
      ['parent', parent],
      ['child', log('child', [started('child')])],
    ] as const)
      await store.create({ sessionId, commitId: 'c', events, summary: summaryOf(events) })
    const { runtime } = await openRuntime({ store })
    const session = (await runtime.resume('parent'))!
    expect(session.state.children.get('child')).toMatchObject({ outcome: 'lost' })
    const [settled] = (await logOf(runtime, 'parent')).filter(({ type }) => type === 'subagent.settled')
    expect(settled).toMatchObject({ error: { code: 'ERR_SESSION_DAMAGED', message: 'row 2 is damaged' } })
    await runtime.shutdown()
  })

  test('and whose log says that it is its own ancestor is lost, and asked no further', async () => {
    const { settled } = await settledAs([{ type: 'subagent.spawned', childId: 'parent', task: 'task' }])
    expect(settled).toMatchObject({ childId: 'child', outcome: 'lost' })
  })

  test('and was never stored is lost', async () => {
    const { settled } = await settledAs(undefined)
    expect(settled).toMatchObject({ childId: 'child', outcome: 'lost' })
  })

  test('is settled once: the next resume has nothing left to settle', async () => {
    const { store, id } = await storeWith(
      log('parent', [started('parent'), { type: 'subagent.spawned', childId: 'child', task: 'task' }]),
    )
    for (let resumes = 0; resumes < 2; resumes++) {
      const { runtime } = await startRuntime({ store })
      await runtime.resume(id)
      await runtime.shutdown()
    }
    const { runtime } = await startRuntime({ store })
    const settled = (await logOf(runtime, id)).filter(({ type }) => type === 'subagent.settled')
    expect(settled).toHaveLength(1)
  })
})
