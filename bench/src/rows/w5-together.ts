import { toolSteps } from '../answers.ts'
import { figure, type Figure } from '../figure.ts'
import { RawLog } from '../floor/raw-log.ts'
import { rehearse } from '../rehearsal.ts'
import { inTurn } from '../rounds.ts'
import { bareSteps } from '../steps.ts'
import { openStored } from '../stored-subject.ts'
import type { Subject } from '../subject.ts'
import type { TemporaryFolder } from '../temporary-folder.ts'

const SESSIONS = 32
const STEPS = 20

/** Sessions that run at once share their commits, and with them the disk's time. */
export async function stepsTogether(folder: TemporaryFolder): Promise<readonly Figure[]> {
  const batches = await rehearse(folder, STEPS)
  await using subject = await openStored(folder.file('together.db'), 'power')
  using raw = new RawLog(folder.file('together-raw.db'), 'power')
  const us = await inTurn(7, { bare: () => oneByOne(raw, batches), ours: () => together(subject) })
  return [
    figure({
      row: 'W5',
      work: '32 sessions at once, durable to a loss of power',
      unit: 'µs/step',
      ours: us.ours,
      floor: us.bare,
      floorIs: 'bare loops one by one + raw commits',
    }),
  ]
}

async function together({ model, open }: Subject): Promise<number> {
  model.play(toolSteps(STEPS))
  const sessions = await Promise.all(Array.from({ length: SESSIONS }, () => open()))
  const start = performance.now()
  await Promise.all(sessions.map((session) => session.submitTurn('look around').orThrow()))
  const us = ((performance.now() - start) / (SESSIONS * STEPS)) * 1000
  await Promise.all(sessions.map((session) => session.detach()))
  return us
}

async function oneByOne(raw: RawLog, batches: Awaited<ReturnType<typeof rehearse>>): Promise<number> {
  let sum = 0
  for (let session = 0; session < SESSIONS; session++)
    sum += (await bareSteps(STEPS, raw.session(batches))).usPerStep
  return sum / SESSIONS
}
