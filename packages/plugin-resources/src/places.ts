import { realpathSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { FileLooks } from './file-looks.ts'

/** Where loose resources and plugin folders are looked for in one folder. */
export interface Place {
  /** Such as `.claude` of a project, or halter's own folder. */
  readonly folder: string
  /** A folder that no link may lead out of; absent: the user's own, where they may. */
  readonly within?: string
  /** False: what is in `plugins` there belongs to another program. */
  readonly hasPlugins: boolean
}

/** Folders of a project that agents are taught in, the nearest to us first. */
export const DOT_FOLDERS = ['.halter', '.claude', '.agents']
/**
 * What is read of them. All of it runs something or tells the model what to do, so all of it needs trust: the record of trust knows
 * these names, and one that is added here must be added there.
 */
export const PARTS = [
  'skills',
  'commands',
  'agents',
  'plugins',
  'settings.json',
  'settings.local.json',
  'hooks.json',
]

/** The places of the user: halter's own folder, and the folders that agents share. */
export function userPlaces(halterHome: string, userHome: string): readonly Place[] {
  return [
    { folder: halterHome, hasPlugins: true },
    // What is in its `plugins` was installed by Claude Code, for itself.
    { folder: join(userHome, '.claude'), hasPlugins: false },
    { folder: join(userHome, '.agents'), hasPlugins: true },
  ]
}

/** The places of a project, the nearest first. The user's home is no project: its folders are the user's. */
export function projectPlaces(folders: readonly string[], userHome: string): readonly Place[] {
  const within = folders[0]!
  const home = realFolder(userHome)
  return folders
    .toReversed()
    .filter((folder) => folder !== home)
    .flatMap((folder) =>
      DOT_FOLDERS.map((name) => ({ folder: join(folder, name), within, hasPlugins: true })),
    )
}

/** True when any of the places holds something to read. */
export function hasContent(places: readonly Place[], looks: FileLooks): boolean {
  return places.some(
    ({ folder }) =>
      looks.kind(folder) !== 'none' && PARTS.some((part) => looks.kind(join(folder, part)) !== 'none'),
  )
}

/** From the root of the repository down to the working folder, links resolved; only that one where there is no repository. */
export function projectFolders(workingDir: string, looks: FileLooks): readonly string[] {
  const start = realFolder(workingDir)
  const folders: string[] = []
  for (let folder = start; ; folder = dirname(folder)) {
    folders.unshift(folder)
    if (looks.kind(join(folder, '.git')) !== 'none') return folders
    if (dirname(folder) === folder) return [start]
  }
}

function realFolder(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return resolve(path)
  }
}
