import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { isHalterError } from '@halter/core'
import { sampleBatch, sampleEvents, sampleFork, sampleId, sampleSession } from '@halter/testkit'
import { MemorySessionStore } from '@halter/plugin-memory-store'

test('a fork of a session of 10,000 events takes less than 10 KB', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const store = new MemorySessionStore()
  const origin = sampleSession({ texts: Array.from({ length: 9_999 }, (_, n) => `text ${n}`) })
  await store.create(origin)
  const forks = Array.from({ length: 200 }, () => sampleFork(origin.sessionId, 10_000))
  collect()
  const before = process.memoryUsage().heapUsed
  for (const fork of forks) await store.fork(fork)
  collect()
  // A copy of 10,000 references would be 80 KB.
  expect((process.memoryUsage().heapUsed - before) / 200).toBeLessThan(10_000)
  const last = await Array.fromAsync(store.replay(forks[0]?.sessionId ?? '', { after: 9_998 }))
  expect(last.map(({ seq, type }) => [seq, type])).toEqual([
    [9_999, 'message.appended'],
    [10_000, 'message.appended'],
    [10_001, 'session.forked'],
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
