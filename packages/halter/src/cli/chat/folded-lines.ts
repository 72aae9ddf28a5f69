import { printableLine } from '../printable.ts'

/** Lines kept of the beginning and of the end. */
const FIRST = 4
const LAST = 6
/** Of a line, more is not looked at. UTF-16 units. */
const MAX_LINE = 1_000

/** Lines of an output that may be endless: the first, the last, and how many there were. */
export class FoldedLines {
  readonly #first: string[] = []
  #last: string[] = []
  #rest = ''
  #count = 0

  push(text: string): void {
    const lines = text.split('\n')
    lines[0] = this.#rest + lines[0]!
    this.#rest = lines.pop()!.slice(-MAX_LINE)
    this.#count += lines.length
    const missing = FIRST - this.#first.length
    this.#first.push(...lines.slice(0, Math.max(0, missing)).map(shown))
    const newest = lines.slice(Math.max(0, missing)).slice(-LAST).map(shown)
    this.#last = [...this.#last, ...newest].slice(-LAST)
  }

  /** The newest lines, the one that has not ended included. */
  tail(count: number): string[] {
    const lines = [...this.#first, ...this.#last]
    if (this.#rest !== '') lines.push(shown(this.#rest))
    return lines.slice(-count)
  }

  /** Everything that there is room for; what is left out is counted. */
  folded(): string[] {
    if (this.#rest !== '') this.push('\n')
    const hidden = this.#count - this.#first.length - this.#last.length
    return [
      ...this.#first,
      ...(hidden > 0 ? [`… ${hidden} more line${hidden === 1 ? '' : 's'}`] : []),
      ...this.#last,
    ]
  }
}

/** As it would look in the end: what a progress bar drew over is gone. */
function shown(line: string): string {
  const last = line.split('\r').findLast((drawn) => drawn !== '') ?? ''
  return printableLine(last.slice(0, MAX_LINE).replaceAll('\t', '    '))
}
