import { createHash } from 'node:crypto'
import { readFile, realpath } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { FileDigests } from './file-digests.ts'
import { findProjectConfig, projectFolders } from './find-config.ts'
import { hashFiles, isFile, readTree, reachableFiles, statOf } from './reachable-files.ts'

/** Something of a project that would run, or widen what may run: a file with what it reaches, or a folder. */
export interface ProjectContent {
  /** Its real folder and its name there, absolute. */
  readonly path: string
  /** `hooks`: settings that hold some. */
  readonly kind: 'configuration' | 'hooks' | 'settings' | 'folder'
  /** How many files it is made of. */
  readonly files: number
  /** Of all of them, in hex; undefined when they are more than anybody reads, or cannot be read: nothing vouches for those. */
  readonly sha256: string | undefined
}

/** A project, as far as it has to be trusted. */
export interface Project {
  /** The repository's root, or the folder itself where there is no repository. A real path. */
  readonly root: string
  readonly content: readonly ProjectContent[]
}

/** Folders of a project that tools like halter are taught in. */
const DOT_FOLDERS = ['.claude', '.agents', '.halter'] as const
/** What of them runs, or is run by something that is in them. */
const PARTS = ['hooks', 'skills', 'commands', 'agents', 'plugins'] as const
const SETTINGS = ['settings.json', 'settings.local.json', 'hooks.json'] as const
/** Keys of a settings file that another program rewrites all the time and that nothing here applies. */
const IDLE_SETTINGS = new Set(['$schema', 'permissions'])

/**
 * Everything in a folder, and in those above it up to its repository's root, that needs trust. Reads, and runs nothing. Who
 * applies one more file of an untrusted folder must add it here: what is not in this list is not asked about.
 */
export function readProject(folder: string): Promise<Project> {
  return readProjectAgain(folder, new FileDigests())
}

/** The same; files that are as they were when `digests` saw them are not read again. */
export async function readProjectAgain(folder: string, digests: FileDigests): Promise<Project> {
  const folders = projectFolders(await realFolder(folder))
  const root = folders.at(-1)!
  const content: ProjectContent[] = []
  const config = findProjectConfig(folders[0]!)
  if (config) content.push(await readConfiguration(config.file, root, digests))
  // What is in the user's own folder is the user's, whatever is worked on there.
  const home = await realFolder(homedir())
  for (const each of folders) if (each !== home) content.push(...(await readDotFolders(each, digests)))
  return { root, content }
}

/** A folder without links in its path; as it is when it is not there. */
export async function realFolder(folder: string): Promise<string> {
  return await realpath(folder).catch(() => resolve(folder))
}

async function readConfiguration(file: string, root: string, digests: FileDigests): Promise<ProjectContent> {
  return await describe(file, 'configuration', async () => {
    const text = await readFile(file, 'utf8')
    // Scripts and dependencies of a package.json change all the time, and nothing here runs them.
    const said = basename(file) === 'package.json' ? keysOf(text, (key) => key === 'halter') : text
    return await digestOf({ file, said: said ?? text, base: root }, digests)
  })
}

async function readDotFolders(folder: string, digests: FileDigests): Promise<ProjectContent[]> {
  const content: ProjectContent[] = []
  for (const dotFolder of DOT_FOLDERS) {
    const path = join(folder, dotFolder)
    if (!statOf(path)?.isDirectory()) continue
    for (const name of SETTINGS) {
      const file = join(path, name)
      if (isFile(file)) content.push(await readSettings(file, folder, digests))
    }
    for (const name of PARTS) {
      const part = join(path, name)
      if (statOf(part)?.isDirectory())
        content.push(await describe(part, 'folder', () => readPart(part, digests)))
    }
  }
  return content.filter(({ files, sha256 }) => files > 0 || sha256 === undefined)
}

/** How many files something is made of, and their digest. */
type Digest = Pick<ProjectContent, 'files' | 'sha256'>

const NOTHING: Digest = Object.freeze({ files: 0, sha256: '' })
const UNKNOWN: Digest = Object.freeze({ files: 0, sha256: undefined })

/** What cannot be read has no digest: nothing vouches for it. */
async function describe(
  path: string,
  kind: ProjectContent['kind'],
  read: () => Promise<Digest>,
): Promise<ProjectContent> {
  return { path, kind, ...(await read().catch(() => UNKNOWN)) }
}

async function readSettings(file: string, base: string, digests: FileDigests): Promise<ProjectContent> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const kind = keysOf(text, (key) => key === 'hooks') === undefined ? 'settings' : 'hooks'
  return await describe(file, kind, async () => {
    const said = keysOf(await readFile(file, 'utf8'), (key) => !IDLE_SETTINGS.has(key))
    return said === undefined ? NOTHING : await digestOf({ file, said, base }, digests)
  })
}

async function readPart(folder: string, digests: FileDigests): Promise<Digest> {
  const tree = readTree(folder)
  if (!tree) return UNKNOWN
  return tree.length === 0 ? NOTHING : { files: tree.length, sha256: await hashFiles(folder, tree, digests) }
}

/** Of a file of which only `said` counts, with the local files that this names. */
async function digestOf(
  { file, said, base }: { readonly file: string; readonly said: string; readonly base: string },
  digests: FileDigests,
): Promise<Digest> {
  const reached = await reachableFiles({ file, text: said, base })
  if (!reached) return UNKNOWN
  const hash = createHash('sha256').update(said)
  if (reached.length > 0) hash.update('\0').update(await hashFiles(base, reached, digests))
  return { files: reached.length + 1, sha256: hash.digest('hex') }
}

/** The wanted keys of a JSON object as text, undefined when it has none of them; a text that is none counts as a whole. */
function keysOf(text: string, isWanted: (key: string) => boolean): string | undefined {
  let value: unknown
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch {
    return text
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return text
  const wanted = Object.entries(value).filter(([key]) => isWanted(key))
  return wanted.length === 0 ? undefined : JSON.stringify(Object.fromEntries(wanted))
}
