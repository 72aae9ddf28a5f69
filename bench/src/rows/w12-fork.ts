import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { figure, type Figure } from '../figure.ts'

const WEIGH = fileURLToPath(new URL('../weigh-forks.ts', import.meta.url))
const ROUNDS = 3

interface Weight {
  readonly events: number
  readonly originKilobytes: number
  readonly kilobytes: number
  readonly ms: number
}

/** W12: a fork of a session of 10,000 events: it shares the events of its origin. In processes of their own. */
export async function forks(): Promise<readonly Figure[]> {
  const figures: Figure[] = []
  for (const [store, name] of [
    ['sqlite', 'in a SQLite file'],
    ['memory', 'in memory'],
  ] as const) {
    const weights: Weight[] = []
    for (let round = 0; round < ROUNDS; round++) weights.push(await weigh(store))
    figures.push(
      figure({
        row: 'W12',
        work: `a fork of 10,000 events, ${name}`,
        unit: 'KB',
        ours: weights.map(({ kilobytes }) => kilobytes),
        floor: weights.map(({ originKilobytes }) => originKilobytes),
        floorIs: 'the session itself: a copy',
        goal: { of: 'figure', atMost: 10 },
      }),
      figure({ row: 'W12', work: 'the time that it takes', unit: 'ms', ours: weights.map(({ ms }) => ms) }),
    )
  }
  return figures
}

async function weigh(store: 'sqlite' | 'memory'): Promise<Weight> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', WEIGH, store])
  const weight = JSON.parse(stdout) as Weight
  if (weight.events < 10_000) throw new Error(`the session had ${weight.events} events only`)
  return weight
}
