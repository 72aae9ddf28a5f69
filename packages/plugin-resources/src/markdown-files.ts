import { basename, join } from 'node:path'
import type { FileLooks } from './file-looks.ts'
import { FolderWalk } from './folder-walk.ts'

/** A markdown file below a folder, and the name that its place gives it. */
export interface NamedFile {
  readonly file: string
  /** Without `.md`; folders on the way part it with colons, as in `review:security`. */
  readonly name: string
}

/** Deeper is nobody's intention. */
const MAX_DEPTH = 5

/** The markdown files at or below `folder`, by name. A README is for people. Links are followed, each real folder once. */
export function markdownFiles(folder: string, looks: FileLooks): readonly NamedFile[] {
  const walk = new FolderWalk(folder, looks)
  const search = (at: string, depth: number): readonly NamedFile[] =>
    walk.enter(at).flatMap((entry): readonly NamedFile[] => {
      if (entry.startsWith('.') || /^readme\.md$/i.test(entry)) return []
      const path = join(at, entry)
      const kind = looks.kind(path)
      if (kind === 'file') return entry.endsWith('.md') ? [{ file: path, name: basename(entry, '.md') }] : []
      if (kind !== 'folder' || depth >= MAX_DEPTH) return []
      return search(path, depth + 1).map((each) => ({ ...each, name: `${entry}:${each.name}` }))
    })
  return search(folder, 0)
}
