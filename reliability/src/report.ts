import type { Injection } from './faults/find-injection.ts'

/** What a section works with. */
export interface Circumstances {
  /** A folder that goes afterwards. */
  readonly scratch: string
  readonly injection: Injection
  readonly seed: number
  /** How many of the full number of runs: 1 is all of them. */
  readonly scale: number
}

/** A line of the report. */
export interface Row {
  readonly what: string
  /** What was done, how often, and what came of it. */
  readonly figures: readonly (readonly [name: string, figure: number | string])[]
  /** Everything that broke a promise, with what is needed to see it again. */
  readonly problems: readonly string[]
}

/** Part of `npm run test:crash`. */
export type Section = (given: Circumstances) => Promise<readonly Row[]>

/** So many of the full number, and never none. */
export function scaled(full: number, { scale }: Pick<Circumstances, 'scale'>): number {
  return Math.max(1, Math.round(full * scale))
}

/** A share runs beside other tests, which take the time that they take; only the full number is for a machine of its own. */
export function judgesTime({ scale }: Pick<Circumstances, 'scale'>): boolean {
  return scale >= 1
}

/** The rows as a table for people, as Markdown. */
export function formatRows(rows: readonly Row[]): string {
  const cells = rows.map(({ what, figures, problems }) => [
    what,
    figures.map(([name, figure]) => `${name} ${formatFigure(figure)}`).join(', '),
    problems.length === 0 ? '0' : `**${problems.length}**`,
  ])
  const table = [['what', 'figures', 'broken'], ...cells]
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]!.length)))
  const lines = table.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`,
  )
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [lines[0], rule, ...lines.slice(1)].join('\n')
}

function formatFigure(figure: number | string): string {
  if (typeof figure === 'string') return figure
  return figure.toLocaleString('en-US', { maximumFractionDigits: figure < 10 ? 2 : 0 })
}
