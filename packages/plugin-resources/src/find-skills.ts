import { join } from 'node:path'
import type { FileLooks } from './file-looks.ts'
import { FolderWalk } from './folder-walk.ts'

/** Deeper is nobody's intention. */
const MAX_DEPTH = 6
/** Folders that hold what others wrote, and no skills. */
const SKIPPED = new Set(['node_modules', '.git'])

/**
 * The folders with a SKILL.md at or below `root`, by path. A skill's own folder is not searched further, and a folder that links lead
 * to twice counts once. With `isFlat` only the folders directly in `root` count, as Agent Plugins has it (§7.1).
 */
export function findSkills(root: string, looks: FileLooks, isFlat = false): readonly string[] {
  const walk = new FolderWalk(root, looks)
  const search = (folder: string, depth: number): readonly string[] => {
    const sought = isFlat && depth === 0 ? undefined : 'SKILL.md'
    const names = walk.enter(folder, sought)
    if (sought !== undefined && names.includes(sought)) return [folder]
    if (depth >= (isFlat ? 1 : MAX_DEPTH)) return []
    return names
      .filter((name) => !SKIPPED.has(name) && looks.kind(join(folder, name)) === 'folder')
      .flatMap((name) => search(join(folder, name), depth + 1))
  }
  return search(root, 0)
}
