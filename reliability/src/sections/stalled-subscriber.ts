import { join } from 'node:path'
import { startWorker } from '../crash/run-worker.ts'
import { scaled, type Section } from '../report.ts'
import type { StalledFigures, StalledTask } from '../workers/stalled-subscriber.ts'

/** What a stalled subscriber may cost. Megabytes; and how much slower a turn may be before it is no noise. */
const MOST_GROWTH_MB = 20
const MOST_SLOWER = 1.25
const DELTAS = 1000

/** Subscribers that read one event and no more, while 200,000 come. */
export const stalledSubscriber: Section = async (given) => {
  const turns = scaled(200, given)
  const task: StalledTask = { store: join(given.scratch, 'stalled.db'), turns, deltas: DELTAS }
  const worker = startWorker('stalled-subscriber.ts', {
    task,
    execArgv: ['--expose-gc'],
    patienceMs: 600_000,
  })
  const { code, stderr } = await worker.ended
  if (code !== 0) throw new Error(`the stalled subscriber ended with ${code}: ${stderr}`)
  const [, found] = worker.lines().at(-1) as ['figures', StalledFigures]
  const { events, alone, stalled, rssGrowthAlone, rssGrowth, heapGrowth, lagged } = found
  const problems = [...found.problems]
  if (rssGrowth > MOST_GROWTH_MB) problems.push(`memory grew by ${rssGrowth.toFixed(1)} MB`)
  if (stalled.p50 > alone.p50 * MOST_SLOWER)
    problems.push(`a turn took ${stalled.p50.toFixed(1)} ms instead of ${alone.p50.toFixed(1)}`)
  return [
    {
      what: 'three subscribers stall',
      figures: [
        ['events', events],
        ['turn p50', `${alone.p50.toFixed(1)} → ${stalled.p50.toFixed(1)} ms`],
        ['p99', `${alone.p99.toFixed(1)} → ${stalled.p99.toFixed(1)} ms`],
        ['RSS without them', signed(rssGrowthAlone)],
        ['RSS', signed(rssGrowth)],
        ['heap', signed(heapGrowth)],
        ['reported as missed', lagged],
      ],
      problems,
    },
  ]
}

function signed(megabytes: number): string {
  return `${megabytes >= 0 ? '+' : ''}${megabytes.toFixed(1)} MB`
}
