import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** True for a folder; false for anything else, and for nothing. */
export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
}

/** The folder in which everything lies, where a folder holds nothing else; undefined where it does. */
export async function singleFolder(folder: string): Promise<string | undefined> {
  const [first, ...others] = await readdir(folder)
  if (first === undefined || others.length > 0) return undefined
  const only = join(folder, first)
  return (await isFolder(only)) ? only : undefined
}
