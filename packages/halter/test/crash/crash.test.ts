// A small share of `npm run test:crash`, which has its own numbers: docs/reliability.md.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, describe, expect, test } from 'vitest'
import { findInjection } from '../../../../reliability/src/faults/find-injection.ts'
import type { Section } from '../../../../reliability/src/report.ts'
import { contention } from '../../../../reliability/src/sections/contention.ts'
import { fullDisk } from '../../../../reliability/src/sections/full-disk.ts'
import { failures, kills } from '../../../../reliability/src/sections/kills.ts'
import { migrations } from '../../../../reliability/src/sections/migrations.ts'
import { pausedHolder } from '../../../../reliability/src/sections/paused-holder.ts'

const SEED = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000)
const scratch = mkdtempSync(join(tmpdir(), 'halter-crash-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const injection = findInjection(scratch)

/** Everything that a share of a section's runs broke. */
async function brokenBy(section: Section, scale: number): Promise<readonly string[]> {
  const rows = await section({ scratch, injection, seed: SEED, scale })
  return rows.flatMap(({ problems }) => problems)
}

describe(`faults by ${injection.how}, seed ${SEED}`, { timeout: 120_000 }, () => {
  test('kills, torn writes and lost power lose no acknowledged event, leave no half batch, and neither hide nor double an effect', async () => {
    expect(await brokenBy(kills, 0.03)).toEqual([])
  })

  test('a write or sync that fails is never acknowledged, and its connection never written to again', async () => {
    expect(await brokenBy(failures, 0.04)).toEqual([])
  })

  test('a file that is being made or migrated is whole afterwards, wherever that broke off', async () => {
    expect(await brokenBy(migrations, 0.06)).toEqual([])
  })

  test('a full disk is named, leaves sessions readable, and is forgotten when there is room', async () => {
    expect(await brokenBy(fullDisk, 0.04)).toEqual([])
  })

  test.skipIf(process.platform !== 'linux')(
    'what a stopped holder commits after a take-over is refused',
    async () => {
      expect(await brokenBy(pausedHolder, 0.05)).toEqual([])
    },
  )

  // Tried again, because a disk that others keep busy can hold up anybody.
  test('eight writers have one winner per head, and block no event loop for long', { retry: 2 }, async () => {
    expect(await brokenBy(contention, 0.02)).toEqual([])
  })
})
