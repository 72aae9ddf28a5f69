import { completeLength } from '@halter/child-processes'

/** Bytes of what a handler wrote that a result carries. */
const MAX_TEXT_BYTES = 64 * 1024
/** Bytes of it that an error shows. */
const MAX_SNIPPET_BYTES = 256

/** Beginning and end of a text that is too long to be carried around. */
export function boundText(text: string): string {
  if (text.length * 3 <= MAX_TEXT_BYTES) return text
  const bytes = Buffer.from(text)
  if (bytes.length <= MAX_TEXT_BYTES) return text
  const half = MAX_TEXT_BYTES / 2
  const begin = bytes.subarray(0, completeLength(bytes.subarray(0, half)))
  let from = bytes.length - half
  while ((bytes[from]! & 0xc0) === 0x80) from++
  const dropped = from - begin.length
  return `${begin.toString()}\n[${dropped} of ${bytes.length} bytes left out here]\n${bytes.toString('utf8', from)}`
}

/** Enough of a text to recognise it in an error: one line, at most 256 bytes, no character cut in two. */
export function snippet(text: string): string {
  // No more than could be shown is looked at.
  const line = text
    .slice(0, MAX_SNIPPET_BYTES * 4)
    .trim()
    .replace(/\s+/g, ' ')
  const bytes = Buffer.from(line)
  if (bytes.length <= MAX_SNIPPET_BYTES && text.length <= MAX_SNIPPET_BYTES * 4) return line
  const room = bytes.subarray(0, MAX_SNIPPET_BYTES - 3)
  return `${room.toString('utf8', 0, completeLength(room))}…`
}
