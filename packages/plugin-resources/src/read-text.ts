import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

/** What a file turned out to be: its text, all of it or the beginning; or why there is none. */
export type TextFile =
  | { readonly text: string; readonly size: number; readonly isCut: boolean }
  | { readonly problem: string; readonly cure: string }

/** No file of resources is near this. Bytes. */
export const MAX_FILE_BYTES = 1024 * 1024

/**
 * Reads a file as UTF-8, at most its first `MAX_FILE_BYTES`. Never blocks: what is no file, such as a pipe, is refused, not waited
 * for.
 */
export function readText(path: string): TextFile {
  try {
    // Windows has no O_NONBLOCK; "or" takes what is undefined as 0.
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const stats = fstatSync(file)
      if (!stats.isFile()) return { problem: 'It is no file.', cure: 'Put a file in its place.' }
      const { size } = stats
      const isCut = size > MAX_FILE_BYTES
      const bytes = readStart(file, Math.min(size, MAX_FILE_BYTES))
      // `stream`: a character that the cut halved is left out.
      const text = new TextDecoder().decode(bytes, { stream: isCut })
      if (text.includes('\0')) return { problem: 'It is not text.', cure: 'Remove or rename it.' }
      return { text, size, isCut }
    } finally {
      closeSync(file)
    }
  } catch (error) {
    return { problem: `It could not be read: ${String(error)}.`, cure: 'Look at its permissions.' }
  }
}

/** A file may shrink while it is read; one that grows is read again, for then its times have changed. */
function readStart(file: number, size: number): Buffer {
  const buffer = Buffer.alloc(size)
  let length = 0
  while (length < size) {
    const count = readSync(file, buffer, length, size - length, length)
    if (count === 0) break
    length += count
  }
  return buffer.subarray(0, length)
}
