import type { Circumstances, Row } from '../report.ts'
import { seededRandom } from '../seeded-random.ts'
import { Home, type Outcome, type Plan } from './home.ts'
import { inspectHome } from './inspect-home.ts'

/** One store sees so many processes die after each other. */
const LIVES = 5
/** Stores at a time: each waits for its process half of the time. */
const AT_ONCE = 2

/** What kind of death is tried, how often. */
export interface CrashRuns {
  readonly what: string
  readonly runs: number
  readonly plan: (random: () => number, run: number) => Plan
  /** What is wrong with how a process ended, beyond what it left behind. */
  readonly judge?: (outcome: Outcome, plan: Plan) => string | undefined
}

interface Tally {
  runs: number
  fired: number
  acknowledged: number
  sessions: number
  effects: number
  repeated: number
  readonly refusals: Map<string, number>
  readonly problems: string[]
}

/** Lets processes die and looks at what they leave, again and again. */
export async function crashRuns(given: Circumstances, wanted: CrashRuns): Promise<Row> {
  const tally: Tally = {
    runs: 0,
    fired: 0,
    acknowledged: 0,
    sessions: 0,
    effects: 0,
    repeated: 0,
    refusals: new Map(),
    problems: [],
  }
  const starts = Array.from({ length: Math.ceil(wanted.runs / LIVES) }, (_, index) => index * LIVES)
  const work = async (): Promise<void> => {
    for (let first = starts.shift(); first !== undefined; first = starts.shift())
      await useUp(given, wanted, first, tally)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  const refusals = [...tally.refusals].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return {
    what: wanted.what,
    figures: [
      ['runs', tally.runs],
      ['hit', tally.fired],
      ['acknowledged commits', tally.acknowledged],
      ['sessions', tally.sessions],
      ['effects', tally.effects],
      ['repeated because they may be', tally.repeated],
      ...refusals,
    ],
    problems: tally.problems,
  }
}

/** One store, from its first process to its last. */
async function useUp(given: Circumstances, wanted: CrashRuns, first: number, tally: Tally): Promise<void> {
  await using home = await Home.create(given.scratch, given.injection)
  const last = Math.min(first + LIVES, wanted.runs) - 1
  for (let run = first; run <= last; run++) {
    const plan = wanted.plan(seededRandom(given.seed * 7919 + run), run)
    const isContinued = run > first && plan.life.interrupted === 'continue'
    const outcome = await home.live({
      ...plan,
      life: { ...plan.life, interrupted: isContinued ? 'continue' : 'close' },
    })
    // Every other crash is left as it is for the next process to find.
    const found = [
      ...judgeEnd(outcome),
      ...[wanted.judge?.(outcome, plan)].filter((text) => text !== undefined),
      ...(await inspectHome(home, { resumes: run === last || run % 2 === 0 })),
    ]
    tally.runs += 1
    if (outcome.fired.some(Boolean)) tally.fired += 1
    const context = `${wanted.what}, seed ${given.seed}, run ${run}, ${JSON.stringify(plan)}`
    tally.problems.push(...found.map((problem) => `${problem} (${context})`))
    if (found.length > 0) break
  }
  tally.acknowledged += home.model.acknowledged
  tally.sessions += home.model.ids.length
  tally.effects += home.effects().length
  tally.repeated += home.repeated()
  for (const [code, count] of home.model.refusals)
    tally.refusals.set(code, (tally.refusals.get(code) ?? 0) + count)
}

/** A process ends by the kill that was meant for it, or well. */
function judgeEnd({ signal, code, stderr, hung }: Outcome): string[] {
  if (hung) return [`the process did not end: ${stderr}`]
  if (signal === 'SIGKILL' || code === 0) return []
  return [`the process ended with ${signal ?? code}: ${stderr.slice(0, 2000)}`]
}
