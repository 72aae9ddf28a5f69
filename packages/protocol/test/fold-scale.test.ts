// The fold costs the same per event whatever came before: one that copied would be ten times slower at ten times the length.
import { expect, test } from 'vitest'
import {
  foldSummary,
  SessionFold,
  type PendingEvent,
  type SessionSummary,
  type StoredEvent,
} from '../src/index.ts'
import { blueprint } from './support/samples.ts'

const NOTHING = { inputTokens: 3, outputTokens: 2 }
const from = { provider: 'acme', model: 'large' }

/** What grows with a session: each makes the events of its `n`th round. */
const growing: Record<string, (n: number) => readonly PendingEvent[]> = {
  turns: (n) => turnOf(n),
  'text injected for the session': (n) => [
    { type: 'context.injected', id: `i${n}`, text: 'x', scope: 'session', plugin: 'p' },
    { type: 'turn.completed', turnId: 't', usage: NOTHING, reason: 'stop' },
  ],
  purposes: (n) => [{ type: 'usage.recorded', purpose: `p${n}`, model: 'm', usage: NOTHING }],
  children: (n) => [
    { type: 'subagent.spawned', childId: `c${n}`, task: '' },
    { type: 'subagent.settled', childId: `c${n}`, outcome: 'completed', usage: NOTHING },
  ],
  'grants and questions': (n) => [
    { type: 'approval.requested', turnId: 't', callId: `c${n}`, name: 'x', input: null, scope: `s${n}` },
    { type: 'approval.resolved', callId: `c${n}`, answer: 'session', scope: `s${n}`, by: 'user' },
  ],
  'calls in one reply, answered from the last to the first': (n) => replyOf(n),
}

test.each(Object.entries(growing))('%s: an event costs the same early and late', (_, round) => {
  const [early, late] = [1000, 10_000].map((length) =>
    Math.min(...[1, 2, 3, 4, 5].map(() => nanosecondsPerEvent(logOf(length, round)))),
  )
  // A copy of what is there would make it ten times as much; the rest is room for caches and a busy machine.
  expect(late!).toBeLessThan(early! * 5 + 500)
})

test('taking the transcript costs the same early and late', () => {
  const [early, late] = [1000, 100_000].map((length) => {
    const state = new SessionFold()
    for (const event of logOf(length, turnOf)) state.apply(event)
    const start = process.hrtime.bigint()
    let messages = 0
    for (let index = 0; index < 10_000; index++) messages += state.transcript.length
    expect(messages).toBeGreaterThan(0)
    return Number(process.hrtime.bigint() - start) / 10_000
  })
  expect(late!).toBeLessThan(early! * 5 + 500)
})

function nanosecondsPerEvent(log: readonly StoredEvent[]): number {
  const state = new SessionFold()
  let summary: SessionSummary | undefined
  const start = process.hrtime.bigint()
  for (const event of log) {
    state.apply(event)
    summary = foldSummary(summary, event)
  }
  const elapsed = Number(process.hrtime.bigint() - start)
  expect(summary?.sessionId).toBe(state.sessionId)
  return elapsed / log.length
}

function logOf(length: number, round: (n: number) => readonly PendingEvent[]): readonly StoredEvent[] {
  const events: PendingEvent[] = [{ type: 'session.started', blueprint }]
  for (let n = 0; events.length < length; n++) for (const event of round(n)) events.push(event)
  return events.map((event, index) => ({ sessionId: 's1', seq: index + 1, at: index + 1, v: 1, ...event }))
}

function turnOf(n: number): readonly PendingEvent[] {
  const turnId = `t${n}`
  const input = [{ kind: 'text', text: 'hello' }] as const
  const callId = `c${n}`
  return [
    { type: 'turn.started', turnId, generation: 1, revision: 'r', input },
    { type: 'message.appended', turnId, message: { role: 'user', id: `u${n}`, at: 0, parts: input } },
    {
      type: 'message.appended',
      turnId,
      message: {
        role: 'assistant',
        id: `a${n}`,
        at: 0,
        parts: [{ kind: 'toolCall', callId, name: 'read', input: {} }],
        stopReason: 'tool-calls',
        from,
      },
    },
    { type: 'usage.recorded', turnId, purpose: 'turn', model: 'large', usage: NOTHING },
    { type: 'toolCall.started', turnId, callId, name: 'read', input: {} },
    { type: 'toolCall.finished', turnId, callId, outcome: 'ok', messageId: `r${n}`, parts: [] },
    { type: 'context.injected', id: `i${n}`, text: 'x', scope: 'turn', plugin: 'p' },
    { type: 'turn.completed', turnId, usage: NOTHING, reason: 'stop' },
  ]
}

function replyOf(n: number): readonly PendingEvent[] {
  const callIds = Array.from({ length: 500 }, (_, index) => `c${n}-${index}`)
  const parts = callIds.map((callId) => ({ kind: 'toolCall', callId, name: 'read', input: {} }) as const)
  return [
    {
      type: 'message.appended',
      message: { role: 'assistant', id: `a${n}`, at: 0, parts, stopReason: 'tool-calls', from },
    },
    ...callIds.toReversed().map((callId): PendingEvent => ({
      type: 'toolCall.finished',
      turnId: 't',
      callId,
      outcome: 'ok',
      messageId: `r-${callId}`,
      parts: [],
    })),
  ]
}
