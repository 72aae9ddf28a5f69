import { printableLine } from './printable.ts'
import { cutToWidth, padToWidth, textWidth } from './text-width.ts'

/** How columns are set. */
export interface ColumnsOptions {
  /** Columns of the terminal; absent: nothing is cut. */
  readonly width?: number | undefined
  /** Spaces before each line. Default 0. */
  readonly indent?: number
}

/** Rows in columns, two spaces apart. The last column gets what the terminal has left, at least 20 columns. */
export function columns(
  rows: readonly (readonly string[])[],
  { width, indent = 0 }: ColumnsOptions = {},
): string {
  const cells = rows.map((row) => row.map(printableLine))
  const count = Math.max(0, ...cells.map((row) => row.length))
  const widths = Array.from({ length: count }, (_, column) =>
    Math.max(0, ...cells.map((row) => (column === row.length - 1 ? 0 : textWidth(row[column] ?? '')))),
  )
  const line = (row: readonly string[]): string => {
    const before = row.slice(0, -1).map((cell, column) => `${padToWidth(cell, widths[column]!)}  `)
    const head = ' '.repeat(indent) + before.join('')
    const last = row.at(-1) ?? ''
    const rest = width === undefined ? last : cutToWidth(last, Math.max(20, width - textWidth(head)))
    return `${head}${rest}`.trimEnd()
  }
  return cells.map((row) => `${line(row)}\n`).join('')
}
