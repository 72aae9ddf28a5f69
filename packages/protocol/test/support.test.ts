// The log generator is worth what it reaches.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { EVENT_VERSIONS, fold, SessionFold, type StoredEvent } from '../src/index.ts'
import { arbitraryLog } from './support/arbitrary-log.ts'
import { blocksOf, openCallsOf } from './support/naive-window.ts'
import { extendLog, repairOf } from './support/play-log.ts'

const logs = fc.sample(arbitraryLog(), { numRuns: 300, seed: 1 })

test('generated logs hold every type of event', () => {
  const types = new Set(logs.flat().map(({ type }) => type))
  expect(Object.keys(EVENT_VERSIONS).filter((type) => !types.has(type as never))).toEqual([])
})

test.each<[string, (log: readonly StoredEvent[]) => boolean]>([
  ['results out of call order', hasResultsOutOfOrder],
  ['a fork in the middle of a batch', (log) => afterCut(log, 'session.forked')],
  ['a crash in the middle of a batch', (log) => afterCut(log, 'turn.failed')],
  ['two compactions', (log) => fold(log).compactions >= 2],
  ['a summary that was compacted away', (log) => hasDroppedSummary(log)],
  ['a malformed call', (log) => JSON.stringify(log).includes('"malformed"')],
  ['a call whose outcome is unknown', (log) => JSON.stringify(log).includes('"outcome-unknown"')],
  ['saturated usage', (log) => fold(log).usage.total.inputTokens === Number.MAX_SAFE_INTEGER],
  ['a steered turn', (log) => JSON.stringify(log).includes('"origin":"steer"')],
  ['text injected for the session', (log) => fold(log).injected.length > 0],
])('generated logs hold %s', (_, holds) => {
  expect(logs.filter(holds).length).toBeGreaterThan(1)
})

test('generated logs run from seq 1 without a gap, under one session id', () => {
  for (const log of logs) {
    expect(log.map(({ seq }) => seq)).toStrictEqual(log.map((_, index) => index + 1))
    expect(new Set(log.map(({ sessionId }) => sessionId)).size).toBe(1)
  }
})

test('generated logs end every turn exactly once', () => {
  for (const log of logs) {
    const ends = log.filter(({ type }) => type === 'turn.completed' || type === 'turn.failed')
    const starts = log.filter(({ type }) => type === 'turn.started')
    expect(ends.map((end) => (end as StoredEvent<'turn.failed'>).turnId)).toStrictEqual(
      starts.map((start) => (start as StoredEvent<'turn.started'>).turnId),
    )
  }
})

test('a repair leaves nothing open, at any prefix', () => {
  for (const log of logs.slice(0, 60))
    for (let length = 1; length <= log.length; length++) {
      const prefix = log.slice(0, length)
      const state = fold(extendLog(prefix, repairOf(prefix)))
      expect([state.turn, state.openCalls.size]).toEqual([undefined, 0])
    }
})

function hasResultsOutOfOrder(log: readonly StoredEvent[]): boolean {
  return blocksOf(log).some(({ calls, answers }) => {
    const seqs = calls.map(({ callId }) => answers.get(callId)?.seq ?? 0)
    return seqs.some((seq, index) => index > 0 && seq < seqs[index - 1]!)
  })
}

/** Whether calls were open when an event of `type` ended what ran. */
function afterCut(log: readonly StoredEvent[], type: string): boolean {
  if (type === 'session.forked')
    return log.some((event, index) => event.type === type && openCallsOf(log.slice(0, index)).length > 0)
  return log.some((event) => event.type === 'turn.failed' && event.reason === 'crashed')
}

function hasDroppedSummary(log: readonly StoredEvent[]): boolean {
  const state = new SessionFold()
  return log.some((event) => {
    const before = state.transcript.slice().filter(isSummary).length
    state.apply(event)
    const after = state.transcript.slice().filter(isSummary).length
    return event.type === 'compaction.applied' && before > 0 && after <= before && event.summary !== ''
  })
}

function isSummary(message: { readonly origin?: string } | object): boolean {
  return 'origin' in message && message.origin === 'compaction'
}
