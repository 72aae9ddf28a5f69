import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const EXTENSIONS = ['ts', 'mts', 'js', 'mjs', 'json', 'yaml', 'yml']

/** Names of a project's configuration file, the first that is there wins. */
export const PROJECT_FILES: readonly string[] = Object.freeze([
  ...EXTENSIONS.map((extension) => `halter.config.${extension}`),
  '.halterrc',
  '.halterrc.json',
  '.halterrc.yaml',
  '.halterrc.yml',
  'package.json',
])

/** Names of the user's configuration file in halter's own folder. */
export const USER_FILES: readonly string[] = Object.freeze(
  EXTENSIONS.map((extension) => `config.${extension}`),
)

/** A configuration file that was found, not read yet. */
export interface FoundConfig {
  readonly file: string
  /** Others in the same folder, which are not used. */
  readonly ignored: readonly string[]
}

/**
 * The configuration of a project: looked for in `cwd`, then in each folder above it up to the root of its repository (the
 * folder with `.git`); without a repository only in `cwd`. Only names are read, and `package.json` for the key `halter`:
 * nothing of the folder runs, and when there is nothing to read no library is loaded.
 */
export function findProjectConfig(cwd: string): FoundConfig | undefined {
  for (const folder of projectFolders(resolve(cwd))) {
    const found = findIn(folder, PROJECT_FILES)
    if (found) return found
  }
  return undefined
}

/** The user's configuration in halter's own folder. */
export function findUserConfig(home: string): FoundConfig | undefined {
  return findIn(home, USER_FILES)
}

function findIn(folder: string, names: readonly string[]): FoundConfig | undefined {
  const there = new Set(listNames(folder))
  const [file, ...ignored] = names
    .filter((name) => there.has(name) && (name !== 'package.json' || hasHalterKey(join(folder, name))))
    .map((name) => join(folder, name))
  return file === undefined ? undefined : { file, ignored }
}

/** `cwd` and what is above it, down to up, ending with the repository's root; without a repository, `cwd` alone. */
export function projectFolders(cwd: string): string[] {
  const folders: string[] = []
  for (let folder = cwd; ; folder = dirname(folder)) {
    folders.push(folder)
    if (existsSync(join(folder, '.git'))) return folders
    if (dirname(folder) === folder) return [cwd]
  }
}

function listNames(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // not there, or not ours to read: nothing is configured here
  }
}

function hasHalterKey(file: string): boolean {
  try {
    const text = readFileSync(file, 'utf8')
    if (!text.includes('"halter"')) return false
    const manifest: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
    return typeof manifest === 'object' && manifest !== null && Object.hasOwn(manifest, 'halter')
  } catch {
    return false // a broken package.json is npm's to report
  }
}
