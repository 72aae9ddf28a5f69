import { sep } from 'node:path'

/** True when a path is one of the folders or below it. Both sides must be absolute and normalised. */
export function isInside(path: string, folders: readonly string[]): boolean {
  return folders.some(
    (folder) => path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep),
  )
}
