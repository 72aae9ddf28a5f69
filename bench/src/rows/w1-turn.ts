import type { Message } from '@halter/protocol'
import { textIn } from '../answers.ts'
import { figure, type Figure } from '../figure.ts'
import { bareTurn } from '../floor/bare-loop.ts'
import { LookingTool } from '../looking-tool.ts'
import { BenchModel } from '../model.ts'
import { inTurn } from '../rounds.ts'
import { openSubject, type Subject } from '../subject.ts'
import { NO_TAPS, ONE_TAP, TEN_TAPS } from '../taps.ts'

const TURNS = 100
const ROUNDS = 60
const ANSWERS = textIn(1)

/** W1: one user turn with one text delta, read by its submitter. Memory store; sessions of 100 turns. */
export async function turns(): Promise<readonly Figure[]> {
  await using none = await openSubject({ taps: NO_TAPS })
  await using one = await openSubject({ taps: ONE_TAP })
  await using ten = await openSubject({ taps: TEN_TAPS })
  const us = await inTurn(
    ROUNDS,
    {
      bare: bareTurns,
      one: () => ourTurns(one),
      none: () => ourTurns(none),
      ten: () => ourTurns(ten),
    },
    ROUNDS / 2,
  )
  const line = { row: 'W1', unit: 'µs/turn', floor: us.bare, floorIs: 'bare loop' }
  return [
    figure({
      ...line,
      work: 'one turn, one delta; one tap per hook',
      ours: us.one,
      goal: { of: 'ratio', atMost: 4 },
    }),
    figure({ ...line, work: 'the same without taps', ours: us.none }),
    figure({ ...line, work: 'the same with ten taps per hook', ours: us.ten }),
  ]
}

async function ourTurns({ model, open }: Subject): Promise<number> {
  model.play(ANSWERS)
  const session = await open()
  let deltas = 0
  const start = performance.now()
  for (let turn = 0; turn < TURNS; turn++)
    for await (const event of session.submitTurn('go on')) if (event.type === 'text.delta') deltas += 1
  const us = ((performance.now() - start) / TURNS) * 1000
  await session.detach()
  if (deltas !== TURNS) throw new Error(`${deltas} deltas came, not ${TURNS}`)
  return us
}

async function bareTurns(): Promise<number> {
  const model = new BenchModel()
  model.play(ANSWERS)
  const { run } = new LookingTool()
  const messages: Message[] = []
  let deltas = 0
  const start = performance.now()
  for (let turn = 0; turn < TURNS; turn++)
    for await (const text of bareTurn(model, messages, 'go on', run)) deltas += text === '' ? 0 : 1
  const us = ((performance.now() - start) / TURNS) * 1000
  if (deltas !== TURNS) throw new Error(`${deltas} deltas came, not ${TURNS}`)
  return us
}
