import { readFile } from 'node:fs/promises'
import { registerHooks } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hashFiles, reachableFiles } from './reachable-files.ts'

/** The parameter that makes a module's URL a new one. */
const VERSION = 'halter-version'

/**
 * Which version of each module was loaded last, so that a reload gets new code where a file has changed, and the very same module,
 * whose plugin is carried over, where it has not. Files that a module names by a relative path count as its own; installed packages do
 * not. Node keeps every version that was ever loaded in memory: for people who edit plugins, not for years of uptime.
 */
export class ModuleVersions {
  /** By URL and digest. */
  readonly #loaded = new Map<string, string>()
  readonly #seen = new Set<string>()
  #isFollowing = false

  /** The URL to import a module by, as its file is now. */
  async current(url: string): Promise<string> {
    if (!url.startsWith('file:') || isInstalled(url)) return url
    const hash = await hashOf(fileURLToPath(url))
    const known = this.#loaded.get(`${url} ${hash}`)
    if (known !== undefined) return known
    const isFirst = !this.#seen.has(url)
    const next = isFirst ? url : versionOf(url, hash)
    this.#seen.add(url)
    this.#loaded.set(`${url} ${hash}`, next)
    if (!isFirst) this.#follow()
    return next
  }

  /** What a module of a new version imports by a relative path is of that version, too. */
  #follow(): void {
    if (this.#isFollowing) return
    this.#isFollowing = true
    registerHooks({
      resolve(specifier, context, next) {
        const resolved = next(specifier, context)
        const version = /^\.{1,2}\//.test(specifier) && versionIn(context.parentURL)
        if (!version || !resolved.url.startsWith('file:') || isInstalled(resolved.url)) return resolved
        return { ...resolved, url: versionOf(resolved.url, version) }
      },
    })
  }
}

async function hashOf(file: string): Promise<string> {
  const text = await readFile(file, 'utf8')
  const folder = dirname(file)
  const reached = (await reachableFiles({ file, text, base: folder })) ?? []
  return (await hashFiles(folder, [file, ...reached])).slice(0, 16)
}

function versionOf(url: string, version: string): string {
  const versioned = new URL(url)
  versioned.searchParams.set(VERSION, version)
  return versioned.href
}

function versionIn(url: string | undefined): string | null {
  return url?.includes(VERSION) ? new URL(url).searchParams.get(VERSION) : null
}

function isInstalled(url: string): boolean {
  return url.includes('/node_modules/')
}
