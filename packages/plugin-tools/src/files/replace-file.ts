import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import type { BigIntStats } from 'node:fs'
import { access as checkAccess, lstat, open, readlink, rename, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { errnoOf, failure, fileFailure } from '../failure.ts'
import { openFolder } from './open-inside.ts'
import type { Folder } from './open-inside.ts'
import type { Access } from './roots.ts'

/** What to put where. */
export interface Replacement {
  /** Absolute. */
  readonly path: string
  readonly content: string | Uint8Array
  /** The file must still be this one: it was read before, and the content was made from it. */
  readonly expected?: BigIntStats
  readonly signal: AbortSignal
}

/** What was there before. */
export interface Replaced {
  /** With all links resolved. */
  readonly path: string
  readonly existed: boolean
}

/**
 * Puts a file in place of another, or where none was: readers see the old content or the new one, never a part, and after a
 * crash it is one of the two. Folders on the way are made. Mode and owner stay; a link stays a link and its target changes;
 * other names of the same file (hard links) keep the old content.
 * @throws HalterError `ERR_TOOL_FAILED`
 */
export async function replaceFile(replacement: Replacement, access: Access): Promise<Replaced> {
  const { path } = replacement
  if (access.named.includes(path) || access.roots.includes(path))
    throw failure(`${path} is a folder. Add the name of the file to write.`)
  try {
    const { folder, name } = await findPlace(path, access)
    try {
      return await replaceIn(folder, name, replacement)
    } finally {
      await folder.close()
    }
  } catch (error) {
    throw fileFailure(error, 'write', path)
  }
}

/** The folder and name that a path means, links followed: each step is a folder that was checked. */
async function findPlace(path: string, access: Access): Promise<{ folder: Folder; name: string }> {
  let target = path
  for (let links = 0; links < 40; links++) {
    const folder = await openFolder(dirname(target), access, true)
    const name = basename(target)
    const link = await readlink(folder.at(name)).catch(() => undefined)
    if (link === undefined) return { folder, name }
    await folder.close()
    target = resolve(folder.path, link)
  }
  throw failure(`The links at ${path} lead in a circle. Remove them first.`)
}

async function replaceIn(folder: Folder, name: string, replacement: Replacement): Promise<Replaced> {
  const target = folder.at(name)
  const path = join(folder.path, name)
  const old = await statOf(target)
  if (old) await checkReplaceable(target, path, old)
  const temporary = folder.at(`.halter-${randomUUID()}.tmp`)
  // A new file gets what the process grants to new files; an old one's mode is set before anybody can open it.
  const handle = await open(temporary, 'wx', old ? 0o600 : 0o666)
  try {
    try {
      if (old) await keepOwnerAndMode(handle, old)
      await handle.writeFile(replacement.content)
      await handle.sync()
    } finally {
      await handle.close()
    }
    replacement.signal.throwIfAborted()
    if (replacement.expected) await checkUnchanged(target, path, replacement.expected)
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await folder.sync()
  return { path, existed: old !== undefined }
}

async function statOf(path: string): Promise<BigIntStats | undefined> {
  return lstat(path, { bigint: true }).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  })
}

async function checkReplaceable(target: string, path: string, old: BigIntStats): Promise<void> {
  if (old.isDirectory()) throw failure(`${path} is a folder. Add the name of the file to write.`)
  if (!old.isFile())
    throw failure(`${path} is a pipe, socket or device, and is left alone. Write to another name.`)
  // A rename needs no permission on the file it replaces, so it is asked for here.
  await checkAccess(target, constants.W_OK).catch((error: unknown) => {
    throw failure(
      `${path} is read-only and was left as it is. If it must change, its mode has to allow it.`,
      error,
    )
  })
}

async function keepOwnerAndMode(handle: FileHandle, old: BigIntStats): Promise<void> {
  const fresh = await handle.stat({ bigint: true })
  if (fresh.uid !== old.uid || fresh.gid !== old.gid)
    await handle.chown(Number(old.uid), Number(old.gid)).catch((error: unknown) => {
      // Only root gives files away; the content is what was asked for.
      if (errnoOf(error) !== 'EPERM') throw error
    })
  await handle.chmod(Number(old.mode & 0o7777n))
}

async function checkUnchanged(target: string, path: string, expected: BigIntStats): Promise<void> {
  const now = await statOf(target)
  if (now && now.ino === expected.ino && now.size === expected.size && now.mtimeNs === expected.mtimeNs)
    return
  throw failure(`${path} was changed by something else meanwhile, and was left as it is now. Read it again.`)
}
