/**
 * `npm run test:soak`: uses one runtime for ten minutes in every way it can be used, with a heap of 256 MB, and looks whether anything
 * grows. `npm run test:soak -- --minutes 1 --seed 7` for a try.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startWorker, type Line } from './crash/run-worker.ts'
import { drift, slopeOf, type Sample } from './soak/measure.ts'
import type { SoakCounts, SoakTask } from './workers/soak.ts'

/** Of the time, before growth counts. */
const WARM_UP = 0.25
const MOST_SLOPE = 1
const HEAP_MB = 256

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string' } },
})
const minutes = Number(values.minutes)
const seed = Number(values.seed ?? Date.now() % 1_000_000)
if (!(minutes > 0) || !Number.isInteger(seed)) {
  process.stderr.write('Say --minutes as a number above 0, and --seed as a whole number.\n')
  process.exit(2)
}
const scratch = mkdtempSync(join(tmpdir(), 'halter-soak-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))
const samples: Sample[] = []
const problems: string[] = []
let counts: SoakCounts = {}

print(`${minutes} min, seed ${seed}, Node ${process.version}, heap of ${HEAP_MB} MB.`)
print('minute   heap  extern    rss  handles  timers  fds    turns')
const task: SoakTask = { store: join(scratch, 'soak.db'), seed, minutes, every: Math.min(10, minutes * 1.5) }
const worker = startWorker('soak.ts', {
  task,
  execArgv: ['--expose-gc', `--max-old-space-size=${HEAP_MB}`],
  onLine: (line) => take(JSON.parse(line) as Line),
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, worker.kill)
const { code, signal, stderr } = await worker.ended
if (code !== 0) problems.push(`the process ended with ${signal ?? code}: ${stderr.slice(-2000)}`)
judge(samples.filter(({ minute }) => minute >= minutes * WARM_UP))
process.exitCode = problems.length === 0 ? 0 : 1

function take([word, ...rest]: Line): void {
  if (word === 'problem') problems.push(String(rest[0]))
  if (word !== 'sample') return
  const [sample, counted] = rest as [Sample, SoakCounts]
  samples.push(sample)
  counts = counted
  const { minute, heap, external, rss, handles, timers, fds } = sample
  const cells = [
    minute.toFixed(2),
    heap.toFixed(1),
    external.toFixed(1),
    rss.toFixed(0),
    handles,
    timers,
    fds,
  ]
  const widths = [6, 7, 8, 7, 9, 8, 5]
  print(
    [
      ...cells.map((cell, index) => String(cell).padStart(widths[index]!)),
      String(counts['turns']).padStart(9),
    ].join(''),
  )
}

function judge(late: readonly Sample[]): void {
  if (late.length < 3) problems.push(`only ${late.length} samples after the warm-up: let it run longer`)
  else {
    const slope = slopeOf(late, ({ heap }) => heap)
    print(
      `\nheap ${signed(slope)} MB/min after the warm-up, rss ${signed(slopeOf(late, ({ rss }) => rss))} MB/min`,
    )
    if (slope > MOST_SLOPE) problems.push(`the heap grew by ${slope.toFixed(2)} MB per minute`)
    for (const name of ['handles', 'timers', 'fds'] as const) {
      const grown = drift(late, (sample) => sample[name])
      print(`${name} ${signed(grown)} from the first third to the last`)
      if (grown > 2) problems.push(`${name} grew by ${grown.toFixed(1)}`)
    }
  }
  print(
    `done: ${Object.entries(counts)
      .map(([what, count]) => `${what} ${count}`)
      .join(', ')}`,
  )
  for (const problem of problems.slice(0, 20)) print(`BROKEN: ${problem.slice(0, 1000)}`)
}

function signed(value: number): string {
  return `${value >= 0 ? '+' : ''}${value.toFixed(2)}`
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
