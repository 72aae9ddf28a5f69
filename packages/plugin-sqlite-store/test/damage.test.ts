import { readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import * as fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { isHalterError } from '@halter/core'
import type { StoredEvent } from '@halter/protocol'
import { SqliteSessionStore } from '@halter/plugin-sqlite-store'
import { sampleBatch, sampleSession } from '@halter/testkit'
import { openStore, replayAll, scratchPath } from './open-store.ts'

const texts = ['one', 'two', 'three', 'four']

describe('a damaged row', () => {
  test('ends the replay of its session there, and no other', async () => {
    const { store, damaged, whole } = await damage(
      `UPDATE events SET payload = replace(payload, 'two', 'owt')`,
    )
    const read: StoredEvent[] = []
    const replay = async () => {
      for await (const event of store.replay(damaged.sessionId)) read.push(event)
    }
    await expect(replay()).rejects.toMatchObject({
      code: 'ERR_SESSION_DAMAGED',
      data: { sessionId: damaged.sessionId, seq: 3 },
      message: expect.stringContaining('damaged at event 3: its checksum is wrong') as string,
    })
    expect(read).toEqual(damaged.events.slice(0, 2))
    expect(await replayAll(store, damaged.sessionId, 3)).toEqual(damaged.events.slice(3))
    expect(await replayAll(store, whole.sessionId)).toEqual(whole.events)
  })

  test.each([
    ['that is gone', `DELETE FROM events WHERE seq = 3`],
    [
      'that is another event of the same session',
      `UPDATE events SET (payload, crc) = (SELECT payload, crc FROM events e WHERE e.session_no = events.session_no AND e.seq = 4) WHERE seq = 3`,
    ],
    [
      'that is the same event of another session',
      `UPDATE events SET (payload, crc) = (SELECT payload, crc FROM kept WHERE seq = 3) WHERE seq = 3`,
    ],
    ['that is no JSON', `UPDATE events SET payload = '{' WHERE seq = 3`],
  ])('%s is noticed', async (_what, sql) => {
    const { store, damaged, whole } = await damage(sql)
    const refusal = await replayAll(store, damaged.sessionId).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'ERR_SESSION_DAMAGED', data: { seq: 3 } })
    expect(await replayAll(store, whole.sessionId)).toEqual(whole.events)
  })

  test('holds changes up once, with the position to go on from', async () => {
    const { store, damaged, whole } = await damage(
      `UPDATE events SET payload = replace(payload, 'two', 'owt')`,
    )
    const first = await store.changes()
    expect(first.events).toEqual([...whole.events, ...damaged.events.slice(0, 2)])
    const refusal = await store.changes({ after: first.position }).catch((error: unknown) => error)
    if (!isHalterError(refusal, 'ERR_SESSION_DAMAGED')) throw refusal
    const after = String(refusal.data?.['position'])
    expect((await store.changes({ after })).events).toEqual(damaged.events.slice(3))
  })

  test('is left behind by a fork before it', async () => {
    const { store, damaged } = await damage(`UPDATE events SET payload = replace(payload, 'three', 'e')`)
    const fork = { ...sampleSession(), from: damaged.sessionId, at: 3, events: [] }
    await store.fork(fork)
    expect((await replayAll(store, fork.sessionId)).map(({ seq }) => seq)).toEqual([1, 2, 3])
    await store.commit(fork.sessionId, sampleBatch(fork.sessionId, 3))
  })
})

test('a damaged summary is refused by load, and left out of lists with a warning', async () => {
  const { store, damaged, whole, warnings } = await damage(`UPDATE sessions SET summary = 'x' || summary`)
  await expect(store.load(damaged.sessionId)).rejects.toMatchObject({ code: 'ERR_SESSION_DAMAGED' })
  expect((await store.list()).sessions).toEqual([whole.summary])
  expect(warnings).toHaveBeenCalledWith(expect.stringContaining(damaged.sessionId))
  expect(await replayAll(store, damaged.sessionId)).toEqual(damaged.events)
})

