import { parseInline } from './inline.ts'
import { RowWriter, type Row } from './row-writer.ts'
import { DIM, paintRun, STRONG, type Run } from './style.ts'

/** Rows that are looked at before the columns get their widths; rows after them have to fit in. */
const MAX_HELD = 200
/** Narrower columns are no table any more. */
const MIN_COLUMN = 5
const BETWEEN = ' │ '

type Align = 'left' | 'right' | 'center'

/** True for the line below the head of a table. */
export function isDelimiterRow(line: string, columns: number): boolean {
  return /^\s*\|(?:\s*:?-+:?\s*(?:\||$))+\s*$/.test(line) && cellsOf(line).length === columns
}

/** The cells of a line, without the pipes. */
export function cellsOf(line: string): string[] {
  const text = line
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '')
  return text.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll(String.raw`\|`, '|'))
}

/** A table whose rows come one by one. Its columns get their widths when it ends, or when so many rows are there that people want to see some. */
export class Table {
  readonly #head: readonly string[]
  readonly #aligns: readonly Align[]
  readonly #width: number
  readonly #hasColours: boolean
  readonly #inline: (text: string, style?: number) => readonly Run[]
  #held: string[][] = []
  #columns: readonly number[] | undefined

  constructor(head: string, delimiters: string, width: number, hasColours: boolean) {
    this.#hasColours = hasColours
    this.#head = cellsOf(head)
    this.#aligns = cellsOf(delimiters).map(alignOf)
    this.#width = width
    this.#inline = hasColours ? parseInline : (text) => [{ text, style: 0 }]
  }

  /** Rows that can be shown now. */
  add(line: string): string {
    const cells = cellsOf(line)
    this.#held.push(this.#head.map((_, index) => cells[index] ?? ''))
    return this.#columns || this.#held.length >= MAX_HELD ? this.#release() : ''
  }

  end(): string {
    return this.#release()
  }

  #release(): string {
    const rows = this.#held
    this.#held = []
    const isFirst = !this.#columns
    this.#columns ??= this.#fit(rows)
    if (this.#columns.length === 0) return rows.map((cells) => this.#record(cells)).join('')
    return (isFirst ? this.#headRows() : '') + rows.map((cells) => this.#row(cells)).join('')
  }

  /** Widths of the columns; none where they would be too narrow to read. */
  #fit(rows: readonly (readonly string[])[]): number[] {
    const widths = this.#head.map((title, index) =>
      Math.max(3, ...[title, ...rows.map((cells) => cells[index]!)].map((text) => this.#natural(text))),
    )
    const room = this.#width - BETWEEN.length * (widths.length - 1)
    if (room < MIN_COLUMN * widths.length) return widths.reduce((a, b) => a + b, 0) <= room ? widths : []
    return shrink(widths, room)
  }

  #natural(text: string): number {
    return cellRows(this.#inline(text), Infinity)[0]!.width
  }

  #headRows(): string {
    const rule = this.#columns!.map((width) => '─'.repeat(width)).join('─┼─')
    return this.#row(this.#head, STRONG) + `${this.#dim(rule)}\n`
  }

  #row(cells: readonly string[], style = 0): string {
    const columns = cells.map((cell, index) => cellRows(this.#inline(cell, style), this.#columns![index]!))
    const height = Math.max(...columns.map(({ length }) => length))
    const between = this.#dim(BETWEEN)
    let text = ''
    for (let at = 0; at < height; at++) {
      const parts = columns.map((rows, index) =>
        align(rows[at] ?? { text: '', width: 0 }, this.#columns![index]!, this.#aligns[index]!),
      )
      text += `${parts.join(between).trimEnd()}\n`
    }
    return text
  }

  #dim(text: string): string {
    return paintRun({ text, style: this.#hasColours ? DIM : 0 })
  }

  /** Where there is no room for columns: a line per cell, named. */
  #record(cells: readonly string[]): string {
    let text = ''
    for (const [index, cell] of cells.entries()) {
      const title = this.#inline(`${this.#head[index]}: `, STRONG)
      const rows: string[] = []
      const writer = new RowWriter(this.#width, { rest: [{ text: '  ', style: 0 }] }, (row) =>
        rows.push(`${row.text}\n`),
      )
      for (const run of [...title, ...this.#inline(cell)]) writer.add(run)
      writer.end()
      text += rows.join('')
    }
    return `${text}\n`
  }
}

function cellRows(runs: readonly Run[], width: number): Row[] {
  const rows: Row[] = []
  const writer = new RowWriter(width, {}, (row) => rows.push(row))
  for (const run of runs) writer.add(run)
  writer.end()
  return rows
}

function alignOf(cell: string): Align {
  if (!cell.endsWith(':')) return 'left'
  return cell.startsWith(':') ? 'center' : 'right'
}

function align({ text, width }: Row, column: number, how: Align): string {
  const space = Math.max(0, column - width)
  const before = how === 'right' ? space : how === 'center' ? Math.floor(space / 2) : 0
  return ' '.repeat(before) + text + ' '.repeat(space - before)
}

/** Takes from the widest columns until all fit. */
function shrink(widths: readonly number[], room: number): number[] {
  const total = widths.reduce((a, b) => a + b, 0)
  if (total <= room) return [...widths]
  // The greatest cap under which they fit: columns below it keep their width.
  let rest = room
  let cap = 0
  for (const [index, width] of widths.toSorted((a, b) => a - b).entries()) {
    cap = Math.floor(rest / (widths.length - index))
    if (width > cap) break
    rest -= width
  }
  return widths.map((width) => Math.min(width, cap))
}
