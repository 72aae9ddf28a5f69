import { join } from 'node:path'
import { startWorker } from '../crash/run-worker.ts'
import { judgesTime, scaled, type Section } from '../report.ts'
import type { DamageRound, DamageTask } from '../workers/damage.ts'

const PROCESSES = 2
/** Nothing takes longer. Milliseconds. */
const MOST_MS = 1000

/** Damaged rows, headers, logs and files: nothing is shown that was not written, nothing is lost without a word, nobody else suffers. */
export const damage: Section = async (given) => {
  const rounds = Math.ceil(scaled(10_000, given) / PROCESSES)
  const workers = Array.from({ length: PROCESSES }, (_, index) => {
    const task: DamageTask = {
      folder: join(given.scratch, `damage-${index}`),
      seed: given.seed,
      from: index * rounds,
      rounds,
    }
    return startWorker('damage.ts', { task, patienceMs: 60_000 + rounds * 1000 })
  })
  const problems: string[] = []
  for (const worker of workers) {
    const { code, signal, stderr } = await worker.ended
    if (code !== 0)
      problems.push(
        `the process ended with ${signal ?? code} after ${String(worker.lines().at(-1)?.[1])}: ${stderr}`,
      )
  }
  const found = workers
    .flatMap((worker) => worker.lines())
    .map(([, round, what]) => ({ round: Number(round), ...(what as DamageRound) }))
  for (const { round, kind, longestMs, problems: broken } of found) {
    const context = `${kind}, seed ${given.seed}, round ${round}`
    problems.push(...broken.map((problem) => `${problem} (${context})`))
    if (judgesTime(given) && longestMs > MOST_MS)
      problems.push(`something took ${longestMs.toFixed(0)} ms (${context})`)
  }
  const count = (outcome: DamageRound['outcome']) => found.filter((each) => each.outcome === outcome).length
  return [
    {
      what: 'damaged files, rows and headers',
      figures: [
        ['inputs', found.length],
        ['refused at opening', count('refused')],
        ['damage reported', count('damaged')],
        ['nothing hit', count('whole')],
        ['longest', `${Math.max(...found.map(({ longestMs }) => longestMs)).toFixed(0)} ms`],
      ],
      problems,
    },
  ]
}
