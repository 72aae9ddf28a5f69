import { realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import { failure } from '../failure.ts'
import type { ToolsOptions } from '../options.ts'

/** What one call may do with files, and where. */
export interface Access {
  readonly verb: 'read' | 'write'
  /** Absolute; relative paths are meant from here. */
  readonly workingDir: string
  /** The folders, with all links resolved. A file is inside when its resolved path is below one of them. */
  readonly roots: readonly string[]
  /** The same folders as they were written: paths that begin so are looked up, all others are resolved first. */
  readonly named: readonly string[]
}

/**
 * The access that a session has. Resolved anew for each call: a root may be a link that somebody has changed since. An extra
 * root that does not exist is left out.
 * @throws HalterError `ERR_TOOL_FAILED` when the working directory is gone.
 */
export async function accessOf(
  verb: Access['verb'],
  workingDir: string,
  options: Pick<ToolsOptions, 'roots' | 'readRoots'>,
): Promise<Access> {
  const extra = verb === 'read' ? [...options.roots, ...options.readRoots] : options.roots
  const named = [workingDir, ...extra].map((root) => resolve(root))
  const roots = await Promise.all(named.map((root) => realpath(root).catch(() => undefined)))
  if (roots[0] === undefined)
    throw failure(
      `The working directory ${workingDir} does not exist any more. Nothing can be found from it.`,
    )
  return { verb, workingDir, named, roots: roots.filter((root) => root !== undefined) }
}

/** The absolute form of a path that the model wrote. */
export function absolutePath(path: string, workingDir: string): string {
  if (path === '')
    throw failure('The path is empty. Give the path of a file, absolute or from the working directory.')
  if (path.includes('\0'))
    throw failure('The path holds a NUL character, which no file name can. Leave it out.')
  return resolve(workingDir, path)
}

/** What the model reads when it asked for something outside. `found`: where the path led, if that is not the path itself. */
export function outside(path: string, access: Access, found?: string): Error {
  const led = found === undefined || found === path ? 'lies' : `leads to ${found}, which lies`
  return failure(
    `${path} ${led} outside the folders that this session may ${access.verb}: ${access.roots.join(', ')}. ` +
      'Use a path inside them, or ask the user for the file.',
  )
}
