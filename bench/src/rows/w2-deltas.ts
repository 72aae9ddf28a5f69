import { textIn } from '../answers.ts'
import { figure, type Figure } from '../figure.ts'
import { bareTurn } from '../floor/bare-loop.ts'
import { LookingTool } from '../looking-tool.ts'
import { BenchModel } from '../model.ts'
import { inTurn } from '../rounds.ts'
import { openSubject, type Subject } from '../subject.ts'

const DELTAS = 20_000
const ANSWERS = textIn(DELTAS)

/** W2: one turn of 20,000 text deltas to one reader, none of them lost. */
export async function deltas(): Promise<readonly Figure[]> {
  await using subject = await openSubject()
  const us = await inTurn(25, { bare: bareDeltas, ours: () => ourDeltas(subject) }, 5)
  return [
    figure({
      row: 'W2',
      work: '20,000 deltas to one reader',
      unit: 'µs/delta',
      ours: us.ours,
      floor: us.bare,
      floorIs: 'bare loop',
      goal: { of: 'ratio', atMost: 1.8 },
    }),
  ]
}

async function ourDeltas({ model, open }: Subject): Promise<number> {
  model.play(ANSWERS)
  const session = await open()
  let count = 0
  const start = performance.now()
  for await (const event of session.submitTurn('tell me')) if (event.type === 'text.delta') count += 1
  const us = ((performance.now() - start) / DELTAS) * 1000
  await session.detach()
  return checked(us, count)
}

async function bareDeltas(): Promise<number> {
  const model = new BenchModel()
  model.play(ANSWERS)
  const { run } = new LookingTool()
  let count = 0
  const start = performance.now()
  for await (const text of bareTurn(model, [], 'tell me', run)) count += text === '' ? 0 : 1
  return checked(((performance.now() - start) / DELTAS) * 1000, count)
}

function checked(us: number, count: number): number {
  if (count !== DELTAS) throw new Error(`${count} deltas came, not ${DELTAS}`)
  return us
}
