import { relative, sep } from 'node:path'
import ignore from 'ignore'
import type { Ignore } from 'ignore'

/** The rules of one .gitignore, and those of the folders above it. The nearest rule that says something counts. */
export class IgnoreRules {
  readonly #folder: string
  readonly #rules: Ignore
  readonly #above: IgnoreRules | undefined

  constructor(folder: string, text: string, above: IgnoreRules | undefined) {
    this.#folder = folder
    this.#rules = ignore({ allowRelativePaths: true }).add(text)
    this.#above = above
  }

  /** Whether an absolute path below the folder is left out. */
  excludes(path: string, isFolder: boolean): boolean {
    const below = relative(this.#folder, path).split(sep).join('/')
    const { ignored, unignored } = this.#rules.test(isFolder ? `${below}/` : below)
    if (ignored) return true
    return !unignored && (this.#above?.excludes(path, isFolder) ?? false)
  }
}
