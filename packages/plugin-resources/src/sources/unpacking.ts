import { createWriteStream, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { readEntryPath, sameFileKey } from './entry-path.ts'
import { RATIO_FLOOR_BYTES } from './limits.ts'
import type { ArchiveLimits } from './limits.ts'
import { shown, sourceFailure } from './source-failure.ts'

/** What an archive lists, in the words of either format. */
export interface ArchiveEntry {
  /** As written. */
  readonly path: string
  /** `link`: symbolic or hard. `other`: a device, a pipe, or something newer than this code. */
  readonly kind: 'file' | 'folder' | 'link' | 'other'
  /** What the archive says; what comes is counted as well. */
  readonly size: number
  readonly isExecutable: boolean
}

/** Where a file goes, and how to write it there. */
export interface PlacedFile {
  write(content: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void>
}

/**
 * One archive on its way into an empty folder that nobody else writes to. Only plain files and folders are ever made, so there is no
 * link that a later entry could be written through; a link is left out and counted. Everything is bounded as it comes, whatever the
 * archive's own tables say. The first breach is thrown, and the folder is then to be removed.
 */
export class Unpacking {
  /** Links that were left out. */
  linksLeftOut = 0
  readonly #folder: string
  readonly #limits: ArchiveLimits
  readonly #archiveBytes: number
  readonly #files = new Set<string>()
  readonly #folders = new Map<string, string>()
  readonly #links = new Set<string>()
  #entries = 0
  #totalBytes = 0

  /** `folder` exists and is empty; `archiveBytes` is what the archive weighs as it came. */
  constructor(folder: string, archiveBytes: number, limits: ArchiveLimits) {
    this.#folder = folder
    this.#archiveBytes = archiveBytes
    this.#limits = limits
    this.#folders.set('', '')
  }

  /** True when no file was found. */
  get isEmpty(): boolean {
    return this.#files.size === 0
  }

  /**
   * Takes the next entry. Undefined: there is nothing to write for it.
   * @throws HalterError `ERR_RESOURCE_SOURCE` for an entry that no honest archive has, and for one too many.
   */
  accept(entry: ArchiveEntry): PlacedFile | undefined {
    this.#entries += 1
    const { entries, fileBytes } = this.#limits
    if (this.#entries > entries) throw sourceFailure(`it lists more than ${entries} entries`)
    const { segments, problem } = readEntryPath(entry.path)
    if (problem !== undefined) throw sourceFailure(`its entry ${shown(entry.path)} ${problem}`)
    if (entry.kind === 'other')
      throw sourceFailure(`its entry ${shown(entry.path)} is no file, folder or link`)
    if (segments.length === 0) return undefined
    this.#checkLinksAbove(segments, entry)
    if (entry.kind === 'folder') {
      this.#folderOf(segments, entry.path)
      return undefined
    }
    if (entry.kind === 'link') {
      this.#links.add(this.#claim(segments, entry.path))
      this.linksLeftOut += 1
      return undefined
    }
    if (entry.size > fileBytes) throw tooLarge(entry.path, fileBytes)
    const folder = this.#folderOf(segments.slice(0, -1), entry.path)
    this.#files.add(this.#claim(segments, entry.path))
    const target = join(this.#folder, folder, segments.at(-1)!)
    // Read-only: what lies under the archive's checksum is not to be edited. Of the archive's modes only "executable" is taken over.
    const mode = entry.isExecutable ? 0o500 : 0o400
    return {
      write: async (content, signal) => {
        // Flushed: a tree is kept for good, and must not be found half empty after a power cut.
        const file = createWriteStream(target, { flags: 'wx', mode, flush: true })
        await pipeline(content, this.#bounded(entry.path), file, { signal })
      },
    }
  }

  /** Counts unpacked bytes, as they come. @throws HalterError `ERR_RESOURCE_SOURCE` for the first one too many. */
  count(bytes: number): void {
    this.#totalBytes += bytes
    const { totalBytes, ratio } = this.#limits
    if (this.#totalBytes > totalBytes) throw sourceFailure(`it is larger than ${totalBytes} bytes, unpacked`)
    if (this.#totalBytes > RATIO_FLOOR_BYTES && this.#totalBytes > ratio * this.#archiveBytes)
      throw sourceFailure(`its content is more than ${ratio} times larger than the archive`)
  }

  #bounded(path: string): (source: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array> {
    const { fileBytes } = this.#limits
    return async function* (source) {
      let size = 0
      for await (const chunk of source) {
        size += chunk.length
        if (size > fileBytes) throw tooLarge(path, fileBytes)
        yield chunk
      }
    }
  }

  #checkLinksAbove(segments: readonly string[], { path }: ArchiveEntry): void {
    if (this.#links.size === 0) return
    for (let depth = 1; depth <= segments.length; depth++)
      if (this.#links.has(sameFileKey(segments.slice(0, depth))))
        throw sourceFailure(`its entry ${shown(path)} is to be written through a link`)
  }

  /** Makes the folders of a path, and tells the way to the last one from the top. */
  #folderOf(segments: readonly string[], path: string): string {
    for (let depth = 1; depth <= segments.length; depth++) {
      const part = segments.slice(0, depth)
      const key = sameFileKey(part)
      const name = part.join('/')
      const known = this.#folders.get(key)
      if (this.#files.has(key) || this.#links.has(key) || (known !== undefined && known !== name))
        throw clash(path)
      if (known !== undefined) continue
      mkdirSync(join(this.#folder, name), { mode: 0o700 })
      this.#folders.set(key, name)
    }
    return segments.join('/')
  }

  #claim(segments: readonly string[], path: string): string {
    const key = sameFileKey(segments)
    if (this.#files.has(key) || this.#folders.has(key) || this.#links.has(key)) throw clash(path)
    return key
  }
}

function clash(path: string): Error {
  return sourceFailure(`its entry ${shown(path)} has the name of another one, to some systems at least`)
}

function tooLarge(path: string, bytes: number): Error {
  return sourceFailure(`its file ${shown(path)} is larger than ${bytes} bytes`)
}
