import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs'
import { relative, isAbsolute, sep } from 'node:path'
import type { InstructionResource } from '@halter/core'

/** Of one file; what is beyond is left out, with a notice. */
const MAX_BYTES = 32 * 1024

/** A file as it is now: what must be equal for its text to be the same. */
export interface FileStamp {
  readonly path: string
  readonly mtimeMs: number
  readonly ctimeMs: number
  readonly size: number
  readonly ino: number
}

/** What became of a file: its text, or why there is none, or both where it was cut. Neither: it is blank. */
export interface ReadInstruction {
  readonly instruction?: InstructionResource
  readonly warning?: string
}

/** The stamp of a file; undefined when there is none at `path`. One that cannot be looked at is found out by reading it. */
export function lookAt(path: string): FileStamp | undefined {
  try {
    const stats = statSync(path, { throwIfNoEntry: false })
    if (!stats?.isFile()) return undefined
    const { mtimeMs, ctimeMs, size, ino } = stats
    return { path, mtimeMs, ctimeMs, size, ino }
  } catch {
    return { path, mtimeMs: 0, ctimeMs: 0, size: 0, ino: 0 }
  }
}

/** True when nothing has changed between two looks at the same places. */
export function areSame(before: readonly FileStamp[], now: readonly FileStamp[]): boolean {
  return (
    before.length === now.length &&
    before.every((stamp, index) => {
      const other = now[index]!
      return (
        stamp.path === other.path &&
        stamp.mtimeMs === other.mtimeMs &&
        stamp.ctimeMs === other.ctimeMs &&
        stamp.size === other.size &&
        stamp.ino === other.ino
      )
    })
  )
}

/**
 * Reads an instruction file. With `within`, a link that leads out of that folder is not followed: a repository must not have
 * the model shown a file of the user's.
 */
export function readInstruction(path: string, within: string | undefined): ReadInstruction {
  try {
    const real = realpathSync(path)
    if (within !== undefined && !isInside(real, realpathSync(within)))
      return {
        warning: `${path} leads out of ${within}, to ${real}, and is not used. Put a file in its place.`,
      }
    const { text, size } = readStart(real)
    if (text.includes('\0')) return { warning: `${path} is not text and is not used. Remove or rename it.` }
    if (text.trim() === '') return {}
    if (size <= MAX_BYTES) return { instruction: { source: path, text } }
    const cut = `has ${size} bytes, of which only the first ${MAX_BYTES} are used`
    return {
      instruction: { source: path, text: `${text}\n\n[This file ${cut}.]` },
      warning: `${path} ${cut}. Shorten it.`,
    }
  } catch (error) {
    return { warning: `${path} could not be read: ${String(error)}. Its instructions are not used.` }
  }
}

/** Never blocks: what has become a pipe since it was looked at is refused, not waited for. */
function readStart(path: string): { readonly text: string; readonly size: number } {
  // Windows has neither of the two flags; "or" takes what is undefined as 0.
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stats = fstatSync(file)
    if (!stats.isFile()) throw new Error('it is no file')
    const buffer = Buffer.alloc(Math.min(stats.size, MAX_BYTES))
    const length = readSync(file, buffer, 0, buffer.length, 0)
    // `stream`: a character that the cut halved is left out.
    const text = new TextDecoder().decode(buffer.subarray(0, length), { stream: stats.size > MAX_BYTES })
    return { text, size: stats.size }
  } finally {
    closeSync(file)
  }
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}
