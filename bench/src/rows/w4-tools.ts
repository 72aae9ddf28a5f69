import type { Message } from '@halter/protocol'
import { toolSteps } from '../answers.ts'
import { figure, type Figure } from '../figure.ts'
import { bareTurn } from '../floor/bare-loop.ts'
import { LookingTool } from '../looking-tool.ts'
import { BenchModel } from '../model.ts'
import { inTurn } from '../rounds.ts'
import { openSubject, type Subject } from '../subject.ts'

const TOOLS = 64
const TURNS = 20
const PER_TOOL = (TOOLS * TURNS) / 1000
const ANSWERS = toolSteps(1, TOOLS)

/** W4: one step with 64 parallel trivial tools, 20 times in sessions of their own. */
export async function tools(): Promise<readonly Figure[]> {
  await using subject = await openSubject()
  const us = await inTurn(40, { bare: bareTools, ours: () => ourTools(subject) }, 20)
  return [
    figure({
      row: 'W4',
      work: '64 parallel tools in one step',
      unit: 'µs/tool',
      ours: us.ours,
      floor: us.bare,
      floorIs: 'bare loop',
      goal: { of: 'ratio', atMost: 4 },
    }),
  ]
}

async function ourTools({ model, look, open }: Subject): Promise<number> {
  look.reset()
  let ms = 0
  for (let turn = 0; turn < TURNS; turn++) {
    model.play(ANSWERS)
    const session = await open()
    const start = performance.now()
    await session.submitTurn('look everywhere').orThrow()
    ms += performance.now() - start
    await session.detach()
  }
  return checked(ms / PER_TOOL, look)
}

async function bareTools(): Promise<number> {
  const model = new BenchModel()
  const look = new LookingTool()
  let ms = 0
  for (let turn = 0; turn < TURNS; turn++) {
    model.play(ANSWERS)
    const messages: Message[] = []
    const start = performance.now()
    for await (const _ of bareTurn(model, messages, 'look everywhere', look.run));
    ms += performance.now() - start
  }
  return checked(ms / PER_TOOL, look)
}

function checked(us: number, { times }: LookingTool): number {
  if (times.length !== TOOLS * TURNS) throw new Error(`${times.length} tools ran, not ${TOOLS * TURNS}`)
  return us
}
