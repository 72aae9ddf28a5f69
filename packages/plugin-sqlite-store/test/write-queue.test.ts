import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { sampleBatch, sampleId, sampleSession, sampleSummary } from '@halter/testkit'
import { openStore, replayAll, scratchPath } from './open-store.ts'
import { transactionsIn } from './wal.ts'

describe('commits that are asked for at the same time', () => {
  test.each(['power', 'process'] as const)('share a transaction (%s)', async (durability) => {
    const path = scratchPath()
    const store = await openStore(path, { durability })
    const sessions = Array.from({ length: 30 }, () => sampleSession())
    await Promise.all(sessions.map((session) => store.create(session)))
    const before = transactionsIn(path).length
    await Promise.all(sessions.map(({ sessionId }) => store.commit(sessionId, sampleBatch(sessionId, 1))))
    expect(transactionsIn(path).length - before).toBe(1)
  })

  test('share it also when they are several of one session', async () => {
    const path = scratchPath()
    const store = await openStore(path)
    const { sessionId } = sampleSession()
    await store.create(sampleSession({ sessionId }))
    const before = transactionsIn(path).length
    const batches = [1, 2, 3, 4].map((head) => sampleBatch(sessionId, head))
    expect(await Promise.all(batches.map((batch) => store.commit(sessionId, batch)))).toEqual(
      batches.map(({ expectedHead }) => ({ head: expectedHead + 1 })),
    )
    expect(transactionsIn(path).length - before).toBe(1)
  })

  test('fail alone when one of them breaks the transaction', async () => {
    const store = await openStore()
    const sessions = Array.from({ length: 5 }, () => sampleSession())
    await Promise.all(sessions.map((session) => store.create(session)))
    const results = await Promise.allSettled(
      sessions.map(({ sessionId }, index) => {
        // SQLite has no NaN: it becomes NULL, which the column does not take.
        const summary = sampleSummary(sessionId, 2, { updatedAt: index === 2 ? Number.NaN : 1 })
        return store.commit(sessionId, { ...sampleBatch(sessionId, 1), summary })
      }),
    )
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ])
    expect(results[2]).toMatchObject({ reason: { code: 'ERR_STORE_FAILED' } })
    const heads = await Promise.all(
      sessions.map(async ({ sessionId }) => (await store.load(sessionId))?.head),
    )
    expect(heads).toEqual([2, 2, 1, 2, 2])
  })

  test('fail alone when one of them cannot be written as JSON', async () => {
    const store = await openStore()
    const { sessionId } = sampleSession()
    await store.create(sampleSession({ sessionId }))
    const [event] = sampleBatch(sessionId, 1).events
    const endless = { ...event!, self: {} }
    endless.self = endless
    const results = await Promise.allSettled([
      store.commit(sessionId, { expectedHead: 1, commitId: sampleId(), events: [endless] }),
      store.commit(sessionId, sampleBatch(sessionId, 1)),
    ])
    expect(results).toMatchObject([{ status: 'rejected' }, { status: 'fulfilled', value: { head: 2 } }])
  })
})

describe('while another connection holds the lock', () => {
  test('commits wait, the event loop and readers do not', async () => {
    const path = scratchPath()
    const store = await openStore(path)
    const { sessionId } = sampleSession()
    await store.create(sampleSession({ sessionId }))
    const release = lock(path)
    const pauses: number[] = []
    let last = performance.now()
    const ticking = setInterval(() => {
      pauses.push(performance.now() - last)
      last = performance.now()
    }, 2)
    let isCommitted = false
    const commit = store.commit(sessionId, sampleBatch(sessionId, 1)).then(() => (isCommitted = true))
    await sleep(400)
    expect(isCommitted).toBe(false)
    expect(await replayAll(store, sessionId)).toHaveLength(1)
    release()
    await commit
    clearInterval(ticking)
    expect(pauses.length).toBeGreaterThan(20)
    const blocked = pauses.filter((pause) => pause > 100)
    expect(blocked, `the longest of ${pauses.length} pauses took ${Math.max(...pauses)} ms`).toEqual([])
    expect(await replayAll(store, sessionId)).toHaveLength(2)
  })

  test('a commit gives up after five seconds and stores nothing', async () => {
    const path = scratchPath()
    const store = await openStore(path)
    const { sessionId } = sampleSession()
    await store.create(sampleSession({ sessionId }))
    const release = lock(path)
    const batch = sampleBatch(sessionId, 1)
    const start = performance.now()
    await expect(store.commit(sessionId, batch)).rejects.toMatchObject({
      code: 'ERR_STORE_BUSY',
      retryable: true,
      message: expect.stringContaining(path) as string,
    })
    expect(performance.now() - start).toBeGreaterThan(4900)
    release()
    expect(await replayAll(store, sessionId)).toHaveLength(1)
    expect(await store.commit(sessionId, batch)).toEqual({ head: 2 })
  })
})

test.each(['power', 'process'] as const)(
  'one who commits in a loop leaves the event loop its turns (%s)',
  async (durability) => {
    const store = await openStore(scratchPath(), { durability })
    const { sessionId } = sampleSession()
    await store.create(sampleSession({ sessionId }))
    let turns = 0
    const counting = setInterval(() => turns++, 1)
    const start = performance.now()
    for (let head = 1; performance.now() - start < 100; head++)
      await store.commit(sessionId, sampleBatch(sessionId, head))
    clearInterval(counting)
    expect(turns).toBeGreaterThan(5)
  },
)

test('what a commit writes does not grow with its session', async () => {
  const path = scratchPath()
  const store = await openStore(path, { durability: 'process' })
  const { sessionId } = sampleSession()
  await store.create(sampleSession({ sessionId }))
  const texts = ['x'.repeat(400), 'y'.repeat(400), 'z'.repeat(400)]
  const pagesPerCommit = async (from: number) => {
    const watcher = new DatabaseSync(path)
    watcher.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    watcher.close()
    for (let head = from; head < from + 300; head += 3)
      await store.commit(sessionId, sampleBatch(sessionId, head, texts))
    const pages = transactionsIn(path)
    expect(pages).toHaveLength(100)
    return pages.reduce((sum, each) => sum + each) / pages.length
  }
  const fill = async (from: number, to: number) => {
    const filler = Array.from({ length: 500 }, () => 'f'.repeat(400))
    for (let head = from; head < to; head += 500)
      await store.commit(sessionId, sampleBatch(sessionId, head, filler))
  }
  await fill(1, 1001)
  const early = await pagesPerCommit(1001)
  await fill(1301, 20_301)
  const late = await pagesPerCommit(20_301)
  expect(late).toBeLessThan(early * 1.1)
  // The three events, their index, the page above them and the file's first: 12 KB, where the events are 1.6.
  expect(late).toBeLessThan(6)
})

/** Takes the write lock, as another process would, until the result is called. */
function lock(path: string): () => void {
  const db = new DatabaseSync(path)
  db.exec('BEGIN IMMEDIATE')
  const release = () => {
    if (db.isOpen) db.close()
  }
  onTestFinished(release)
  return release
}
