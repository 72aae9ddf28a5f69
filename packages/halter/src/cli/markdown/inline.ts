import { CODE, DIM, EMPHASIS, LINK, STRONG, STRUCK, type Run, type Style } from './style.ts'

/** How far a mark's other half is looked for, in UTF-16 units. What is further away is not marked. */
const REACH = 400
/** More marks side by side than this are taken in portions. */
const MAX_MARKS = 32
/** With so much text behind a mark, everything that could be its other half has been seen. */
const MAX_HELD = 2 * REACH + 3 * MAX_MARKS
/** Spans inside of spans; what is deeper is text. */
const MAX_DEPTH = 3
const SPECIAL = /[\\`*_~[]/g
const PUNCTUATION = /[!-/:-@[-`{-~]/

/**
 * Emphasis, code and links of one line, whose text comes in pieces. What may still turn out to be marked is held back, so that nothing
 * that was given on is ever taken back; a mark without another half is text.
 */
export class InlineParser {
  readonly #emit: (run: Run) => void
  readonly #style: Style
  readonly #depth: number
  #held = ''
  /** The character before `#held`. */
  #before = ''

  constructor(emit: (run: Run) => void, style: Style = 0, depth = 0) {
    this.#emit = emit
    this.#style = style
    this.#depth = depth
  }

  push(text: string): void {
    this.#held = this.#parse(this.#held + text, false)
  }

  end(): void {
    this.#parse(this.#held, true)
    this.#held = ''
  }

  /** Gives on what is decided, and returns the rest. */
  #parse(text: string, isWhole: boolean): string {
    let at = 0
    while (at < text.length) {
      SPECIAL.lastIndex = at
      const special = SPECIAL.exec(text)?.index ?? text.length
      this.#give(text.slice(at, special))
      at = special
      if (at === text.length) break
      const found = findSpan(text, at, { before: this.#before, isWhole, depth: this.#depth })
      if (found === 'unknown') {
        if (!isWhole && text.length - at <= MAX_HELD) return text.slice(at)
        const { length } = runAt(text, at)
        this.#give(text.slice(at, at + length))
        at += length
        continue
      }
      for (const run of found.runs) this.#emit({ text: run.text, style: run.style | this.#style })
      this.#before = text.charAt(found.end - 1)
      at = found.end
    }
    return ''
  }

  #give(text: string): void {
    if (text === '') return
    this.#emit({ text, style: this.#style })
    this.#before = text.at(-1)!
  }
}

/** A span of a line that is decided. */
interface Span {
  readonly runs: readonly Run[]
  /** Behind its last mark. */
  readonly end: number
}

/** All of a text that is there whole, such as a table's cell. */
export function parseInline(text: string, style: Style = 0, depth = 0): Run[] {
  if (depth > MAX_DEPTH) return [{ text, style }]
  const runs: Run[] = []
  const parser = new InlineParser((run) => runs.push(run), style, depth)
  parser.push(text)
  parser.end()
  return runs
}

interface Place {
  /** The character before the mark. */
  readonly before: string
  /** True when nothing comes behind the text. */
  readonly isWhole: boolean
  readonly depth: number
}

/** What the mark at `at` begins; `unknown` where its other half is not there, yet or at all. */
function findSpan(text: string, at: number, place: Place): Span | 'unknown' {
  switch (text[at]) {
    case '\\':
      return findEscape(text, at, place)
    case '`':
      return findCode(text, at, place)
    case '[':
      return findLink(text, at, place)
    default:
      return findEmphasis(text, at, place)
  }
}

function findEscape(text: string, at: number, { isWhole }: Place): Span | 'unknown' {
  const next = text[at + 1]
  if (next === undefined && !isWhole) return 'unknown'
  const isEscape = next !== undefined && PUNCTUATION.test(next)
  return literal(isEscape ? next : '\\', at + (isEscape ? 2 : 1))
}

function findCode(text: string, at: number, { isWhole }: Place): Span | 'unknown' {
  const { length, isOpen } = runAt(text, at)
  if (isOpen && !isWhole) return 'unknown'
  const marks = '`'.repeat(length)
  const end = Math.min(text.length, at + length + REACH)
  for (let close = text.indexOf(marks, at + length); close !== -1 && close < end;) {
    const run = runAt(text, close)
    if (run.isOpen && !isWhole) return 'unknown'
    if (run.length === length) {
      const inner = text.slice(at + length, close)
      const isPadded = /^ .*\S.* $|^ \S $/.test(inner)
      return { runs: [{ text: isPadded ? inner.slice(1, -1) : inner, style: CODE }], end: close + length }
    }
    close = text.indexOf(marks, close + run.length)
  }
  return 'unknown'
}

/** `[text](url)`: the text, and the address where it says something else. */
function findLink(text: string, at: number, { isWhole, depth }: Place): Span | 'unknown' {
  const close = text.indexOf(']', at + 1)
  if (close === -1 || close > at + REACH) return 'unknown'
  const next = text[close + 1]
  if (next === undefined && !isWhole) return 'unknown'
  if (next !== '(') return literal('[', at + 1)
  const end = closingParenthesis(text, close + 1)
  if (end === undefined) return 'unknown'
  const label = text.slice(at + 1, close)
  const url = text.slice(close + 2, end)
  if (label === '' || url === '') return literal('[', at + 1)
  const address: Run[] = label === url ? [] : [{ text: ` (${url})`, style: DIM }]
  return { runs: [...parseInline(label, LINK, depth + 1), ...address], end: end + 1 }
}

function closingParenthesis(text: string, at: number): number | undefined {
  let depth = 0
  for (let index = at; index < Math.min(text.length, at + REACH); index++) {
    if (text[index] === '(') depth++
    if (text[index] === ')' && --depth === 0) return index
  }
  return undefined
}

const EMPHASES: Readonly<Record<string, readonly Style[]>> = {
  '*': [EMPHASIS, STRONG, STRONG | EMPHASIS],
  _: [EMPHASIS, STRONG, STRONG | EMPHASIS],
  '~': [0, STRUCK, 0],
}

/** By CommonMark's flanking rules: `2 * 3` and `snake_case` are no emphasis. */
function findEmphasis(text: string, at: number, { before, isWhole, depth }: Place): Span | 'unknown' {
  const mark = text[at]!
  const { length, isOpen } = runAt(text, at)
  if (isOpen && !isWhole) return 'unknown'
  const style = EMPHASES[mark]![length - 1] ?? 0
  const opens = canOpen(mark, before, text[at + length])
  if (style === 0 || !opens) return literal(text.slice(at, at + length), at + length)
  const end = Math.min(text.length, at + length + REACH)
  for (let close = text.indexOf(mark, at + length); close !== -1 && close < end;) {
    const run = runAt(text, close)
    if (run.isOpen && !isWhole) return 'unknown'
    const isEnough = run.length === length || (run.length === 3 && length < 3)
    const inner = text.slice(at + length, close + run.length - length)
    const isClosed = isEnough && canClose(mark, text[close - 1]!, text[close + run.length])
    if (isClosed && inner !== '')
      return { runs: parseInline(inner, style, depth + 1), end: close + run.length }
    close = text.indexOf(mark, close + run.length)
  }
  return 'unknown'
}

function canOpen(mark: string, before: string, after: string | undefined): boolean {
  if (after === undefined || /\s/.test(after)) return false
  return mark !== '_' || !/[\p{L}\p{N}]/u.test(before)
}

function canClose(mark: string, before: string, after: string | undefined): boolean {
  if (/\s|\\/.test(before)) return false
  return mark !== '_' || after === undefined || !/[\p{L}\p{N}]/u.test(after)
}

/** The marks of one kind at a place; `isOpen`: the text ends with them, so there may be more. */
function runAt(text: string, at: number): { readonly length: number; readonly isOpen: boolean } {
  const mark = text[at]
  let end = at + 1
  if (mark !== '[' && mark !== '\\') while (end - at < MAX_MARKS && text[end] === mark) end++
  return { length: end - at, isOpen: end === text.length && end - at < MAX_MARKS }
}

function literal(text: string, end: number): Span {
  return { runs: [{ text, style: 0 }], end }
}
