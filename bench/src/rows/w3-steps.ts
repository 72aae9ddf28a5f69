import { figure, type Figure } from '../figure.ts'
import { inTurn } from '../rounds.ts'
import { bareSteps, ourSteps, type StepTimes } from '../steps.ts'
import { openSubject } from '../subject.ts'
import { NO_TAPS, ONE_TAP, TEN_TAPS } from '../taps.ts'

const STEPS = 2_000

/** W3: one turn of 2,000 sequential tool steps, and how much longer a late step takes than an early one. */
export async function steps(): Promise<readonly Figure[]> {
  await using none = await openSubject({ taps: NO_TAPS })
  await using one = await openSubject({ taps: ONE_TAP })
  await using ten = await openSubject({ taps: TEN_TAPS })
  const exponents = { bare: [] as number[], one: [] as number[] }
  const us = await inTurn(7, {
    bare: async () => noting(exponents.bare, await bareSteps(STEPS)),
    one: async () => noting(exponents.one, await ourSteps(one, STEPS)),
    none: async () => (await ourSteps(none, STEPS)).usPerStep,
    ten: async () => (await ourSteps(ten, STEPS)).usPerStep,
  })
  const line = { row: 'W3', unit: 'µs/step', floor: us.bare, floorIs: 'bare loop' }
  return [
    figure({
      ...line,
      work: '2,000 tool steps; one tap per hook',
      ours: us.one,
      goal: { of: 'ratio', atMost: 1.6 },
    }),
    figure({ ...line, work: 'the same without taps', ours: us.none }),
    figure({ ...line, work: 'the same with ten taps per hook', ours: us.ten }),
    figure({
      row: 'W3',
      work: 'growth of a step, early to late',
      unit: 'exponent',
      ours: exponents.one.slice(1),
      floor: exponents.bare.slice(1),
      floorIs: 'bare loop',
      goal: { of: 'difference', atMost: 0.1 },
    }),
  ]
}

function noting(exponents: number[], { usPerStep, exponent }: StepTimes): number {
  exponents.push(exponent)
  return usPerStep
}
