import { DatabaseSync } from 'node:sqlite'
import { createTestRuntime } from '@halter/core/testing'
import { sampleFork, sampleSession } from '@halter/testkit'
import { expect, test } from 'vitest'
import { openStore, scratchPath } from './open-store.ts'

const EVENTS = 10_000
const FORKS = 5

function sizeOf(path: string): number {
  using file = new DatabaseSync(path, { readOnly: true })
  const { bytes } = file
    .prepare('SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size')
    .get()!
  return bytes as number
}

test('a fork of a session of 10,000 events adds less than 10 KB to the file, with the runtime and without', async () => {
  const path = scratchPath()
  const store = await openStore(path)
  const origin = sampleSession({
    texts: Array.from({ length: EVENTS - 1 }, (_, n) => `text ${n}, and so on`),
  })
  await store.create(origin)
  expect(sizeOf(path)).toBeGreaterThan(EVENTS * 50)

  const before = sizeOf(path)
  for (let fork = 0; fork < FORKS; fork++) await store.fork(sampleFork(origin.sessionId, EVENTS))
  expect((sizeOf(path) - before) / FORKS).toBeLessThan(10_000)

  const { runtime } = await createTestRuntime({ store })
  const then = sizeOf(path)
  for (let fork = 0; fork < FORKS; fork++) {
    const session = await runtime.forkSession(origin.sessionId, { at: EVENTS - fork })
    expect(session.state.transcript.length).toBe(EVENTS - 1 - fork)
    await session.detach()
  }
  expect((sizeOf(path) - then) / FORKS).toBeLessThan(10_000)
  await runtime.shutdown()
})
