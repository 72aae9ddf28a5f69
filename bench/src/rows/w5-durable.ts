import { figure, type Figure } from '../figure.ts'
import { RawLog } from '../floor/raw-log.ts'
import { rehearse } from '../rehearsal.ts'
import { inTurn } from '../rounds.ts'
import { bareSteps, ourSteps } from '../steps.ts'
import { CommitWatch, openStored } from '../stored-subject.ts'
import { TemporaryFolder } from '../temporary-folder.ts'
import { stepBytes } from './w5-bytes.ts'
import { stepsTogether } from './w5-together.ts'

const STEPS = { process: 2_000, power: 400 } as const
/** What the fastest peer takes per step with its log of lines, which it never syncs. Microseconds, on two shared vCPUs. */
const PEER_US = 228

/** W5: the steps of W3 with a SQLite file, against the bare loop with raw commits of the same rows. */
export async function durableSteps(): Promise<readonly Figure[]> {
  using folder = new TemporaryFolder()
  return [
    ...(await processSteps(folder)),
    ...(await powerSteps(folder)),
    ...(await stepsTogether(folder)),
    ...(await stepBytes(folder)),
  ]
}

async function processSteps(folder: TemporaryFolder): Promise<readonly Figure[]> {
  const batches = await rehearse(folder, STEPS.process)
  await using subject = await openStored(folder.file('process.db'), 'process')
  using raw = new RawLog(folder.file('process-raw.db'), 'process')
  const us = await inTurn(7, {
    bare: async () => (await bareSteps(STEPS.process, raw.session(batches))).usPerStep,
    ours: async () => (await ourSteps(subject, STEPS.process)).usPerStep,
  })
  return [
    figure({
      row: 'W5',
      work: '2,000 tool steps, durable to the process',
      unit: 'µs/step',
      ours: us.ours,
      floor: us.bare,
      floorIs: 'bare loop + raw commits',
      goal: { of: 'figure', atMost: PEER_US },
    }),
  ]
}

async function powerSteps(folder: TemporaryFolder): Promise<readonly Figure[]> {
  const batches = await rehearse(folder, STEPS.power)
  const watch = new CommitWatch()
  await using subject = await openStored(folder.file('power.db'), 'power', { watch })
  using raw = new RawLog(folder.file('power-raw.db'), 'power')
  const commits = { ours: [] as number[], bare: [] as number[], perStep: [] as number[] }
  const us = await inTurn(7, {
    bare: async () => {
      const { usPerStep } = await bareSteps(STEPS.power, raw.session(batches))
      commits.bare.push((raw.ms / raw.commits) * 1000)
      return usPerStep
    },
    ours: async () => {
      watch.reset()
      const { usPerStep } = await ourSteps(subject, STEPS.power)
      commits.ours.push((watch.ms / watch.commits) * 1000)
      commits.perStep.push(watch.commits / STEPS.power)
      return usPerStep
    },
  })
  const line = { row: 'W5', floorIs: 'bare loop + raw commits' }
  return [
    figure({
      ...line,
      work: '400 tool steps, durable to a loss of power',
      unit: 'µs/step',
      ours: us.ours,
      floor: us.bare,
    }),
    figure({
      ...line,
      work: 'one of their commits',
      unit: 'µs/commit',
      ours: commits.ours.slice(1),
      floor: commits.bare.slice(1),
      floorIs: 'raw commit',
      goal: { of: 'ratio', atMost: 1.2 },
    }),
    figure({
      row: 'W5',
      work: 'commits per step',
      unit: 'commits',
      ours: commits.perStep.slice(1),
      goal: { of: 'figure', atMost: 2.05 },
    }),
  ]
}
