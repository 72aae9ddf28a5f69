import { statfsSync, statSync, type Stats } from 'node:fs'

/** A file or folder as it was at a moment: what must be equal for its content to be the same. */
export interface FileStamp {
  readonly kind: 'file' | 'folder' | 'other' | 'none'
  readonly ino: number
  readonly dev: number
  readonly size: number
  readonly mtimeMs: number
  readonly ctimeMs: number
  /** It had changed so shortly before that another change might leave the same times: it must be read again. */
  readonly isFresh: boolean
}

/** Coarser than the clock ticks of file systems, so that a file that changes twice within one is read twice. Milliseconds. */
const FRESH_MS = 50
/** The same for file systems that count in seconds: FAT, some over networks. */
const COARSE_FRESH_MS = 2_100

/** Nothing is there. */
export const NONE: FileStamp = {
  kind: 'none',
  ino: 0,
  dev: 0,
  size: 0,
  mtimeMs: 0,
  ctimeMs: 0,
  isFresh: false,
}

/** What is at `path`, links followed; kind `none` when there is nothing, or nothing that may be looked at. */
export function stampOf(path: string): FileStamp {
  try {
    const stats = statSync(path, { throwIfNoEntry: false })
    if (!stats) return NONE
    const { ino, dev, size, mtimeMs, ctimeMs } = stats
    // The wall clock of the file system, not one that tests may turn.
    const age = Date.now() - Math.max(mtimeMs, ctimeMs)
    const isFresh = age < (mtimeMs % 1_000 === 0 ? COARSE_FRESH_MS : FRESH_MS)
    return { kind: kindOf(stats), ino, dev, size, mtimeMs, ctimeMs, isFresh }
  } catch (error) {
    // A link in circles, a folder that is closed: whoever reads it will say so.
    const isThere = ['ELOOP', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')
    return isThere ? { ...NONE, kind: 'file' } : NONE
  }
}

/** True when a file that had the first stamp and now has the second one need not be read again. */
export function isUnchanged(before: FileStamp, now: FileStamp): boolean {
  return (
    !before.isFresh &&
    before.kind === now.kind &&
    before.ino === now.ino &&
    before.size === now.size &&
    before.mtimeMs === now.mtimeMs &&
    before.ctimeMs === now.ctimeMs &&
    before.dev === now.dev
  )
}

/** True when `path` still is as it was: of the same kind, and, if it was read, unchanged. The same as two stamps say, for less. */
export function isAsSeen(path: string, before: FileStamp, isRead: boolean): boolean {
  if (isRead && before.isFresh) return false
  try {
    const stats = statSync(path, { throwIfNoEntry: false })
    if (!stats) return before.kind === 'none'
    if (kindOf(stats) !== before.kind) return false
    return (
      !isRead ||
      (before.ino === stats.ino &&
        before.size === stats.size &&
        before.mtimeMs === stats.mtimeMs &&
        before.ctimeMs === stats.ctimeMs &&
        before.dev === stats.dev)
    )
  } catch {
    const now = stampOf(path)
    return isRead ? isUnchanged(before, now) : before.kind === now.kind
  }
}

/**
 * File systems on which a new name always changes the times of its folder, by the magic number that statfs(2) lists: ext, XFS, Btrfs,
 * tmpfs, overlayfs, F2FS, ZFS. Others may keep their own time, such as buckets that are mounted.
 */
const KEEPING_TIMES = new Set([
  0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0xf2f52010, 0x2fc12fc1,
])

/** True when the times of `folder` are known to change with each name that comes or goes. */
export function keepsTimes(folder: string): boolean {
  try {
    return process.platform === 'linux' && KEEPING_TIMES.has(statfsSync(folder).type)
  } catch {
    return false
  }
}

function kindOf(stats: Stats): FileStamp['kind'] {
  if (stats.isFile()) return 'file'
  return stats.isDirectory() ? 'folder' : 'other'
}
