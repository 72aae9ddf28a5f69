import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { SqliteSessionStore } from '@halter/plugin-sqlite-store'
import { scratchFolder } from './open-store.ts'
import { hasSmallDisks, onSmallDisk } from './small-disk.ts'

test('a path that leads through a file is refused by name', async () => {
  const file = join(scratchFolder(), 'notes')
  writeFileSync(file, 'no folder')
  const path = join(file, 'sessions.db')
  await expect(SqliteSessionStore.open({ path })).rejects.toMatchObject({
    code: 'ERR_STORE_OPEN',
    message: expect.stringContaining(`The session store ${path} could not be opened`) as string,
  })
})

describe.skipIf(!hasSmallDisks())('where nothing can be written', () => {
  let outcome: Record<string, unknown>
  beforeAll(() => {
    outcome = JSON.parse(onSmallDisk('open-unwritable.ts')) as typeof outcome
  })

  test('sessions are read on a read-only disk, and written once it is no longer that', () => {
    expect(outcome['readOnly']).toEqual({
      events: 3,
      listed: 1,
      warned: true,
      written: 'ERR_STORE_FAILED',
      later: 4,
    })
  })

  test('what a kill left in the log beside the file is read, too', () => {
    expect(outcome['killed']).toEqual({ events: 3, listed: 1, warned: true, written: 'ERR_STORE_FAILED' })
  })

  test('a file whose log cannot be read without writing is refused, not read without it', () => {
    expect(outcome['withoutIndex']).toBe('ERR_STORE_OPEN')
  })

  test('a file that is not there is refused by name', () => {
    expect(outcome['missing']).toBe('ERR_STORE_OPEN')
    expect(outcome['onFullDisk']).toBe('ERR_STORE_FULL, retryable')
  })

  test('sessions are read on a full disk, and written once there is room', () => {
    expect(outcome['full']).toEqual({
      events: 4,
      listed: 1,
      warned: true,
      written: 'ERR_STORE_FULL, retryable',
      later: 5,
    })
  })
})