test('the end of a log that is gone is noticed when its session is loaded', async () => {
  const { store, damaged, whole } = await damage('DELETE FROM events WHERE seq > 3')
  await expect(store.load(damaged.sessionId)).rejects.toMatchObject({
    code: 'ERR_SESSION_DAMAGED',
    data: { seq: 4 },
  })
  expect((await store.load(whole.sessionId))?.head).toBe(5)
})

test('a damaged checkpoint is as good as none', async () => {
  const { store, damaged, warnings } = await damage(
    `UPDATE checkpoints SET checkpoint = replace(checkpoint, '2', '3')`,
  )
  const loaded = await store.load(damaged.sessionId)
  expect(loaded).toEqual({ summary: damaged.summary, head: 5 })
  expect(warnings).toHaveBeenCalledWith(expect.stringContaining('checkpoint'))
})

test('bit flips anywhere in the file never show an event that was not written', async () => {
  const path = scratchPath()
  const sessions = Array.from({ length: 4 }, (_, number) =>
    sampleSession({ texts: Array.from({ length: 30 }, (_, n) => `${number}.${n} ${'.'.repeat(n * 10)}`) }),
  )
  const store = await SqliteSessionStore.open({ path })
  for (const session of sessions) await store.create(session)
  await store.close()
  const image = readFileSync(path)
  const flips = fc.array(fc.tuple(fc.nat(image.length - 1), fc.nat(7)), { minLength: 1, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(flips, async (bits) => {
      const copy = Buffer.from(image)
      for (const [byte, bit] of bits) copy[byte] = (copy[byte] as number) ^ (1 << bit)
      writeFileSync(path, copy)
      await readEverything(path, sessions)
    }),
    { numRuns: 60 },
  )
})

/** Reads what can be read. Everything else must be refused as halter's error: damaged, not there, or not to be opened. */
async function readEverything(
  path: string,
  sessions: readonly ReturnType<typeof sampleSession>[],
): Promise<void> {
  let store: SqliteSessionStore
  try {
    store = await SqliteSessionStore.open({ path })
  } catch (error) {
    expect(isHalterError(error), String(error)).toBe(true)
    return
  }
  try {
    for (const { sessionId, events } of sessions) {
      let seen = 0
      try {
        for await (const event of store.replay(sessionId)) expect(event).toEqual(events[seen++])
      } catch (error) {
        if (!isHalterError(error)) throw error
      }
      await refusedOrDone(store.load(sessionId))
    }
    await refusedOrDone(store.list())
    await refusedOrDone(store.changes())
    await refusedOrDone(store.storageAdapter.get('key'))
    await refusedOrDone(
      store.commit(sessions[0]?.sessionId ?? '', sampleBatch(sessions[0]?.sessionId ?? '', 31)),
    )
  } finally {
    await store.close()
  }
}

async function refusedOrDone(attempt: Promise<unknown>): Promise<void> {
  await attempt.catch((error: unknown) => {
    if (!isHalterError(error)) throw error
  })
}

/** Two sessions in a file, of which `sql` damages the second; rows of the first are saved from it. */
async function damage(sql: string) {
  const path = scratchPath()
  const whole = sampleSession({ texts })
  const damaged = sampleSession({ texts })
  const first = await SqliteSessionStore.open({ path })
  await first.create(whole)
  await first.create(damaged)
  const checkpoint = { seq: 2, v: 1, state: 'two', messages: [{ from: 2, to: 2 }], messageCount: 1 }
  await first.commit(damaged.sessionId, { ...sampleBatch(damaged.sessionId, 5, []), checkpoint })
  await first.close()
  const db = new DatabaseSync(path)
  db.exec('CREATE TEMP TABLE kept AS SELECT * FROM events WHERE session_no = 1')
  db.exec('CREATE TEMP TABLE kept_sessions AS SELECT * FROM sessions WHERE no = 1')
  db.exec(sql)
  db.exec('DELETE FROM events WHERE session_no = 1; INSERT INTO events SELECT * FROM kept')
  db.exec('DELETE FROM sessions WHERE no = 1; INSERT INTO sessions SELECT * FROM kept_sessions')
  db.close()
  const warnings = vi.fn<(message: string) => void>()
  return { store: await openStore(path, { onWarning: warnings }), whole, damaged, warnings }
}
