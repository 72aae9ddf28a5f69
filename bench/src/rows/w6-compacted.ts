import { toolSteps } from '../answers.ts'
import { figure, type Figure } from '../figure.ts'
import { RawLog } from '../floor/raw-log.ts'
import { rehearse } from '../rehearsal.ts'
import { inTurn } from '../rounds.ts'
import { SmallModel } from '../small-model.ts'
import { openStored } from '../stored-subject.ts'
import type { Subject } from '../subject.ts'
import type { TemporaryFolder } from '../temporary-folder.ts'

/** Tool steps of one turn: four events each. */
const STEPS = { short: 2_500, long: 25_000 } as const
const WINDOW = 20_000

/** Compacted sessions open from a checkpoint: what they cost does not follow their length. */
export async function resumedCompacted(folder: TemporaryFolder): Promise<readonly Figure[]> {
  await using subject = await openStored(folder.file('compacted.db'), 'process', {
    model: new SmallModel(WINDOW),
  })
  using raw = new RawLog(folder.file('compacted-raw.db'), 'process')
  for (const batch of await rehearse(folder, STEPS.short)) raw.append(batch)
  const short = await storeSession(subject, STEPS.short)
  const long = await storeSession(subject, STEPS.long)
  const ms = await inTurn(9, {
    raw: async () => readAll(raw),
    short: () => resume(subject, short),
    long: () => resume(subject, long),
  })
  const line = { row: 'W6', unit: 'ms' }
  return [
    figure({
      ...line,
      work: 'open 10,000 events, compacted, run one turn',
      ours: ms.short,
      floor: ms.raw,
      floorIs: 'read and parse as many rows',
      goal: { of: 'ratio', atMost: 1 },
    }),
    figure({
      ...line,
      work: 'the same with 100,000 events',
      ours: ms.long,
      floor: ms.short,
      floorIs: 'halter, 10,000 events',
      // Not 1: how much came after the newest checkpoint is as it happens.
      goal: { of: 'ratio', atMost: 2 },
    }),
  ]
}

async function storeSession({ model, look, open }: Subject, steps: number): Promise<string> {
  look.reset()
  model.play(toolSteps(steps))
  const session = await open()
  await session.submitTurn('look around').orThrow()
  const { head, compactions } = session.state
  if (head < 4 * steps || compactions < 5)
    throw new Error(`the session came to ${head} events and ${compactions} compactions`)
  await session.detach()
  return session.id
}

async function resume({ model, runtime }: Subject, id: string): Promise<number> {
  model.play(toolSteps(0))
  const start = performance.now()
  const session = await runtime.resume(id)
  await session!.submitTurn('and now?').orThrow()
  const ms = performance.now() - start
  await session!.detach()
  return ms
}

function readAll(raw: RawLog): number {
  const start = performance.now()
  const { length } = raw.read()
  const ms = performance.now() - start
  if (length < 4 * STEPS.short) throw new Error(`the log came back with ${length} events`)
  return ms
}
