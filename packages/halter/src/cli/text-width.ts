const WIDE =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}|\uFE0F|[\u{20000}-\u{3FFFD}]/u

/** Letters as a person counts them. Made when it is needed: it takes 8 ms, and most text is plain. */
export const graphemes = (() => {
  let segmenter: Intl.Segmenter | undefined
  return (text: string): Iterable<{ readonly segment: string; readonly index: number }> =>
    (segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' })).segment(text)
})()

const PLAIN = /^[\x20-\x7E]*$/

/** True for text with one column per character. */
export function isPlainText(text: string): boolean {
  return PLAIN.test(text)
}

/** Columns of one letter; see `graphemes`. An accent or joiner that stands alone takes none. */
export function graphemeWidth(segment: string): number {
  if (WIDE.test(segment)) return 2
  return /^[\p{M}\p{Cf}]+$/u.test(segment) ? 0 : 1
}

/** Columns that a text takes on a terminal; emoji and East Asian letters take two. */
export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes(text)) width += graphemeWidth(segment)
  return width
}

/** The text in at most `width` columns, ended by `…` where something is missing. */
export function cutToWidth(text: string, width: number): string {
  if (textWidth(text) <= width) return text
  if (PLAIN.test(text)) return `${text.slice(0, Math.max(0, width - 1))}…`
  let cut = ''
  let used = 1
  for (const { segment } of graphemes(text)) {
    used += graphemeWidth(segment)
    if (used > width) break
    cut += segment
  }
  return `${cut}…`
}

/** The text with spaces up to `width` columns. */
export function padToWidth(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)))
}
