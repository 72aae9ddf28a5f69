import { basename, dirname, relative, sep } from 'node:path'
import type { ToolContext } from '@halter/core'
import { failure } from '../failure.ts'
import { isInside } from '../files/inside.ts'
import { openInside } from '../files/open-inside.ts'
import type { ToolsOptions } from '../options.ts'
import { absolutePath, accessOf } from '../files/roots.ts'

/** Where a search begins, checked. */
export interface SearchPlace {
  /** A folder, links resolved. */
  readonly start: string
  readonly roots: readonly string[]
  /** What makes a path below `start` one that `read` understands: empty, or ending in a slash. */
  readonly prefix: string
  /** The name in `start`, when a file was asked for. */
  readonly only?: string
}

/**
 * Finds where a search begins: a folder, or one file.
 * @throws HalterError `ERR_TOOL_FAILED` when it is missing or outside.
 */
export async function findPlace(
  path: string,
  { workingDir }: Pick<ToolContext, 'workingDir'>,
  options: ToolsOptions,
): Promise<SearchPlace> {
  const access = await accessOf('read', workingDir, options)
  const opened = await openInside(absolutePath(path, workingDir), access)
  await opened.handle.close()
  const { path: found, stats } = opened
  const home = access.roots[0]!
  if (stats.isDirectory()) return { start: found, roots: access.roots, prefix: prefixOf(found, home) }
  if (!stats.isFile()) throw failure(`${found} is a pipe, socket or device. Search a file or folder.`)
  const start = dirname(found)
  return { start, roots: access.roots, prefix: prefixOf(start, home), only: basename(found) }
}

/** Relative to the working directory where that is shorter. */
function prefixOf(folder: string, home: string): string {
  if (folder === home) return ''
  const path = isInside(folder, [home]) ? relative(home, folder) : folder
  return `${path.split(sep).join('/')}/`.replace(/\/\/$/, '/')
}
