// A tenth of `npm run test:crash`, whose figures are in docs/reliability.md.
import { describe, expect, test } from 'vitest'
import { contention } from '../src/sections/contention.ts'
import { fullDisk } from '../src/sections/full-disk.ts'
import { failures, kills } from '../src/sections/kills.ts'
import { migrations } from '../src/sections/migrations.ts'
import { pausedHolder } from '../src/sections/paused-holder.ts'
import { brokenBy, circumstances } from './broken-by.ts'

describe(circumstances, { timeout: 180_000 }, () => {
  test('kills, torn writes and lost power lose no acknowledged event, leave no half batch, and neither hide nor double an effect', async () => {
    expect(await brokenBy(kills)).toEqual([])
  })

  test('a write or sync that fails is never acknowledged, and its connection never written to again', async () => {
    expect(await brokenBy(failures)).toEqual([])
  })

  test('a file that is being made or migrated is whole afterwards, wherever that broke off', async () => {
    expect(await brokenBy(migrations)).toEqual([])
  })

  test('a full disk is named, leaves sessions readable, and is forgotten when there is room', async () => {
    expect(await brokenBy(fullDisk)).toEqual([])
  })

  test.skipIf(process.platform !== 'linux')(
    'what a stopped holder commits after a take-over is refused',
    async () => {
      expect(await brokenBy(pausedHolder)).toEqual([])
    },
  )

  // Tried again, because a disk that others keep busy can hold up anybody.
  test('eight writers have one winner per head, and block no event loop for long', { retry: 2 }, async () => {
    expect(await brokenBy(contention)).toEqual([])
  })
})
