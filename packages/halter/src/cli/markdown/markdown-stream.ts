import { printable } from '../printable.ts'
import { cutToWidth } from '../text-width.ts'
import { blockStart, endsFence, type BlockStart } from './block-start.ts'
import { InlineParser } from './inline.ts'
import { RowWriter } from './row-writer.ts'
import { DIM, LINK, paintRun, STRONG, type Run } from './style.ts'
import { cellsOf, isDelimiterRow, Table } from './table.ts'

/** How Markdown is shown. */
export interface MarkdownOptions {
  /** Columns of a row. */
  readonly width: number
  /** False: no escape sequences; the marks stay, since nothing else would tell what is emphasised. */
  readonly hasColours: boolean
}

/** A line that is shown while it comes. */
interface OpenLine {
  readonly rows: RowWriter
  add(text: string): void
  end(): void
}

/**
 * Markdown as it comes from a model, as rows for a terminal. A row that was given out stays: the same text in other pieces gives the
 * same rows. No control character of the text is among them. Lines of code are not wrapped, so that they can be copied.
 */
export class MarkdownStream {
  #options: MarkdownOptions
  #out = ''
  /** What may go on: half of a line's end or of a letter. */
  #carry = ''
  /** The line that comes, as far as it is not given on. */
  #line = ''
  #open: OpenLine | undefined
  #fence: string | undefined
  /** What may be the head of a table. */
  #head: string | undefined
  #table: Table | undefined
  #blanks = 0
  #hasText = false

  constructor(options: MarkdownOptions) {
    this.#options = options
  }

  /** Takes a piece of text, and gives the rows that are finished with it. */
  push(text: string): string {
    const all = this.#carry + text
    const cut = /[\r\uD800-\uDBFF]$/.test(all) ? all.length - 1 : all.length
    this.#carry = all.slice(cut)
    this.#take(all.slice(0, cut))
    return this.#give()
  }

