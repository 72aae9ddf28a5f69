import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

/** What a file turned out to be. */
export type TextFile = { readonly text: string } | { readonly problem: string; readonly cure: string }

/** No file of resources is near this. Bytes. */
export const MAX_FILE_BYTES = 1024 * 1024

/** Reads a file as text, or says why not. Never blocks: what is no file, such as a pipe, is refused, not waited for. */
export function readText(path: string): TextFile {
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const stats = fstatSync(file)
      if (!stats.isFile()) return { problem: 'It is no file.', cure: 'Put a file in its place.' }
      if (stats.size > MAX_FILE_BYTES)
        return {
          problem: `It has ${stats.size} bytes, more than ${MAX_FILE_BYTES}.`,
          cure: 'Move what is not always needed into files beside it.',
        }
      return decode(readAll(file, stats.size))
    } finally {
      closeSync(file)
    }
  } catch (error) {
    return { problem: `It cannot be read: ${String(error)}.`, cure: 'Look at its permissions.' }
  }
}

/** A file may grow while it is read; what is beyond its size at the start belongs to the next look at it. */
function readAll(file: number, size: number): Buffer {
  const buffer = Buffer.alloc(size)
  let length = 0
  while (length < size) {
    const count = readSync(file, buffer, length, size - length, length)
    if (count === 0) break
    length += count
  }
  return buffer.subarray(0, length)
}

function decode(bytes: Buffer): TextFile {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    if (!text.includes('\0')) return { text }
  } catch {
    // said below
  }
  return { problem: 'It is not UTF-8 text.', cure: 'Save it as UTF-8.' }
}
