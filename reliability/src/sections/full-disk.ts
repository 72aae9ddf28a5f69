import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { startWorker, type WorkerOptions } from '../crash/run-worker.ts'
import { FaultControl } from '../faults/fault-control.ts'
import { scaled, type Circumstances, type Row, type Section } from '../report.ts'
import type { FillRound, FillTask } from '../workers/fill-disk.ts'

const SIZE = 1024 * 1024

/** A small disk that only the command run in it sees; needs Linux, and the right to make name spaces. */
const SMALL_DISK: readonly [string, ...string[]] = [
  'unshare',
  '--user',
  '--map-root-user',
  '--mount',
  'sh',
  '-c',
  `mount -t tmpfs -o size=${SIZE} none "$0" && exec "$@"`,
]

/** The disk gets full in the middle of turns, and has room again. */
export const fullDisk: Section = async (given) => {
  const rows: Row[] = []
  const folder = mkdtempSync(join(given.scratch, 'disk-'))
  if (hasSmallDisks(folder))
    rows.push(
      await fillUp(given, 'a disk of 1 MiB gets full', {
        folder,
        isSmall: true,
        options: { launcher: [...SMALL_DISK, folder] },
      }),
    )
  const failing = mkdtempSync(join(given.scratch, 'failing-disk-'))
  const control = FaultControl.create(join(given.scratch, 'disk.page'))
  const under = { injection: given.injection, control, folder: failing }
  rows.push(
    await fillUp(given, 'every write says that the disk is full', {
      folder: failing,
      isSmall: false,
      options: { under },
    }),
  )
  control.close()
  return rows
}

async function fillUp(
  given: Circumstances,
  what: string,
  disk: { readonly folder: string; readonly isSmall: boolean; readonly options: Partial<WorkerOptions> },
): Promise<Row> {
  const { folder, isSmall, options } = disk
  const effects = join(given.scratch, 'disk-effects.txt')
  const rounds = scaled(50, given)
  const task: FillTask = { folder, effects, seed: given.seed, rounds, isSmall }
  const worker = startWorker('fill-disk.ts', { ...options, task, patienceMs: 60_000 + rounds * 5000 })
  const { code, stderr } = await worker.ended
  const found = worker
    .lines()
    .filter(([word]) => word === 'round')
    .map(([, round]) => round as FillRound)
  const problems = found.flatMap((round, index) =>
    judge(round).map((problem) => `${problem} (${what}, seed ${given.seed}, round ${index})`),
  )
  if (found.length < rounds)
    problems.push(
      `${what}: ended with ${code} after ${found.length} rounds: ${stderr}${String(worker.lines().at(-1))}`,
    )
  return {
    what,
    figures: [
      ['runs', found.length],
      ['turns before', found.reduce((sum, { turns }) => sum + turns, 0)],
      ['named ERR_STORE_FULL', found.filter(({ code }) => code === 'ERR_STORE_FULL').length],
      ['readable meanwhile', found.filter(({ readable, otherReadable }) => readable && otherReadable).length],
      ['went on afterwards', found.filter(({ resumed }) => resumed).length],
    ],
    problems,
  }
}

function judge(round: FillRound): string[] {
  const { code, message, namesFile, readable, otherReadable, resumed, problems } = round
  return [
    ...(code === 'ERR_STORE_FULL' ? [] : [`the turn ended with ${code}: ${message}`]),
    ...(namesFile ? [] : ['the message does not name the file']),
    ...(readable ? [] : ['the session could not be read, or not be listed']),
    ...(otherReadable ? [] : ['another session could not be read']),
    ...(resumed ? [] : ['the session did not go on']),
    ...problems,
  ]
}

function hasSmallDisks(folder: string): boolean {
  const [program, ...args] = SMALL_DISK
  try {
    execFileSync(program, [...args, folder, 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
