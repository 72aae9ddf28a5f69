import { readdirSync } from 'node:fs'
import type { Dirent } from 'node:fs'
import { dirname, join } from 'node:path'
import { holdFolder, readFileAt } from './held-folder.ts'
import type { HeldFolder } from './held-folder.ts'
import { IgnoreRules } from './ignore-rules.ts'
import { isInside } from '../files/inside.ts'

/** Where to walk. */
export interface WalkRequest {
  /** Absolute, links resolved: the folder to begin with. */
  readonly start: string
  /** Absolute, links resolved: what is not inside one of them is never read. */
  readonly roots: readonly string[]
  /** How many levels of folders to look at; 1 is `start` alone. */
  readonly maxDepth: number
  /** Folders are met, too, each before what is in it. */
  readonly withFolders?: boolean
}

/** A file, or a folder, that was met. Valid until the next one is asked for: its folder is closed then. */
export interface MetFile {
  /** Below `start`, with `/`. */
  readonly relative: string
  /** The path to open it by. */
  readonly at: string
  readonly isLink: boolean
  readonly isFolder: boolean
}

/** Never of interest, and often larger than all the rest. A walk may begin in one. */
const SKIPPED = new Set(['.git', '.hg', '.svn', '.jj', 'node_modules'])
const MAX_RULES_BYTES = 1024 * 1024

/**
 * All files below a folder, in a fixed order: a folder's own files by name, then its folders. Links are met and never
 * followed. What a .gitignore inside the roots excludes is left out, unless the walk begins in it. Folders that cannot be
 * read are passed to `onUnreadable`.
 */
export function* walk(request: WalkRequest, onUnreadable: (path: string) => void): Generator<MetFile> {
  const pending: Step[] = [{ path: request.start, relative: '', depth: 1, rules: rulesAbove(request) }]
  for (let step = pending.pop(); step !== undefined; step = pending.pop()) {
    const folder = holdFolder(step.path, request.roots)
    const entries = folder && readEntries(folder)
    if (folder && entries) {
      try {
        const rules = readRules(folder, step.path, step.rules)
        const isDeepest = step.depth >= request.maxDepth
        const { withFolders = false } = request
        pending.push(...(yield* meet(entries, { ...step, rules, folder, isDeepest, withFolders })))
      } finally {
        folder.close()
      }
    } else onUnreadable(step.path)
  }
}

interface Step {
  readonly path: string
  readonly relative: string
  readonly depth: number
  readonly rules: IgnoreRules | undefined
}

/** Yields the files of one folder; returns its folders, the first one last, as a stack wants them. */
function* meet(
  entries: readonly Dirent[],
  step: Step & { readonly folder: HeldFolder; readonly isDeepest: boolean; readonly withFolders: boolean },
): Generator<MetFile, Step[]> {
  const folders: Step[] = []
  for (const entry of entries) {
    const { name } = entry
    const path = join(step.path, name)
    const relative = step.relative === '' ? name : `${step.relative}/${name}`
    if (step.rules?.excludes(path, entry.isDirectory())) continue
    const isFolder = entry.isDirectory()
    if (isFolder && SKIPPED.has(name)) continue
    const isLink = entry.isSymbolicLink()
    if (entry.isFile() || isLink || (isFolder && step.withFolders))
      yield { relative, at: step.folder.at(name), isLink, isFolder }
    if (isFolder && !step.isDeepest)
      folders.push({ path, relative, depth: step.depth + 1, rules: step.rules })
  }
  return folders.reverse()
}

function readEntries(folder: HeldFolder): Dirent[] | undefined {
  try {
    return readdirSync(folder.at('.'), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch {
    folder.close()
    return undefined
  }
}

function readRules(
  folder: HeldFolder,
  path: string,
  above: IgnoreRules | undefined,
): IgnoreRules | undefined {
  const text = readFileAt(folder.at('.gitignore'), MAX_RULES_BYTES)
  return typeof text === 'string' ? above : new IgnoreRules(path, text.toString('utf8'), above)
}

/** The rules of the folders above the start, from the outermost root down; none when they exclude the start itself. */
function rulesAbove({ start, roots }: WalkRequest): IgnoreRules | undefined {
  let rules: IgnoreRules | undefined
  for (const path of foldersAbove(start, roots)) {
    const folder = holdFolder(path, roots)
    if (!folder) continue
    rules = readRules(folder, path, rules)
    folder.close()
  }
  return rules?.excludes(start, true) ? undefined : rules
}

/** The folders that hold `start` and lie inside a root, outermost first. */
function foldersAbove(start: string, roots: readonly string[]): string[] {
  const above: string[] = []
  for (let path = dirname(start); isInside(path, roots) && path !== above[0]; path = dirname(path))
    above.unshift(path)
  return above
}
