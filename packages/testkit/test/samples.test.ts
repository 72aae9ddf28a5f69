import { expect, test } from 'vitest'
import { fold } from '@halter/protocol'
import { storedEventSchema, summarySchema } from '@halter/protocol/schema'
import { sampleBatch, sampleFork, sampleSession } from '@halter/testkit'

const session = sampleSession({
  parentId: 'parent',
  title: 'mine',
  metadata: { a: 'b' },
  texts: ['one', 'two'],
})
const fork = sampleFork(session.sessionId, 2, { texts: ['own'] })

test('samples are what the protocol says events and summaries are', () => {
  const batch = sampleBatch(session.sessionId, 3, ['three'])
  for (const event of [...session.events, ...batch.events, ...fork.events])
    expect(storedEventSchema.parse(event)).toEqual(event)
  for (const summary of [session.summary, fork.summary]) expect(summarySchema.parse(summary)).toEqual(summary)
})

test('a sample session folds to a state', () => {
  const state = fold(session.events)
  expect(state.head).toBe(3)
  expect(state.transcript.length).toBe(2)
})
