import type { RE2JS } from 're2js'

/** Where a pattern fits: whole lines, by offsets into the text. */
export interface LineMatch {
  /** The number of the first line, from 1. */
  readonly line: number
  /** Where that line begins. */
  readonly start: number
  /** Where the last line of the match ends, its line end not included. */
  readonly end: number
  /** Where the match itself begins. */
  readonly at: number
}

/** The lines that a pattern fits, each looked at alone. */
export function* matchesByLine(text: string, pattern: RE2JS): Generator<LineMatch> {
  let line = 1
  for (let start = 0; start < text.length; line++) {
    const next = lineEnd(text, start)
    const end = next > start && text.charCodeAt(next - 1) === 13 ? next - 1 : next
    const content = text.slice(start, end)
    if (pattern.test(content)) yield { line, start, end, at: start + matchAt(content, pattern) }
    start = next + 1
  }
}

/** The places in a text that a pattern fits, over line ends as well. */
export function* matchesOfText(text: string, pattern: RE2JS): Generator<LineMatch> {
  const matcher = pattern.matcher(text)
  let line = 1
  let start = 0
  while (matcher.find()) {
    const at = matcher.start()
    // After the last line end there is no line.
    if (at === text.length && text.endsWith('\n')) return
    for (let next = lineEnd(text, start); next < at; next = lineEnd(text, start)) {
      start = next + 1
      line++
    }
    const last = Math.max(at, matcher.end() - 1)
    yield { line, start, end: lineEnd(text, last), at }
  }
}

/** The index of the line end at or after an index; the length of the text when there is none. */
export function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end === -1 ? text.length : end
}

function matchAt(content: string, pattern: RE2JS): number {
  // Only long lines are shown in part, around the match.
  if (content.length < 400) return 0
  const matcher = pattern.matcher(content)
  return matcher.find() ? matcher.start() : 0
}
