import { lineEnd } from './match-lines.ts'
import type { LineMatch } from './match-lines.ts'

/** One line of a result, by offsets into the text. */
export interface ShownLine {
  /** From 1. */
  readonly line: number
  readonly start: number
  readonly end: number
  /** False for a line of context. */
  readonly isMatch: boolean
  /** Where to look: the match's beginning, or the line's. */
  readonly at: number
}

interface Place {
  readonly line: number
  readonly start: number
}

/**
 * Each matching line once, with `before` and `after` lines around it, in the order of the text. `gap` stands where lines were
 * left out between two groups.
 */
export function* shownLines(
  text: string,
  matches: Iterable<LineMatch>,
  { before, after }: { readonly before: number; readonly after: number },
): Generator<ShownLine | 'gap'> {
  // The first line that was not shown yet, and how many from there the last match still wants.
  let next: Place = { line: 1, start: 0 }
  let owed = 0
  let isFirst = true
  for (const match of matches) {
    next = yield* context(text, next, { lines: owed, until: match.line })
    const from = placeBefore(text, match, { lines: before, from: next })
    if (from.line > next.line && !isFirst) yield 'gap'
    isFirst = false
    const begin = yield* context(text, from, { lines: before, until: match.line })
    next = yield* matched(text, begin, match)
    owed = after
  }
  yield* context(text, next, { lines: owed, until: Infinity })
}

/** Lines from a place on, at most `lines`, and only those before line `until`. Returns the place after them. */
function* context(
  text: string,
  from: Place,
  { lines, until }: { readonly lines: number; readonly until: number },
): Generator<ShownLine, Place> {
  let { line, start } = from
  for (let left = lines; left > 0 && line < until && start < text.length; left--) {
    const end = lineEnd(text, start)
    yield { line, start, end, isMatch: false, at: start }
    start = end + 1
    line++
  }
  return { line, start }
}

/** The lines of a match that were not shown yet. */
function* matched(text: string, from: Place, match: LineMatch): Generator<ShownLine, Place> {
  let { line, start } = from
  while (start <= match.end && (start < text.length || start === match.start)) {
    const end = lineEnd(text, start)
    yield { line, start, end, isMatch: true, at: Math.max(start, match.at) }
    start = end + 1
    line++
  }
  return { line, start }
}

/** The place some lines above a match, but not above `from`. */
function placeBefore(
  text: string,
  match: LineMatch,
  { lines, from }: { readonly lines: number; readonly from: Place },
): Place {
  // The match begins on a line that was shown already.
  if (match.line < from.line) return from
  let { line, start } = match
  for (let left = lines; left > 0 && line > from.line; left--) {
    // A negative position would count as 0.
    start = start < 2 ? 0 : text.lastIndexOf('\n', start - 2) + 1
    line--
  }
  return { line, start }
}
