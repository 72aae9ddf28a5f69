/** Middle, least and greatest of several figures. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** Does a piece of work once and tells its figure, in the unit of its row. */
export type Work = () => Promise<number>

/**
 * Does several works in turn (A B C, A B C, …), so that whatever else the machine does meanwhile meets all of them alike. Before that
 * come `warmUps` rounds that do not count.
 */
export async function inTurn<K extends string>(
  rounds: number,
  works: Readonly<Record<K, Work>>,
  warmUps = 1,
): Promise<Record<K, number[]>> {
  const names = Object.keys(works) as K[]
  const figures = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<K, number[]>
  for (let round = -warmUps; round < rounds; round++)
    for (const name of names) {
      const figure = await works[name]()
      if (round >= 0) figures[name].push(figure)
    }
  return figures
}

export function spread(figures: readonly number[]): Spread {
  const sorted = figures.toSorted((a, b) => a - b)
  return { median: median(sorted), min: sorted[0]!, max: sorted.at(-1)! }
}

/** Round by round: a figure and what it is compared with met the same noise. */
export function ratios(figures: readonly number[], floor: readonly number[]): number[] {
  return figures.map((figure, round) => figure / floor[round]!)
}

/** Round by round, like {@link ratios}. */
export function differences(figures: readonly number[], floor: readonly number[]): number[] {
  return figures.map((figure, round) => figure - floor[round]!)
}

export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
