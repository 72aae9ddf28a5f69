/**
 * `npm run test:crash`: kills, tears, starves and stops processes that run sessions over the real store, and counts what they lose.
 * `npm run test:crash -- kills --runs 0.1 --seed 7`: one section, a tenth of its runs, with that seed.
 */
import { rmSync, mkdtempSync } from 'node:fs'
import { availableParallelism, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { findInjection } from './faults/find-injection.ts'
import { formatRows, type Row, type Section } from './report.ts'
import { failures, kills } from './sections/kills.ts'
import { pausedHolder } from './sections/paused-holder.ts'
import { contention } from './sections/contention.ts'
import { fullDisk } from './sections/full-disk.ts'
import { migrations } from './sections/migrations.ts'
import { stalledSubscriber } from './sections/stalled-subscriber.ts'
import { longSession } from './sections/long-session.ts'
import { damage } from './sections/damage.ts'

const SECTIONS: Readonly<Record<string, Section>> = {
  kills,
  failures,
  paused: pausedHolder,
  contention,
  disk: fullDisk,
  migrations,
  subscriber: stalledSubscriber,
  long: longSession,
  damage,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '1' }, seed: { type: 'string' } },
})
const scale = Number(values.runs)
const seed = Number(values.seed ?? Date.now() % 1_000_000)
const unknown = positionals.filter((name) => !Object.hasOwn(SECTIONS, name))
if (unknown.length > 0 || !(scale > 0) || !Number.isInteger(seed)) {
  const names = Object.keys(SECTIONS).join(', ')
  process.stderr.write(
    `Say which sections (${names}; default: all), --runs as a share of the full number (0.1), and --seed as a whole number.\n`,
  )
  process.exit(2)
}

const scratch = mkdtempSync(join(tmpdir(), 'halter-reliability-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))
const injection = findInjection(scratch)
const rows: Row[] = []
const said =
  injection.because === undefined ? injection.how : `${injection.how}, because ${injection.because}`
print(`Faults are brought in by ${said}. Seed ${seed}, ${scale} of the runs.`)
print(
  `Node ${process.version}, SQLite ${process.versions.sqlite}, ${process.platform} ${release()}, ${availableParallelism()} processors.`,
)
for (const name of positionals.length > 0 ? positionals : Object.keys(SECTIONS)) {
  const start = performance.now()
  rows.push(...(await SECTIONS[name]!({ scratch, injection, seed, scale })))
  process.stderr.write(`${name} took ${((performance.now() - start) / 1000).toFixed(1)} s\n`)
}
print(`\n${formatRows(rows)}`)
const problems = rows.flatMap((row) => row.problems)
for (const problem of problems) print(`BROKEN: ${problem}`)
process.exitCode = problems.length === 0 ? 0 : 1

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
