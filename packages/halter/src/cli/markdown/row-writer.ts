import { graphemes, graphemeWidth, isPlainText, textWidth } from '../text-width.ts'
import { paintRun, type Run } from './style.ts'

/** A row as it is written, and the columns it takes. */
export interface Row {
  readonly text: string
  readonly width: number
}

/**
 * Fills rows of a fixed width with text that comes in pieces. A word is placed when it has ended, so that nothing placed ever moves;
 * between wide letters (East Asian ones, emoji) a row may end anywhere. The same text in other pieces makes the same rows.
 */
export class RowWriter {
  #width: number
  readonly #rest: readonly Run[]
  readonly #onRow: (row: Row) => void
  #row: Placed
  #word = new Placed()
  #spaces: Run = { text: '', style: 0 }
  /** The end of what came: its last letter may still get an accent. */
  #tail: Run = { text: '', style: 0 }

  /** `first` stands before the first row, `rest` before each other. */
  constructor(
    width: number,
    { first = [], rest = [] }: { readonly first?: readonly Run[]; readonly rest?: readonly Run[] },
    onRow: (row: Row) => void,
  ) {
    this.#width = Math.max(width, 1)
    this.#rest = rest
    this.#onRow = onRow
    this.#row = new Placed(first)
  }

  /** The row that is being filled, as far as nothing in it will move. */
  get pending(): string {
    return this.#row.paint()
  }

  /** From now on rows have another width. One that is wider already ends where it is. */
  resize(width: number): void {
    this.#width = Math.max(width, 1)
    if (this.#row.width > this.#width) this.#endRow()
  }

  add(run: Run): void {
    if (run.text === '') return
    if (this.#tail.style !== run.style) this.#confirm(this.#tail)
    const text = this.#tail.style === run.style ? this.#tail.text + run.text : run.text
    const cut = lastLetter(text)
    this.#confirm({ text: text.slice(0, cut), style: run.style })
    this.#tail = { text: text.slice(cut), style: run.style }
  }

  /** Ends the last row. */
  end(): void {
    this.#confirm(this.#tail)
    this.#tail = { text: '', style: 0 }
    this.#endWord()
    this.#endRow()
  }

  #confirm({ text, style }: Run): void {
    for (const piece of text.split(/( +)/)) {
      if (piece === '') continue
      if (piece.startsWith(' ')) {
        this.#endWord()
        const isSame = this.#spaces.style === style
        this.#spaces = { text: (isSame ? this.#spaces.text : '') + piece, style }
      } else this.#addToWord({ text: piece, style })
    }
  }

  #addToWord({ text, style }: Run): void {
    if (isPlainText(text) && this.#word.width + text.length <= this.#capacity)
      return this.#word.add({ text, style }, text.length)
    for (const { segment } of graphemes(text)) {
      const width = graphemeWidth(segment)
      if (width > 1) this.#endWord()
      else if (this.#word.width + width > this.#capacity) this.#endWord()
      this.#word.add({ text: segment, style }, width)
      if (width > 1) this.#endWord()
    }
  }

  /** Columns of a row behind its prefix. */
  get #capacity(): number {
    return Math.max(1, this.#width - this.#rest.reduce((sum, { text }) => sum + textWidth(text), 0))
  }

  /** Places the word, on a new row where it does not fit. Spaces at the end of a row are nothing to see. */
  #endWord(): void {
    if (this.#word.width === 0 && this.#word.isEmpty) return
    const spaces = this.#spaces.text.length
    if (this.#row.hasText && this.#row.width + spaces + this.#word.width > this.#width) this.#endRow()
    else this.#row.add(this.#spaces, spaces)
    this.#spaces = { text: '', style: 0 }
    this.#row.take(this.#word)
    this.#word = new Placed()
  }

  #endRow(): void {
    this.#onRow({ text: this.#row.paint(), width: this.#row.width })
    this.#row = new Placed(this.#rest)
  }
}

/** A line as rows, none of them wider, without looks. */
export function wrapText(line: string, width: number): string[] {
  const rows: string[] = []
  const writer = new RowWriter(width, {}, ({ text }) => rows.push(text))
  writer.add({ text: line, style: 0 })
  writer.end()
  return rows
}

/** Runs side by side; neighbours that look the same are one. */
class Placed {
  width = 0
  /** True when something stands behind the prefix. */
  hasText = false
  readonly #runs: Run[] = []

  constructor(prefix: readonly Run[] = []) {
    for (const run of prefix) this.add(run, textWidth(run.text))
    this.hasText = false
  }

  get isEmpty(): boolean {
    return this.#runs.length === 0
  }

  add(run: Run, width: number): void {
    if (run.text === '') return
    const last = this.#runs.at(-1)
    if (last?.style === run.style)
      this.#runs[this.#runs.length - 1] = { text: last.text + run.text, style: run.style }
    else this.#runs.push(run)
    this.width += width
    this.hasText = true
  }

  take(other: Placed): void {
    for (const run of other.#runs) this.add(run, 0)
    this.width += other.width
  }

  paint(): string {
    return this.#runs.map(paintRun).join('')
  }
}

/** A letter with more UTF-16 units than this is no letter any more; waiting for its end would cost ever more time. */
const MAX_LETTER = 256

/** Where the last letter of a text begins. */
function lastLetter(text: string): number {
  if (isPlainText(text)) return text.length - 1
  let last = 0
  for (const { index } of graphemes(text)) last = index
  return text.length - last > MAX_LETTER ? text.length : last
}
