import { mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { SqliteSessionStore } from '@halter/plugin-sqlite-store'
import { sampleSession } from '@halter/testkit'
import { openStore, scratchFolder, scratchPath } from './open-store.ts'

describe('a new file', () => {
  test.skipIf(process.platform === 'win32')(
    'is for its owner only, with all that lies beside it',
    async () => {
      const path = join(scratchFolder(), 'deep', 'er', 'sessions.db')
      const store = await openStore(path)
      await store.create(sampleSession())
      for (const each of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(each).mode & 0o777).toBe(0o600)
      expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700)
    },
  )

  test('is opened by many at once', async () => {
    const path = scratchPath()
    const stores = await Promise.all(Array.from({ length: 8 }, () => openStore(path)))
    const sessions = stores.map(() => sampleSession())
    await Promise.all(stores.map((store, index) => store.create(sessions[index]!)))
    for (const { sessionId } of sessions) expect((await stores[0]?.load(sessionId))?.head).toBe(1)
  })

  test('is the only one left after a close', async () => {
    const path = scratchPath()
    const store = await openStore(path)
    await store.create(sampleSession())
    await store.close()
    expect(statSync(path).size).toBeGreaterThan(0)
    for (const each of [`${path}-wal`, `${path}-shm`]) expect(() => statSync(each)).toThrow('ENOENT')
  })
})

describe('a file that cannot be ours is refused by name and left as it was', () => {
  test('text', async () => {
    const path = scratchPath()
    writeFileSync(path, 'notes of mine, which are no database at all\n'.repeat(100))
    const before = readFileSync(path)
    await expect(SqliteSessionStore.open({ path })).rejects.toMatchObject({
      code: 'ERR_STORE_OPEN',
      message: `The session store ${path} could not be opened: it is not a database. Name another path, or move the file away.`,
    })
    expect(readFileSync(path)).toEqual(before)
  })

  test.each([1, 2, 99, 100, 511])('what is left of a file that was cut to %i bytes', async (size) => {
    const path = scratchPath()
    const store = await openStore(path)
    await store.create(sampleSession())
    await store.close()
    truncateSync(path, size)
    const before = readFileSync(path)
    await expect(SqliteSessionStore.open({ path })).rejects.toMatchObject({
      code: 'ERR_STORE_OPEN',
      message: expect.stringContaining(`The session store ${path} could not be opened: `),
    })
    expect(readFileSync(path)).toEqual(before)
  })

  test('the database of another program', async () => {
    const path = scratchPath()
    raw(path, 'CREATE TABLE recipes (name TEXT)')
    const before = readFileSync(path)
    await expect(SqliteSessionStore.open({ path })).rejects.toMatchObject({
      code: 'ERR_STORE_OPEN',
      message: `${path} is a database of another program. Name another path for the sessions.`,
    })
    expect(readFileSync(path)).toEqual(before)
  })

  test('one that a newer halter wrote', async () => {
    const path = scratchPath()
    await (await SqliteSessionStore.open({ path })).close()
    raw(path, 'PRAGMA user_version = 99')
    await expect(SqliteSessionStore.open({ path })).rejects.toMatchObject({
      code: 'ERR_STORE_OPEN',
      message: expect.stringMatching(
        /newer halter \(schema 99; this one knows \d+\)\. Update halter/,
      ) as string,
    })
  })

  test('a folder', async () => {
    const path = scratchPath()
    mkdirSync(path)
    await expect(SqliteSessionStore.open({ path })).rejects.toMatchObject({
      code: 'ERR_STORE_OPEN',
      message: expect.stringContaining(path) as string,
    })
  })
})

test('a closed store says so, and closes twice', async () => {
  const store = await openStore()
  await store.close()
  await store.close()
  await expect(store.create(sampleSession())).rejects.toMatchObject({ code: 'ERR_STORE_FAILED' })
  await expect(store.list()).rejects.toThrow('is closed')
  await expect(Array.fromAsync(store.replay('any'))).rejects.toThrow('is closed')
})

test('a close finishes the commits that were asked for before it', async () => {
  const path = scratchPath()
  const store = await openStore(path)
  const sessions = Array.from({ length: 300 }, () => sampleSession())
  const creations = sessions.map((session) => store.create(session))
  await store.close()
  await Promise.all(creations)
  const again = await openStore(path)
  for (const { sessionId } of sessions) expect(await again.load(sessionId)).toBeDefined()
})

function raw(path: string, sql: string): void {
  const db = new DatabaseSync(path)
  db.exec(sql)
  db.close()
}
