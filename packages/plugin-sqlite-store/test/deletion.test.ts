import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { sampleBatch, sampleEvents, sampleFork, sampleId, sampleSession } from '@halter/testkit'
import { openStore, replayAll, scratchPath } from './open-store.ts'

test('a deleted session leaves no row behind', async () => {
  const path = scratchPath()
  const store = await openStore(path)
  const session = sampleSession({ texts: Array.from({ length: 5000 }, () => 'gone'), metadata: { a: 'b' } })
  await store.create(session)
  const checkpoint = { seq: 1, v: 1, state: null, messages: [], messageCount: 0 }
  await store.commit(session.sessionId, { ...sampleBatch(session.sessionId, 5001), checkpoint })
  await store.delete(session.sessionId)
  expect(rows(path)).toEqual({ sessions: 0, events: 0, metadata: 0, checkpoints: 0, leases: 0 })
})

test('a deleted origin keeps what its forks replay, until the last of them goes', async () => {
  const path = scratchPath()
  const store = await openStore(path)
  const origin = sampleSession({ texts: Array.from({ length: 9 }, (_, n) => `text ${n}`) })
  await store.create(origin)
  const [early, late] = [sampleFork(origin.sessionId, 3), sampleFork(origin.sessionId, 6)]
  await store.fork(early)
  await store.fork(late)
  await store.delete(origin.sessionId)
  expect(rows(path)).toMatchObject({ sessions: 3, events: 6 + 2 })
  await store.delete(late.sessionId)
  expect(rows(path)).toMatchObject({ sessions: 2, events: 3 + 1 })
  expect(await replayAll(store, early.sessionId)).toHaveLength(4)
  await store.delete(early.sessionId)
  expect(rows(path)).toMatchObject({ sessions: 0, events: 0 })
})

test('what an interrupted delete left is removed by the next one', async () => {
  const path = scratchPath()
  const store = await openStore(path)
  const [left, next] = [sampleSession({ texts: ['left'] }), sampleSession()]
  await store.create(left)
  await store.create(next)
  const db = new DatabaseSync(path)
  db.prepare('UPDATE sessions SET id = NULL WHERE id = ?').run(left.sessionId)
  db.close()
  await store.delete(next.sessionId)
  expect(rows(path)).toMatchObject({ sessions: 0, events: 0 })
})

test('a fork of a long session writes as little as one of a short one', async () => {
  const path = scratchPath()
  const store = await openStore(path)
  const origin = sampleSession({ texts: Array.from({ length: 3000 }, () => 'x'.repeat(200)) })
  await store.create(origin)
  const before = rows(path).events ?? 0
  await store.fork(sampleFork(origin.sessionId, 3000))
  expect(rows(path).events).toBe(before + 1)
})

test('a blob goes an hour after the last session that names it', async () => {
  const path = scratchPath()
  const store = await openStore(path)
  const [one, two] = [sampleSession(), sampleSession()]
  const hash = await store.blobs.put('large')
  for (const session of [one, two]) {
    await store.create(session)
    const [event] = sampleEvents(session.sessionId, 1, ['small'])
    const parts = [{ kind: 'blob', sha256: hash, bytes: 5, of: { kind: 'text' } }]
    const named = { ...event, message: { role: 'user', id: 'm', at: 1, parts } } as unknown as NonNullable<
      typeof event
    >
    await store.commit(session.sessionId, { expectedHead: 1, commitId: sampleId(), events: [named] })
  }
  age(path)
  await store.delete(one.sessionId)
  expect(await store.blobs.get(hash)).toBe('large')
  await store.delete(two.sessionId)
  expect(await store.blobs.get(hash)).toBeUndefined()

  const fresh = await store.blobs.put('on its way to a commit')
  await store.delete(sampleId())
  expect(await store.blobs.get(fresh)).toBe('on its way to a commit')
})

/** As if every blob had been added long ago. */
function age(path: string): void {
  const db = new DatabaseSync(path)
  db.exec('UPDATE blobs SET added = 0')
  db.close()
}

/** Rows per table; one that only keeps a position counts as none. */
function rows(path: string): Record<string, number> {
  const db = new DatabaseSync(path, { readOnly: true })
  const count = (sql: string) => Number(db.prepare(`SELECT count(*) AS n FROM ${sql}`).get()?.['n'])
  const counts = {
    sessions: count('sessions'),
    events: count('events WHERE session_no <> 0'),
    metadata: count('metadata'),
    checkpoints: count('checkpoints'),
    leases: count('leases'),
  }
  db.close()
  return counts
}
