import type { Message } from '@halter/protocol'
import { toolSteps } from './answers.ts'
import { bareTurn, type Keep } from './floor/bare-loop.ts'
import { LookingTool } from './looking-tool.ts'
import { BenchModel } from './model.ts'
import { median } from './rounds.ts'
import type { Subject } from './subject.ts'

/** What a turn of many steps came to. */
export interface StepTimes {
  /** Of the whole turn, per step. */
  readonly usPerStep: number
  /** Of this thread alone, per step: what a noisy machine does not reach. */
  readonly cpuUsPerStep: number
  /** How a step grows with the steps before it: 0 when the last takes as long as the first, 1 when it follows their number. */
  readonly exponent: number
}

/** One turn of `count` steps with a tool call each. `onCall` is called at the beginning of each tool call. */
export async function ourSteps(
  subject: Subject,
  count: number,
  onCall?: (call: number) => void,
): Promise<StepTimes> {
  const { model, look } = subject
  model.play(toolSteps(count))
  const session = await subject.open()
  look.reset()
  look.onCall = onCall
  const watch = new StopWatch()
  const { status, error } = await session.submitTurn('look around').result
  const times = stepTimes(watch, look.times, count)
  if (status !== 'completed') throw new Error(`the turn ${status}: ${error?.message}`)
  await session.detach()
  return times
}

/** The same by the bare loop. */
export async function bareSteps(
  count: number,
  keep?: Keep,
  onCall?: (call: number) => void,
): Promise<StepTimes> {
  const model = new BenchModel()
  model.play(toolSteps(count))
  const look = new LookingTool()
  look.onCall = onCall
  const messages: Message[] = []
  const watch = new StopWatch()
  for await (const _ of bareTurn(model, messages, 'look around', look.run, keep));
  return stepTimes(watch, look.times, count)
}

/** Wall time, and the time that this thread has run. */
class StopWatch {
  readonly #start = performance.now()
  readonly #cpu = process.threadCpuUsage()

  get us(): number {
    return (performance.now() - this.#start) * 1000
  }

  get cpuUs(): number {
    const { user, system } = process.threadCpuUsage(this.#cpu)
    return user + system
  }
}

function stepTimes({ us, cpuUs }: StopWatch, times: readonly number[], count: number): StepTimes {
  if (times.length !== count) throw new Error(`${times.length} tools ran, not ${count}`)
  const steps = times.slice(1).map((time, index) => time - times[index]!)
  const early = window(steps, 0.05, 0.1)
  const late = window(steps, 0.9, 1)
  return {
    usPerStep: us / count,
    cpuUsPerStep: cpuUs / count,
    exponent: Math.log(late.ms / early.ms) / Math.log(late.at / early.at),
  }
}

/** The median step of a stretch, and where the middle of the stretch is. */
function window(
  steps: readonly number[],
  from: number,
  to: number,
): { readonly ms: number; readonly at: number } {
  const stretch = steps.slice(Math.floor(steps.length * from), Math.floor(steps.length * to))
  return { ms: median(stretch), at: (steps.length * (from + to)) / 2 }
}
