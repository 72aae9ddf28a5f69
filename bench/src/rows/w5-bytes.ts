import { figure, type Figure } from '../figure.ts'
import { RawLog } from '../floor/raw-log.ts'
import { rehearse } from '../rehearsal.ts'
import { bareSteps, ourSteps } from '../steps.ts'
import { openStored } from '../stored-subject.ts'
import type { TemporaryFolder } from '../temporary-folder.ts'
import { writtenBytes } from '../written-bytes.ts'

/** The middle of a long turn and its end, each long enough for many checkpoints of SQLite. */
const EARLY = [1_000, 3_000] as const
const LATE = [4_000, 6_000] as const

/** What a step writes, early and late in a turn of 6,000. Nothing where the system does not count. */
export async function stepBytes(folder: TemporaryFolder): Promise<readonly Figure[]> {
  if (writtenBytes() === undefined) return []
  const steps = LATE[1] + 1
  const batches = await rehearse(folder, steps)
  await using subject = await openStored(folder.file('bytes.db'), 'process')
  using raw = new RawLog(folder.file('bytes-raw.db'), 'process')
  const bare = new ByteMarks()
  await bareSteps(steps, raw.session(batches), bare.onCall)
  const ours = new ByteMarks()
  await ourSteps(subject, steps, ours.onCall)
  const line = { row: 'W5', unit: 'KB/step', floorIs: 'the same rows raw' }
  const early = ours.kilobytes(EARLY)
  const late = ours.kilobytes(LATE)
  return [
    figure({
      ...line,
      work: `bytes written, steps ${range(EARLY)}`,
      ours: [early],
      floor: [bare.kilobytes(EARLY)],
      goal: { of: 'ratio', atMost: 1.3 },
    }),
    figure({
      ...line,
      work: `bytes written, steps ${range(LATE)}`,
      ours: [late],
      floor: [bare.kilobytes(LATE)],
      goal: { of: 'ratio', atMost: 1.3 },
    }),
    figure({
      ...line,
      work: 'bytes written, late against early',
      ours: [late],
      floor: [early],
      floorIs: 'halter, early',
      goal: { of: 'ratio', atMost: 1.05 },
    }),
  ]
}

/** Reads the counter where a stretch begins and ends. */
class ByteMarks {
  readonly #marks = new Map<number, number>()

  readonly onCall = (call: number): void => {
    if (EARLY.includes(call as never) || LATE.includes(call as never)) this.#marks.set(call, writtenBytes()!)
  }

  kilobytes([from, to]: readonly [number, number]): number {
    return (this.#marks.get(to)! - this.#marks.get(from)!) / (to - from) / 1000
  }
}

function range([from, to]: readonly [number, number]): string {
  return `${from.toLocaleString('en-US')}–${to.toLocaleString('en-US')}`
}
