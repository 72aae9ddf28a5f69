import type { SessionRuntime } from '@halter/core'
import { figure, type Figure } from '../figure.ts'
import { differences, inTurn } from '../rounds.ts'
import { ourSteps } from '../steps.ts'
import { openSubject, type Subject } from '../subject.ts'
import { NO_TAPS, ONE_ASYNC_TAP, ONE_TAP, TEN_TAPS } from '../taps.ts'

const STEPS = 50
const TURNS = 10
const ROUNDS = 25

/**
 * W10: what a tap that does nothing costs: the same turn without taps and with some, on every hook it passes. Time of this thread, since
 * the difference of two wall times is mostly noise.
 */
export async function taps(): Promise<readonly Figure[]> {
  await using none = await openSubject({ taps: NO_TAPS })
  await using one = await openSubject({ taps: ONE_TAP })
  await using ten = await openSubject({ taps: TEN_TAPS })
  await using waiting = await openSubject({ taps: ONE_ASYNC_TAP })
  const us = await inTurn(ROUNDS, {
    none: () => stepTime(none),
    one: () => stepTime(one),
    ten: () => stepTime(ten),
    waiting: () => stepTime(waiting),
  })
  const perStep = Math.round(callsOf(one.runtime) / ((ROUNDS + 1) * TURNS * STEPS))
  const perTap = (figures: readonly number[], count: number): number[] =>
    differences(figures, us.none).map((difference) => difference / (perStep * count))
  const line = { row: 'W10', unit: 'µs/tap' }
  const isOne = { of: 'figure', atMost: 1 } as const
  return [
    figure({ ...line, work: 'one synchronous tap on each hook', ours: perTap(us.one, 1), goal: isOne }),
    figure({ ...line, work: 'ten synchronous taps on each hook', ours: perTap(us.ten, 10), goal: isOne }),
    figure({
      ...line,
      work: 'one asynchronous tap on each hook',
      ours: perTap(us.waiting, 1),
      goal: { of: 'figure', atMost: 4 },
    }),
  ]
}

/** Microseconds of a step, over several short turns. */
async function stepTime(subject: Subject): Promise<number> {
  let sum = 0
  for (let turn = 0; turn < TURNS; turn++) sum += (await ourSteps(subject, STEPS)).cpuUsPerStep
  return sum / TURNS
}

function callsOf(runtime: SessionRuntime): number {
  return Object.values(runtime.describe().taps)
    .flat()
    .reduce((sum, { calls }) => sum + calls, 0)
}
