import type { LineMatch } from './match-lines.ts'
import type { GrepAnswer, GrepRequest } from './search-request.ts'
import { shownLines } from './shown-lines.ts'
import type { ShownLine } from './shown-lines.ts'

/** UTF-16 units of a line that are shown, and how many of them lie before the match. */
const MAX_SHOWN = 400
const SHOWN_BEFORE = 100

/** Collects what a search found as lines of text: counts everything, and keeps what the caps allow. */
export class LineReport {
  readonly #request: GrepRequest
  readonly #lines: string[] = []
  #bytes = 0
  #totalLines = 0
  #matches = 0
  #files = 0
  #isFull = false

  constructor(request: GrepRequest) {
    this.#request = request
  }

  /** A file with matches, and how many. */
  addFile(path: string, count: number): void {
    this.#files++
    this.#matches += count
    this.#push(() => (this.#request.mode === 'count' ? `${path}:${count}` : path))
  }

  /** The matching lines of a file, with the context that was asked for. */
  addContent(path: string, text: string, matches: Iterable<LineMatch>): void {
    const { before, after } = this.#request
    const hadMatches = this.#matches > 0
    let isFirst = true
    for (const shown of shownLines(text, this.#counted(matches), { before, after })) {
      if (isFirst) this.#files++
      if (isFirst && hadMatches && before + after > 0) this.#push(() => '--')
      isFirst = false
      if (shown !== 'gap') this.#push(() => this.#format(path, text, shown))
      else if (before + after > 0) this.#push(() => '--')
    }
  }

  answer(): Pick<GrepAnswer, 'lines' | 'totalLines' | 'matches' | 'files'> {
    return { lines: this.#lines, totalLines: this.#totalLines, matches: this.#matches, files: this.#files }
  }

  *#counted(matches: Iterable<LineMatch>): Generator<LineMatch> {
    for (const match of matches) {
      this.#matches++
      yield match
    }
  }

  // Takes a function: once the caps are reached nothing is formatted any more, only counted.
  #push(format: () => string): void {
    this.#totalLines++
    if (this.#isFull) return
    const line = format()
    this.#bytes += Buffer.byteLength(line) + 1
    this.#isFull =
      this.#lines.length >= this.#request.maxLines ||
      (this.#bytes > this.#request.maxBytes && this.#lines.length > 0)
    if (!this.#isFull) this.#lines.push(line)
  }

  #format(path: string, text: string, shown: ShownLine): string {
    const mark = shown.isMatch ? ':' : '-'
    const number = this.#request.lineNumbers ? `${mark}${shown.line}` : ''
    return `${path}${number}${mark}${excerpt(text, shown)}`
  }
}

/** A line, or of a long one the part around the match. */
function excerpt(text: string, { start, end, at }: ShownLine): string {
  if (end - start <= MAX_SHOWN) return text.slice(start, end).replace(/\r$/, '')
  const from = Math.max(start, Math.min(at - SHOWN_BEFORE, end - MAX_SHOWN))
  const shown = text.slice(from, from + MAX_SHOWN).toWellFormed()
  return `${from > start ? '…' : ''}${shown}${from + MAX_SHOWN < end ? '…' : ''} [part of a line of ${end - start} characters]`
}
