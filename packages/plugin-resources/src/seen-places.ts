import { lstatSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { isAsSeen, isUnchanged, keepsTimes, stampOf, type FileStamp } from './file-stamp.ts'

/** What was seen at a path. Where nobody read it, only its kind counts: what comes and goes in a folder that is not listed is nothing. */
export interface Seen {
  readonly stamp: FileStamp
  isRead: boolean
}

/**
 * All that a look has seen, to be asked whether it is still so, with as few looks at the file system as will do: what is in a folder
 * shows that the folder is there, and a folder whose times have not changed has no new names.
 */
export class SeenPlaces {
  readonly #places: readonly (readonly [path: string, seen: Seen])[]
  readonly #missing: readonly MissingNames[]

  constructor(stamps: ReadonlyMap<string, Seen>) {
    const places: (readonly [string, Seen])[] = []
    const missing = new Map<string, string[]>()
    const shown = new Set<string>()
    for (const [path, { stamp }] of stamps) {
      const folder = dirname(path)
      if (stamp.kind !== 'none') shown.add(folder)
      else if (missing.has(folder)) missing.get(folder)!.push(basename(path))
      else missing.set(folder, [basename(path)])
    }
    this.#missing = [...missing]
      .filter(([folder]) => !isMissing(folder, stamps))
      .map(([folder, names]) => new MissingNames(folder, names, stamps.get(folder)?.stamp.kind === 'folder'))
    for (const { folder, isShown } of this.#missing) if (isShown) shown.add(folder)
    for (const [path, seen] of stamps) {
      const isKnown = seen.stamp.kind === 'folder' && !seen.isRead && shown.has(path)
      if (seen.stamp.kind !== 'none' && !isKnown) places.push([path, seen])
    }
    this.#places = places
  }

  /** True when nothing that was looked at has changed since. */
  areUnchanged(): boolean {
    for (const names of this.#missing) if (!names.areMissing()) return false
    for (const [path, { stamp, isRead }] of this.#places) if (!isAsSeen(path, stamp, isRead)) return false
    return true
  }
}

/** True when a folder, or one that it would be in, was looked for and is not there: then nothing below it need be looked for. */
function isMissing(folder: string, stamps: ReadonlyMap<string, Seen>): boolean {
  if (stamps.get(folder)?.stamp.kind === 'none') return true
  const above = dirname(folder)
  return above !== folder && isMissing(above, stamps)
}

/** Names that were not in a folder. */
class MissingNames {
  readonly folder: string
  /** The folder was there, and is looked at: that it still is need not be asked apart from this. */
  readonly isShown: boolean
  readonly #paths: readonly string[]
  /** The folder as it was when it had none of the names; absent: its times say nothing. */
  #stamp: FileStamp | undefined

  constructor(folder: string, names: readonly string[], isThere: boolean) {
    this.folder = folder
    // One name costs less than its folder.
    this.isShown = isThere && names.length > 1
    this.#paths = names.map((name) => join(folder, name))
  }

  /** True when there is still nothing at any of the names, and the folder still is one if it was. */
  areMissing(): boolean {
    if (this.#paths.length === 1) return stampOf(this.#paths[0]!).kind === 'none'
    if (this.#stamp && isAsSeen(this.folder, this.#stamp, true)) return true
    // Before the names: what comes in between changes the times.
    const now = stampOf(this.folder)
    if (now.kind === 'none') return !this.isShown
    if (this.isShown && now.kind !== 'folder') return false
    const entries = this.#paths.filter(isEntry)
    // A link that leads nowhere can come to lead somewhere, and its folder knows nothing of it.
    const isUsable = entries.length === 0 && now.kind === 'folder' && isUnchanged(now, now)
    this.#stamp = isUsable && keepsTimes(this.folder) ? now : undefined
    return entries.every((path) => stampOf(path).kind === 'none')
  }
}

/** True when there is something with this name, be it a link that leads nowhere, and when that cannot be told. */
function isEntry(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined
  } catch {
    return true
  }
}
