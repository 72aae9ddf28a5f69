import { lstatSync } from 'node:fs'
import picomatch from 'picomatch'
import { walk } from './walk.ts'
import type { MetFile } from './walk.ts'
import type { FileType, GlobAnswer, GlobRequest } from './search-request.ts'

interface Found {
  readonly path: string
  readonly mtimeMs: number
}

/** The files below a folder whose path fits a glob, newest first. Counts all and keeps at most `maxFiles`. */
export function findFiles(request: GlobRequest): GlobAnswer {
  const isMatch = picomatch(request.pattern, { dot: true, nonegate: true })
  const end = performance.now() + request.budgetMs
  const newest = new Newest(request.maxFiles)
  let unreadable = 0
  let isIncomplete = false
  const { type } = request
  for (const file of walk({ ...request, withFolders: type === 'folder' }, () => unreadable++)) {
    if ((type === undefined || typeOf(file) === type) && isMatch(file.relative))
      newest.add({ path: file.relative, mtimeMs: modified(file.at) })
    isIncomplete = performance.now() > end
    if (isIncomplete) break
  }
  const lines = newest.sorted().map(({ path }) => request.prefix + path)
  return { kind: 'glob', lines, total: newest.total, isIncomplete, unreadable }
}

function typeOf({ isLink, isFolder }: MetFile): FileType {
  if (isLink) return 'link'
  return isFolder ? 'folder' : 'file'
}

/** Keeps the newest `size` of any number of files, in memory for at most twice as many. */
class Newest {
  total = 0
  readonly #size: number
  #kept: Found[] = []

  constructor(size: number) {
    this.#size = size
  }

  add(file: Found): void {
    this.total++
    this.#kept.push(file)
    if (this.#kept.length >= this.#size * 2) this.#kept = this.sorted()
  }

  sorted(): Found[] {
    return this.#kept.sort((a, b) => b.mtimeMs - a.mtimeMs || (a.path < b.path ? -1 : 1)).slice(0, this.#size)
  }
}

function modified(at: string): number {
  return lstatSync(at, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
