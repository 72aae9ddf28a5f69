import { constants } from 'node:fs'
import type { BigIntStats } from 'node:fs'
import { mkdir, open, readdir, readlink, realpath, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { errnoOf, failure, fileFailure } from '../failure.ts'
import { isInside } from './inside.ts'
import { nearestNames } from './nearest-names.ts'
import { outside } from './roots.ts'
import type { Access } from './roots.ts'

/** A file or folder that was found inside the roots after it was opened: use `handle`, not the path. */
export interface Opened {
  readonly handle: FileHandle
  /** With all links resolved, as it was when it was checked. */
  readonly path: string
  readonly stats: BigIntStats
}

// Without O_NONBLOCK, opening a pipe waits for a writer, in a thread that nobody can cancel. Undefined on Windows.
const LOOK = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0)

/** Linux alone tells where an open file is; elsewhere paths are compared, and a race of some microseconds stays. */
export const HAS_FD_PATHS = process.platform === 'linux'

/**
 * Opens what is at `path` for reading, and makes sure that what was opened lies inside. The check is made on the open file:
 * a link that is put in place between a check and an open cannot slip through.
 * @throws HalterError `ERR_TOOL_FAILED`
 */
export async function openInside(path: string, access: Access): Promise<Opened> {
  try {
    const target = await resolveInside(path, access)
    return await openResolved(target, path, access)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') throw await notFound(path, access)
    throw fileFailure(error, access.verb, path)
  }
}

/** A folder that lies inside, held open. Names in it are reached through `at`, which no link can lead elsewhere. */
export interface Folder {
  readonly path: string
  /** The path of an entry, by way of the open folder. */
  at(name: string): string
  /** Makes renames in it last, where the system can. */
  sync(): Promise<void>
  close(): Promise<void>
}

/**
 * Opens a folder inside the roots; with `create`, makes it and its parents first, each inside a checked one.
 * @throws what the file system throws, or HalterError `ERR_TOOL_FAILED`
 */
export async function openFolder(path: string, access: Access, create = false): Promise<Folder> {
  try {
    const target = await resolveInside(path, access)
    return await holdFolder(target, path, access)
  } catch (error) {
    if (!create || errnoOf(error) !== 'ENOENT' || dirname(path) === path) throw error
  }
  const parent = await openFolder(dirname(path), access, true)
  try {
    const made = parent.at(basename(path))
    await mkdir(made).catch((error: unknown) => {
      if (errnoOf(error) !== 'EEXIST') throw error
    })
    return await holdFolder(made, path, access)
  } finally {
    await parent.close()
  }
}

/** The names in an opened folder; folders end in a slash. */
export async function listFolder(opened: Pick<Opened, 'handle' | 'path'>): Promise<string[]> {
  const entries = await readdir(pathThrough(opened.handle, opened.path), { withFileTypes: true })
  return entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).sort()
}

async function holdFolder(target: string, path: string, access: Access): Promise<Folder> {
  // Windows opens no folders: its path is all there is.
  if (process.platform === 'win32') return windowsFolder(target)
  const { handle, path: found, stats } = await openResolved(target, path, access)
  if (!stats.isDirectory()) {
    await handle.close()
    throw failure(`${path} is a file, not a folder. Nothing can be put into it.`)
  }
  const base = pathThrough(handle, found)
  return {
    path: found,
    at: (name) => join(base, name),
    sync: () => handle.sync(),
    close: () => handle.close(),
  }
}

function windowsFolder(path: string): Folder {
  return { path, at: (name) => join(path, name), sync: async () => {}, close: async () => {} }
}

/** The path with its links resolved, without opening anything, if that is inside. */
async function resolveInside(path: string, access: Access): Promise<string> {
  const looksInside = isInside(path, access.named) || isInside(path, access.roots)
  const target = await realpath(path).catch((error: unknown) => {
    if (!looksInside) throw outside(path, access)
    throw error
  })
  // Where a path leads that is not even written as ours is nobody's business.
  if (!isInside(target, access.roots)) throw outside(path, access, looksInside ? target : undefined)
  return target
}

async function openResolved(target: string, path: string, access: Access): Promise<Opened> {
  const handle = await open(target, LOOK)
  try {
    const stats = await handle.stat({ bigint: true })
    const found = HAS_FD_PATHS ? await readlink(fdPath(handle)) : await pathOf(target, stats)
    if (!isInside(found, access.roots)) throw outside(path, access, found)
    return { handle, path: found, stats }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Where an open file is, on systems that cannot say: the resolved path, if the same file is still there. */
async function pathOf(target: string, opened: BigIntStats): Promise<string> {
  const path = await realpath(target)
  const stats = await stat(path, { bigint: true })
  if (stats.dev !== opened.dev || stats.ino !== opened.ino)
    throw failure(`${target} was replaced while it was being opened. Try again.`)
  return path
}

function fdPath(handle: FileHandle): string {
  return `/proc/self/fd/${handle.fd}`
}

function pathThrough(handle: FileHandle, path: string): string {
  return HAS_FD_PATHS ? fdPath(handle) : path
}

async function notFound(path: string, access: Access): Promise<Error> {
  const folder = dirname(path)
  const name = basename(path)
  const names = await namesIn(folder, access)
  if (names.includes(name)) return failure(`${path} is a link that leads to nothing. Follow another path.`)
  const near = nearestNames(name, names).map((found) => join(folder, found))
  return failure(
    `${path} does not exist. ${near.length > 0 ? `Did you mean ${near.join(' or ')}?` : 'Look for it with glob.'}`,
  )
}

/** The names in the folder where something was looked for; none when that is missing too, or outside. */
async function namesIn(folder: string, access: Access): Promise<string[]> {
  try {
    const opened = await openResolved(await resolveInside(folder, access), folder, access)
    try {
      return await listFolder(opened)
    } finally {
      await opened.handle.close()
    }
  } catch {
    return []
  }
}
