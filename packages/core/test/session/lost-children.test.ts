import {
  EVENT_VERSIONS,
  foldSummary,
  type PendingEvent,
  type SessionSummary,
  type StoredEvent,
} from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { startRuntime } from './support/runtime.ts'
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

/** What a parent records at its resume of a child that left this log. */
async function settledAs(child: readonly PendingEvent[] | undefined) {
  const { store, id } = await storeWith(
    log('parent', [started('parent'), { type: 'subagent.spawned', childId: 'child', task: 'task' }]),
  )
  if (child) {
    const events = log('child', [started('child'), ...child])
    const summary = events.reduce<SessionSummary | undefined>(foldSummary, undefined)!
    await store.create({ sessionId: 'child', commitId: 'c', events, summary })
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
