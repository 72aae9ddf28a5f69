import { expect, test } from 'vitest'
import { isHalterError } from '@halter/core'
import { sampleBatch, sampleEvents, sampleFork, sampleId, sampleSession } from '@halter/testkit'
import { MemorySessionStore } from '@halter/plugin-memory-store'

test('a fork of a long session copies none of it', async () => {
  const store = new MemorySessionStore()
  const origin = sampleSession({ texts: Array.from({ length: 50_000 }, (_, n) => `text ${n}`) })
  await store.create(origin)
  const before = process.memoryUsage().heapUsed
  const forks = Array.from({ length: 200 }, () => sampleFork(origin.sessionId, 50_000))
  for (const fork of forks) await store.fork(fork)
  // 200 copies of 50,000 references would be 80 MB.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000)
  const last = await Array.fromAsync(store.replay(forks[0]?.sessionId ?? '', { after: 49_998 }))
  expect(last.map(({ seq, type }) => [seq, type])).toEqual([
    [49_999, 'message.appended'],
    [50_000, 'message.appended'],
    [50_001, 'session.forked'],
  ])
})

test('events are shared with their writer, not cloned', async () => {
  const store = new MemorySessionStore()
  const { sessionId, ...session } = sampleSession()
  await store.create({ sessionId, ...session })
  const [event] = sampleEvents(sessionId, 1, ['mine'])
  await store.commit(sessionId, { ...sampleBatch(sessionId, 1), events: [event!] })
  const [read] = await Array.fromAsync(store.replay(sessionId, { after: 1 }))
  expect(read).toBe(event)
})

test('an event of another session is refused', async () => {
  const store = new MemorySessionStore()
  const session = sampleSession()
  await store.create(session)
  const foreign = sampleBatch(sampleId(), 1)
  await expect(store.commit(session.sessionId, foreign)).rejects.toThrow('is not number 2 of that session')
})

test('text that is no cursor is refused', async () => {
  const refusal = await new MemorySessionStore().list({ cursor: 'x' }).catch((error: unknown) => error)
  expect(isHalterError(refusal, 'ERR_SESSION_INPUT')).toBe(true)
})
