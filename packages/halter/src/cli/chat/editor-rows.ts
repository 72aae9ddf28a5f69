import { printable } from '../printable.ts'
import { graphemes, graphemeWidth, isPlainText } from '../text-width.ts'
import type { LineEditor } from './line-editor.ts'

/** An edited text as rows of a terminal. */
export interface EditorRows {
  readonly rows: readonly string[]
  /** Where the next letter will stand: an index of `rows`, and columns before it. */
  readonly row: number
  readonly column: number
}

/** A long text is shown around the place where it is edited. */
const SHOWN_UNITS = 4_000

/** The rows around the cursor, at most `height`, each at most `width` columns with what stands before it. */
export function editorRows(
  editor: Pick<LineEditor, 'text' | 'cursor'>,
  prompt: string,
  { width, height }: { readonly width: number; readonly height: number },
): EditorRows {
  const from = Math.max(0, editor.cursor - SHOWN_UNITS)
  const before = layOut(editor.text.slice(from, editor.cursor), prompt, width)
  const row = before.length - 1
  const column = before[row]!.width
  const after = layOut(
    editor.text.slice(editor.cursor, editor.cursor + SHOWN_UNITS),
    prompt,
    width,
    before[row],
  )
  const all = [...before.slice(0, -1), ...after].map(({ text }) => text)
  const first = Math.max(0, Math.min(row - Math.floor(height / 2), all.length - height))
  return { rows: all.slice(first, first + height), row: row - first, column }
}

interface LaidOut {
  readonly text: string
  readonly width: number
}

/** Rows of a text; a full one goes on in the next, which begins with as many spaces as the prompt is long. */
function layOut(text: string, prompt: string, width: number, begun?: LaidOut): LaidOut[] {
  const indent = ' '.repeat(prompt.length)
  const rows: LaidOut[] = []
  let row = begun ?? { text: prompt, width: prompt.length }
  const next = (): void => {
    rows.push(row)
    row = { text: indent, width: indent.length }
  }
  for (const [index, line] of printable(text).replaceAll('\t', '    ').split('\n').entries()) {
    if (index > 0) next()
    if (isPlainText(line) && row.width + line.length < width) {
      row = { text: row.text + line, width: row.width + line.length }
      continue
    }
    for (const { segment } of graphemes(line)) {
      const columns = graphemeWidth(segment)
      // The last column stays free: the cursor may have to stand there.
      if (row.width + columns >= width) next()
      row = { text: row.text + segment, width: row.width + columns }
    }
  }
  return [...rows, row]
}
