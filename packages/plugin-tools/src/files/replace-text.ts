import { failure } from '../failure.ts'

/** UTF-16 units that a text may have after a change. */
const MAX_LENGTH = 64 * 1024 * 1024

/** What to replace in a text. */
export interface TextChange {
  readonly oldText: string
  readonly newText: string
  readonly all: boolean
}

/** The text after a change, and where it changed. */
export interface ChangedText {
  readonly text: string
  readonly count: number
  /** Index of the first replacement in the new text. */
  readonly at: number
  /** UTF-16 units of one replacement. */
  readonly length: number
}

/**
 * Replaces one text by another, character by character; in a file with CRLF line ends, line ends of both texts count as CRLF,
 * since models write LF.
 * @throws HalterError `ERR_TOOL_FAILED` with the cure, when the old text is missing, or is there more than once and `all` is false.
 */
export function replaceText(text: string, change: TextChange, path: string): ChangedText {
  const { oldText, newText } = fitLineEnds(text, change)
  const first = text.indexOf(oldText)
  if (first === -1) throw missing(text, change.oldText, path)
  const second = text.indexOf(oldText, first + 1)
  if (!change.all && second !== -1) throw ambiguous(text, oldText, path)
  const count = change.all ? countOf(text, oldText) : 1
  if (text.length + count * (newText.length - oldText.length) > MAX_LENGTH)
    throw failure(
      `${path} would become too large (${count} replacements), and was left as it is. Use a command instead.`,
    )
  // A function: "$&" in the new text is meant as it is written.
  return { text: text.replaceAll(oldText, () => newText), count, at: first, length: newText.length }
}

function countOf(text: string, part: string): number {
  let count = 0
  for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + part.length)) count++
  return count
}

function fitLineEnds(text: string, change: TextChange): { oldText: string; newText: string } {
  const { oldText, newText } = change
  const isAsWritten = text.includes(oldText)
  if (!usesCrlf(isAsWritten && oldText.includes('\n') ? oldText : text)) return { oldText, newText }
  return { oldText: isAsWritten ? oldText : toCrlf(oldText), newText: toCrlf(newText) }
}

/** True when most line ends are CRLF. */
function usesCrlf(text: string): boolean {
  const crlf = text.split('\r\n').length - 1
  return crlf > 0 && crlf * 2 > text.split('\n').length - 1
}

function toCrlf(text: string): string {
  return text.replace(/\r?\n/g, '\r\n')
}

function missing(text: string, oldText: string, path: string): Error {
  const near = similarLine(text, oldText)
  const hint =
    near === undefined
      ? 'Read the file again and copy the text as it is now.'
      : `Line ${near} is alike but for spaces or tabs: copy it exactly, without the line number and the tab that read shows before it.`
  return failure(`old_string is not in ${path}, so nothing was changed. ${hint}`)
}

function ambiguous(text: string, oldText: string, path: string): Error {
  const lines: number[] = []
  let count = 0
  for (let at = text.indexOf(oldText); at !== -1; at = text.indexOf(oldText, at + 1)) {
    count++
    if (lines.length < 20) lines.push(lineAt(text, at))
  }
  const where = `${lines.join(', ')}${count > lines.length ? ', …' : ''}`
  return failure(
    `old_string is in ${path} ${count} times (lines ${where}), so nothing was changed. Add lines around it until it is unique, ` +
      'or set replace_all to change every one.',
  )
}

/** The first line that equals the first line of `oldText` with content, spaces aside. */
function similarLine(text: string, oldText: string): number | undefined {
  const bare = (line: string): string => line.replace(/\s+/g, '')
  const wanted = oldText
    .split('\n')
    .map(bare)
    .find((line) => line !== '')
  if (wanted === undefined) return undefined
  const index = text.split('\n').findIndex((line) => line.length < 2000 && bare(line) === wanted)
  return index === -1 ? undefined : index + 1
}

/** The number of the line that holds an index, from 1. */
export function lineAt(text: string, index: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < index; at = text.indexOf('\n', at + 1)) line++
  return line
}
