import { readdirSync, realpathSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, sep } from 'node:path'
import { isUnchanged, NONE, stampOf, type FileStamp } from './file-stamp.ts'
import type { MarkdownDocument } from './front-matter.ts'
import { MAX_FILE_BYTES, readText, type TextFile } from './read-text.ts'
import { SeenPlaces, type Seen } from './seen-places.ts'

/** Files whose content is kept, so that only what has changed is read again. */
const KEPT_FILES = 5_000
/** After so many files other work of the process gets its turn. */
const FILES_AT_ONCE = 32

/** Why a file has no text that can be used. */
export type TextProblem = Extract<TextFile, { readonly problem: string }>

interface Known {
  readonly stamp: FileStamp
  readonly content: TextFile
  /** What was made of the content, by purpose. */
  readonly made: Map<string, unknown>
}

/** The content of files, each read once as long as it does not change. Shared by everything that looks at files. */
export class FileCache {
  readonly #known = new Map<string, Known>()
  /** How often a file was read, for those who want to know what a look costs. */
  reads = 0

  /** What is in `path`, which had `stamp` a moment ago. */
  get(path: string, stamp: FileStamp): Known {
    const known = this.#known.get(path)
    if (known && isUnchanged(known.stamp, stamp)) return known
    this.reads += 1
    const next = { stamp, content: readText(path), made: new Map<string, unknown>() }
    this.#known.delete(path)
    if (this.#known.size >= KEPT_FILES) this.#known.delete(this.#known.keys().next().value!)
    this.#known.set(path, next)
    return next
  }
}

/** One look at a set of files. It remembers every place it asked about, so that it is known later whether anything changed. */
export class FileLooks {
  readonly #cache: FileCache
  readonly #stamps = new Map<string, Seen>()
  /** What was read in this look: a file is the same for all of it. */
  readonly #read = new Map<string, Known>()
  #files = 0
  /** Folders that hold more than anybody has for this: not all of them was looked at. */
  readonly tooLarge = new Set<string>()

  constructor(cache: FileCache = new FileCache()) {
    this.#cache = cache
  }

  /** Everything that was looked at so far, and what it was then. */
  seen(): SeenPlaces {
    return new SeenPlaces(this.#stamps)
  }

  /** Of what kind `path` is, links followed. */
  kind(path: string): FileStamp['kind'] {
    return this.#see(path).stamp.kind
  }

  /**
   * Names in a folder, by code unit, so that no file system decides an order. Empty where there is no folder. For a caller to whom the
   * others mean nothing once `sought` is among them, that file is looked at again instead of the folder: gone or renamed, it is another.
   */
  list(folder: string, sought?: string): readonly string[] {
    const seen = this.#see(folder)
    const names = seen.stamp.kind === 'folder' ? namesIn(folder) : []
    const isFound = sought !== undefined && names.includes(sought)
    if (!isFound || this.#stamp(join(folder, sought)).kind !== 'file') seen.isRead = true
    return names
  }

  /** The text of a file, or why there is none. */
  text(path: string): TextFile {
    this.#files += 1
    return this.#known(path).content
  }

  /** A markdown file in its parts, or why it cannot be read. */
  async markdown(path: string): Promise<MarkdownDocument | TextProblem> {
    if (++this.#files % FILES_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve))
    const known = this.#known(path)
    if (!('text' in known.content)) return known.content
    if (known.content.isCut) return tooLong(known.content.size)
    const { text } = known.content
    return this.once(path, 'markdown', async () => {
      const { parseMarkdown } = await import('./front-matter.ts')
      return parseMarkdown(path, text)
    })
  }

  /** What `make` makes of a file, made once as long as the file does not change: the same file gives the same object. */
  once<T>(path: string, purpose: string, make: () => T): T {
    const { made } = this.#known(path)
    if (!made.has(purpose)) made.set(purpose, make())
    return made.get(purpose) as T
  }

  #known(path: string): Known {
    let known = this.#read.get(path)
    if (!known) this.#read.set(path, (known = this.#cache.get(path, this.#stamp(path))))
    return known
  }

  /** The stamp of what is about to be read: from now on its content counts. */
  #stamp(path: string): FileStamp {
    const seen = this.#see(path)
    seen.isRead = true
    return seen.stamp
  }

  #see(path: string): Seen {
    const known = this.#stamps.get(path)
    if (known) return known
    // Nothing is in what is not there: nobody need look, now or later.
    if (this.#stamps.get(dirname(path))?.stamp.kind === 'none') return { stamp: NONE, isRead: false }
    const seen = { stamp: stampOf(path), isRead: false }
    this.#stamps.set(path, seen)
    return seen
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted((a, b) => (a < b ? -1 : 1))
  } catch {
    return []
  }
}

function tooLong(size: number): TextProblem {
  return {
    problem: `It has ${size} bytes, more than ${MAX_FILE_BYTES}.`,
    cure: 'Move what is not always needed into files beside it.',
  }
}

/** True when `path` is outside of the folder `within` once every link is followed. What leads nowhere does not lead out. */
export function leadsOut(path: string, within: string): boolean {
  try {
    return !isInside(realpathSync(path), realpathSync(within))
  } catch {
    return false
  }
}

/** True when `path` is `folder` or below it; both absolute. Only the names are looked at. */
export function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/** `name` in `folder`, in exactly this spelling, also where the file system does not mind. */
export function exactly(looks: FileLooks, folder: string, name: string): string | undefined {
  return looks.list(folder, name).includes(name) ? join(folder, name) : undefined
}
