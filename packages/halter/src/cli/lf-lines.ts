import { UsageError } from './usage-error.ts'

/** A line may hold pictures, and must not fill the memory. UTF-16 units. */
const MAX_LINE = 64 * 1_048_576

/**
 * Lines that end with LF, or with CR and LF, and the last one even without. Not `node:readline`: it also ends a line at U+2028, which
 * JSON leaves as it is inside of texts.
 * @throws UsageError for a line that is too long.
 */
export async function* lfLines(stream: AsyncIterable<string | Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let parts: string[] = []
  let length = 0
  for await (const chunk of stream) {
    const pieces = (typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })).split('\n')
    for (const [index, piece] of pieces.entries()) {
      parts.push(piece)
      length += piece.length
      if (length > MAX_LINE) throw new UsageError(`A line of stdin is longer than ${MAX_LINE} characters.`)
      if (index === pieces.length - 1) continue
      yield parts.join('').replace(/\r$/, '')
      parts = []
      length = 0
    }
  }
  const last = parts.join('') + decoder.decode()
  if (last !== '') yield last
}
