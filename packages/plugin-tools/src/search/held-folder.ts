import { closeSync, constants, fstatSync, openSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { isInside } from '../files/inside.ts'

/** A folder that was found inside the roots after it was opened. Synchronous: for the search worker only. */
export interface HeldFolder {
  /** The path of an entry, by way of the open folder. Valid until `close`. */
  at(name: string): string
  close(): void
}

/** What a file holds, or why it is not known. */
export type FileContent = Buffer | 'too-large' | 'unreadable'

// Undefined on Windows.
const FOLDER = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | (constants.O_NOFOLLOW ?? 0)
const FILE = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** Opens a folder, and makes sure that what was opened lies inside; undefined when it does not, or cannot be read. */
export function holdFolder(path: string, roots: readonly string[]): HeldFolder | undefined {
  try {
    // Windows opens no folders, and only Linux tells where an open one is.
    if (process.platform === 'win32') return isInside(realpathSync(path), roots) ? held(path) : undefined
    const fd = openSync(path, FOLDER)
    const base = process.platform === 'linux' ? `/proc/self/fd/${fd}` : path
    const found = process.platform === 'linux' ? readlinkSync(base) : realpathSync(path)
    if (isInside(found, roots)) return held(base, fd)
    closeSync(fd)
    return undefined
  } catch {
    return undefined
  }
}

/** Reads a file that lies in a held folder. Never through a link. */
export function readFileAt(at: string, maxBytes: number): FileContent {
  let fd: number | undefined
  try {
    fd = openSync(at, FILE)
    const stats = fstatSync(fd)
    if (!stats.isFile()) return 'unreadable'
    return stats.size > maxBytes ? 'too-large' : readFileSync(fd)
  } catch {
    return 'unreadable'
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

function held(base: string, fd?: number): HeldFolder {
  return {
    at: (name) => join(base, name),
    close: () => {
      if (fd !== undefined) closeSync(fd)
    },
  }
}
