import { crashRuns } from '../crash/crash-runs.ts'
import type { Plan } from '../crash/home.ts'
import type { Statement } from '../crash/statement.ts'
import { scaled, type Row, type Section } from '../report.ts'
import { pickBetween, pickOne } from '../seeded-random.ts'

/** About as many calls as a process makes from its start to its end. */
const CALLS_OF_A_LIFE = 900
const STEPS = 8

/** Kills at the k-th file call, in the middle of a write, at any moment, and with the loss of what is not synced. */
export const kills: Section = async (given) => {
  const { how } = given.injection
  const unit = how === 'file calls' ? 'file call' : 'statement'
  const rows: Row[] = [
    await crashRuns(given, {
      what: `kill at the k-th ${unit}`,
      runs: scaled(1000, given),
      plan: (random, run) => ({
        faults: [{ kind: 'kill', at: callNumber(random, how) }],
        life: lifeOf(random, run % 3 === 0 ? 'process' : 'power'),
      }),
    }),
    await crashRuns(given, {
      what: 'kill at any moment',
      runs: scaled(200, given),
      plan: (random, run) => ({
        faults: [],
        moment: {
          after: pickOne<Statement[0]>(random, ['delta', 'effect', 'done', 'seen', 'try']),
          count: pickBetween(random, 1, 25),
          delayMs: random() < 0.5 ? 0 : random() * 8,
        },
        life: lifeOf(random, run % 2 === 0 ? 'process' : 'power'),
      }),
    }),
  ]
  if (how === 'statements') return rows
  rows.push(
    await crashRuns(given, {
      what: 'kill in the middle of the k-th write',
      runs: scaled(300, given),
      plan: (random, run) => ({
        faults: [{ kind: 'tear', calls: ['write'], at: callNumber(random, how) }],
        life: lifeOf(random, run % 3 === 0 ? 'process' : 'power'),
      }),
    }),
    await crashRuns(given, {
      what: 'loss of power at the k-th file call',
      runs: scaled(200, given),
      plan: (random, run) => ({
        faults: [{ kind: 'power loss', at: callNumber(random, how) }],
        powerLoss: powerLoss(random, run),
        life: lifeOf(random, 'power'),
      }),
    }),
  )
  return rows
}

/** Fsyncs and writes that fail, once or from then on; half of the processes then lose power. */
export const failures: Section = async (given) => {
  const { how } = given.injection
  const failing = (call: 'sync' | 'write', runs: number) =>
    crashRuns(given, {
      what:
        how === 'statements'
          ? `the k-th ${call === 'sync' ? 'COMMIT' : 'statement'} fails`
          : `the k-th ${call} fails`,
      runs: scaled(runs, given),
      plan: (random, run): Plan => {
        const at = call === 'sync' ? pickBetween(random, 1, 90) : callNumber(random, how)
        const kind = call === 'write' && random() < 0.5 ? 'ENOSPC' : 'EIO'
        const losesPower = how === 'file calls' && run % 2 === 0
        const end = { kind: 'power loss', at: pickBetween(random, 1, CALLS_OF_A_LIFE) } as const
        return {
          faults: [{ kind, calls: [call], at, stays: random() < 0.3 }, ...(losesPower ? [end] : [])],
          ...(losesPower && { powerLoss: powerLoss(random, run) }),
          life: lifeOf(random, 'power'),
        }
      },
      judge: ({ reused }) =>
        reused > 0 ? `the connection was used ${reused} times after a call on its log had failed` : undefined,
    })
  return [await failing('sync', 200), await failing('write', 200)]
}

function lifeOf(random: () => number, durability: 'power' | 'process'): Plan['life'] {
  return {
    durability,
    interrupted: random() < 0.75 ? 'continue' : 'close',
    seed: Math.floor(random() * 2 ** 31),
    steps: STEPS,
  }
}

function powerLoss(random: () => number, run: number): NonNullable<Plan['powerLoss']> {
  return { scatters: run % 3 === 0, seed: Math.floor(random() * 2 ** 31) }
}

/** Half of them early, where a file is made or opened and its log read. */
function callNumber(random: () => number, how: 'file calls' | 'statements'): number {
  const most = how === 'file calls' ? CALLS_OF_A_LIFE : CALLS_OF_A_LIFE / 4
  return pickBetween(random, 1, random() < 0.3 ? most / 10 : most)
}
