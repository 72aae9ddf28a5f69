import { mkdirSync, readdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { storeError } from '../src/errors.ts'
import { hasSmallDisks, onSmallDisk } from './small-disk.ts'
import { scratchPath } from './open-store.ts'

/** As SQLite reports that a sync failed (SQLITE_IOERR_FSYNC): it does not say why. */
const failedSync = Object.assign(new Error('disk I/O error'), { errcode: 1034 })

test('a failed sync on a disk with room is a failed store, and the look at the disk leaves nothing behind', () => {
  const path = scratchPath()
  mkdirSync(dirname(path), { recursive: true })
  const before = readdirSync(dirname(path))
  expect(storeError(failedSync, path)).toMatchObject({ code: 'ERR_STORE_FAILED' })
  expect(readdirSync(dirname(path))).toEqual(before)
})

test.skipIf(!hasSmallDisks())('a failed sync on a disk without room is a full disk', () => {
  expect(JSON.parse(onSmallDisk('full-sync.ts'))).toEqual({ code: 'ERR_STORE_FULL' })
})
