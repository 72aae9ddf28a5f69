import { basename, join } from 'node:path'
import type { FileLooks } from './file-looks.ts'

/** A markdown file below a folder, and the name that its place gives it. */
export interface NamedFile {
  readonly file: string
  /** Without `.md`; folders on the way part it with colons, as in `review:security`. */
  readonly name: string
}

/** Deeper is nobody's intention. */
const MAX_DEPTH = 5

/**
 * The markdown files at or below `folder`, by name. A README is for people. Links are followed; a folder that leads back into itself
 * ends at the depth that nobody needs.
 */
export function markdownFiles(folder: string, looks: FileLooks, depth = 0): readonly NamedFile[] {
  return looks.list(folder).flatMap((entry): readonly NamedFile[] => {
    if (entry.startsWith('.') || /^readme\.md$/i.test(entry)) return []
    const path = join(folder, entry)
    const kind = looks.kind(path)
    if (kind === 'file') return entry.endsWith('.md') ? [{ file: path, name: basename(entry, '.md') }] : []
    if (kind !== 'folder' || depth >= MAX_DEPTH) return []
    return markdownFiles(path, looks, depth + 1).map((each) => ({ ...each, name: `${entry}:${each.name}` }))
  })
}
