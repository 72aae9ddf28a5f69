import { differences, ratios, spread, type Spread } from './rounds.ts'

/** What must not be greater than `atMost`: our figure, or what it is to the floor. */
export interface Goal {
  readonly of: 'figure' | 'ratio' | 'difference'
  readonly atMost: number
}

/** A line of the table. */
export interface Figure {
  readonly row: string
  readonly work: string
  readonly unit: string
  readonly ours: Spread
  readonly floor?: Spread
  /** What the floor does. */
  readonly floorIs?: string
  /** Ours divided by the floor. */
  readonly ratio?: Spread
  /** Ours minus the floor. */
  readonly difference?: Spread
  readonly goal?: Goal
}

/** What a line is made from: our figures and those of the floor, round by round. */
export interface Measured extends Omit<Figure, 'ours' | 'floor' | 'ratio' | 'difference'> {
  readonly ours: readonly number[]
  readonly floor?: readonly number[]
}

export function figure({ ours, floor, ...rest }: Measured): Figure {
  return {
    ...rest,
    ours: spread(ours),
    ...(floor && {
      floor: spread(floor),
      ratio: spread(ratios(ours, floor)),
      difference: spread(differences(ours, floor)),
    }),
  }
}

/** Whether a line keeps its goal; undefined where it has none. The median counts. */
export function isMet({ ours, ratio, difference, goal }: Figure): boolean | undefined {
  if (!goal) return undefined
  const judged = { figure: ours, ratio, difference }[goal.of]
  return judged !== undefined && judged.median <= goal.atMost
}
