import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { findInjection } from '../src/faults/find-injection.ts'
import type { Section } from '../src/report.ts'

const seed = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000)
const scratch = mkdtempSync(join(tmpdir(), 'halter-crash-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const injection = findInjection(scratch)

/** What the runs depend on, for the names of tests. `CRASH_SEED` repeats them. */
export const circumstances = `faults by ${injection.how}, seed ${seed}`

/** Everything that a tenth of a section's runs broke. */
export async function brokenBy(section: Section, scale = 0.1): Promise<readonly string[]> {
  const rows = await section({ scratch, injection, seed, scale })
  return rows.flatMap(({ problems }) => problems)
}
