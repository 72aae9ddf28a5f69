import { realpathSync } from 'node:fs'
import type { FileLooks } from './file-looks.ts'

/** More than anybody has for this: a root that was named by mistake, such as a home, must not hold up a start. */
const MAX_FOLDERS = 5_000

/** A way through a folder and those below it, over links too: each real folder once, and not without end. */
export class FolderWalk {
  readonly #looks: FileLooks
  readonly #root: string
  readonly #seen = new Set<string>()

  constructor(root: string, looks: FileLooks) {
    this.#root = root
    this.#looks = looks
  }

  /** The names in a folder; none where it was entered before. What `sought` is, `FileLooks.list` says. */
  enter(folder: string, sought?: string): readonly string[] {
    if (this.#seen.size >= MAX_FOLDERS) {
      this.#looks.tooLarge.add(this.#root)
      return []
    }
    try {
      const real = realpathSync(folder)
      if (this.#seen.has(real)) return []
      this.#seen.add(real)
    } catch {
      return []
    }
    return this.#looks.list(folder, sought)
  }
}