  /** The rest. */
  end(): string {
    this.#take(this.#carry)
    this.#carry = ''
    if (this.#line !== '' || this.#open) this.#endLine()
    this.#endTable()
    return this.#give()
  }

  /** The rows that come have another width; gives those that this ends. */
  resize(width: number): string {
    this.#options = { ...this.#options, width }
    this.#open?.rows.resize(width)
    return this.#give()
  }

  /** What can be shown of the row that is not finished: nothing in it will move. */
  get pending(): string {
    if (this.#open) return this.#open.rows.pending
    if (this.#table) return paintRun({ text: '…', style: this.#options.hasColours ? DIM : 0 })
    if (this.#fence === undefined) return ''
    const { width } = this.#options
    return cutToWidth(this.#line.slice(0, width * 2), width - 1)
  }

  #give(): string {
    const out = this.#out
    this.#out = ''
    return out
  }

  #take(text: string): void {
    if (text === '') return
    const [first, ...lines] = printable(text).replaceAll('\t', '    ').split('\n')
    this.#addToLine(first!)
    for (const line of lines) {
      this.#endLine()
      this.#addToLine(line)
    }
  }

  #addToLine(text: string): void {
    if (text === '') return
    if (this.#open) return this.#open.add(text)
    this.#line += text
    if (this.#fence !== undefined || this.#head !== undefined) return
    const isRow = this.#table && /^\s*(?:\||$)/.test(this.#line)
    if (isRow) return
    const start = blockStart(this.#line, false)
    if (start) this.#begin(start)
  }

  /** Lines whose kind is clear, and that are text, are shown from now on. */
  #begin(start: BlockStart): void {
    if (!('rest' in start)) return
    this.#endTable()
    this.#line = ''
    this.#blank()
    this.#open = openLine(start, this.#options, (row) => (this.#out += `${row}\n`))
    this.#open.add(start.rest)
  }

  #endLine(): void {
    const line = this.#line
    this.#line = ''
    if (this.#open) {
      this.#open.end()
      this.#open = undefined
    } else if (this.#fence !== undefined) this.#endCodeLine(line)
    else this.#endHeldLine(line)
  }

  #endCodeLine(line: string): void {
    const isEnd = endsFence(line, this.#fence!)
    if (isEnd) this.#fence = undefined
    this.#out += `${isEnd ? this.#dim(line) : line}\n`
  }

  /** A line that had to be whole before it could be told what it is. */
  #endHeldLine(line: string): void {
    const head = this.#head
    this.#head = undefined
    if (head !== undefined && isDelimiterRow(line, cellsOf(head).length)) {
      this.#blank()
      this.#table = new Table(head, line, this.#options.width, this.#options.hasColours)
      return
    }
    if (head !== undefined) this.#text(head)
    const start = blockStart(line, true)!
    if (this.#table && start.kind === 'row') {
      this.#out += this.#table.add(line)
      return
    }
    this.#endTable()
    switch (start.kind) {
      case 'blank':
        this.#blanks += 1
        return
      case 'row':
        this.#head = line
        return
      case 'rule':
        this.#blank()
        this.#out += `${this.#dim(this.#options.hasColours ? '─'.repeat(Math.min(40, this.#options.width)) : line)}\n`
        return
      case 'fence':
        this.#blank()
        this.#fence = start.mark
        this.#out += `${this.#dim(line)}\n`
        return
      default:
        this.#begin(start)
        this.#open?.end()
        this.#open = undefined
    }
  }

  /** Ends what may have been a table: it is none, or it is over. */
  #endTable(): void {
    const head = this.#head
    this.#head = undefined
    if (head !== undefined) this.#text(head)
    if (this.#table) this.#out += this.#table.end()
    this.#table = undefined
  }

  #text(line: string): void {
    this.#begin({ kind: 'text', indent: 0, quotes: 0, mark: '', rest: line })
    this.#open!.end()
    this.#open = undefined
  }

  /** One empty row, however many there are; none at the beginning, and none at the end. */
  #blank(): void {
    if (this.#blanks > 0 && this.#hasText) this.#out += '\n'
    this.#blanks = 0
    this.#hasText = true
  }

  #dim(text: string): string {
    return paintRun({ text, style: this.#options.hasColours ? DIM : 0 })
  }
}

function openLine(
  start: Extract<BlockStart, { readonly rest: string }>,
  { width, hasColours }: MarkdownOptions,
  onRow: (row: string) => void,
): OpenLine {
  const prefix = prefixOf(start, Math.floor(width / 2), hasColours)
  const rows = new RowWriter(width, prefix, ({ text }) => onRow(text))
  const style = start.kind !== 'heading' ? 0 : start.mark.length === 1 ? STRONG | LINK : STRONG
  const parser = hasColours ? new InlineParser((run) => rows.add(run), style) : undefined
  return {
    rows,
    add(text) {
      if (parser) parser.push(text)
      else rows.add({ text, style: 0 })
    },
    end() {
      parser?.end()
      rows.end()
    },
  }
}

/** What stands before the first row of a line, and before each other. */
function prefixOf(
  { kind, indent, quotes, mark }: Extract<BlockStart, { readonly rest: string }>,
  room: number,
  hasColours: boolean,
): { readonly first: readonly Run[]; readonly rest: readonly Run[] } {
  const bar: Run = {
    text: (hasColours ? '│ ' : '> ').repeat(Math.min(quotes, 8)),
    style: hasColours ? DIM : 0,
  }
  const left = ' '.repeat(Math.min(indent, Math.max(0, room - bar.text.length)))
  if (kind === 'item') {
    const bullet = hasColours && mark.length === 1 ? '•' : mark
    const hang = ' '.repeat(bullet.length + 1)
    return {
      first: [bar, { text: `${left}${bullet} `, style: 0 }],
      rest: [bar, { text: left + hang, style: 0 }],
    }
  }
  const shown = kind === 'heading' && !hasColours ? `${mark} ` : ''
  return { first: [bar, { text: left + shown, style: 0 }], rest: [bar, { text: left, style: 0 }] }
}
