import { createHash } from 'node:crypto'
import { readdirSync, realpathSync, statSync, type Stats } from 'node:fs'
import { readFile, realpath } from 'node:fs/promises'
import { dirname, extname, join, relative, resolve, sep } from 'node:path'
import { FileDigests } from './file-digests.ts'

/** Nobody reads more than this before saying yes, and hashing it would hold up every start. */
const MAX_FILES = 2_000
const MAX_BYTES = 64 * 1_048_576

/** Files that can name others. */
const SOURCES = new Set([
  '',
  '.ts',
  '.mts',
  '.cts',
  '.js',
  '.mjs',
  '.cjs',
  '.json',
  '.yaml',
  '.yml',
  '.sh',
  '.bash',
  '.py',
])
/** What an import or `require` may leave out. */
const ENDINGS = ['', '.js', '.cjs', '.mjs', '.ts', '.json', '/index.js', '/index.ts', '/package.json']
/** What may be a path, wherever it is written: one run of such characters, so that a long text costs no more than its length. */
const WORD = /[\p{L}\p{N}_.@+%~/-]+/gu
/** Nobody writes paths behind so much text. Characters. */
const MAX_SCAN = 1_048_576
const MAX_PATH = 1_024
/** What stands for the project in a hook's command. */
const PROJECT_VARIABLE = /\$\{?CLAUDE_PROJECT_DIR\}?(?:\\?")?\//g

/** Where to begin: a file, what counts of its text, and the folders that its paths may be meant from. */
export interface Beginning {
  readonly file: string
  readonly text: string
  /** Its paths may be meant from here, too. */
  readonly base: string
}

/**
 * The local files that a file names, and those that these name: modules, scripts. Every path that leads to a file counts,
 * whether it is an import or a comment: rather one file too many than one too few. Packages do not, they were installed; nor
 * does a path that is put together at run time. Undefined when they are too many.
 */
export async function reachableFiles({ file, text, base }: Beginning): Promise<string[] | undefined> {
  const found = new Set<string>()
  const queue = [{ file, text }]
  let bytes = 0
  for (const each of queue)
    for (const path of localPaths(each.text, [dirname(each.file), base], base)) {
      const real = await realpath(path)
      if (found.has(real) || real === file || isInstalled(real)) continue
      bytes += statSync(real).size
      if (found.size >= MAX_FILES || bytes > MAX_BYTES) return undefined
      found.add(real)
      if (SOURCES.has(extname(real))) queue.push({ file: real, text: await readFile(real, 'utf8') })
    }
  return [...found].toSorted()
}

/** All files below a folder, links followed, but not back to where they are; undefined when they are too many. Throws when one cannot be read. */
export function readTree(folder: string): string[] | undefined {
  const files: string[] = []
  const queue = [{ path: folder, above: [] as readonly string[] }]
  let bytes = 0
  for (const each of queue) {
    const real = realpathSync(each.path)
    if (each.above.includes(real)) continue
    for (const name of readdirSync(each.path)) {
      const path = join(each.path, name)
      const stats = statOf(path)
      if (stats?.isDirectory()) queue.push({ path, above: [...each.above, real] })
      else if (stats?.isFile()) {
        files.push(path)
        bytes += stats.size
      }
      if (files.length > MAX_FILES || queue.length > MAX_FILES || bytes > MAX_BYTES) return undefined
    }
  }
  return files.toSorted()
}

/** One digest of names and contents. */
export async function hashFiles(
  from: string,
  files: readonly string[],
  digests: FileDigests = new FileDigests(),
): Promise<string> {
  const hash = createHash('sha256')
  for (const file of files)
    hash.update(`${relative(from, file).replaceAll(sep, '/')}\0${await digests.of(file)}\n`)
  return hash.digest('hex')
}

/** True for a file, links followed. */
export function isFile(path: string): boolean {
  return statOf(path)?.isFile() ?? false
}

/** What is there, links followed; undefined for nothing, for a link to itself, and for what nobody here may look at. */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

function localPaths(text: string, folders: readonly string[], base: string): string[] {
  const paths = new Set<string>()
  const local = text.slice(0, MAX_SCAN).replaceAll(PROJECT_VARIABLE, './').replaceAll(`${base}/`, './')
  for (const [word] of local.matchAll(WORD)) {
    if (!word.includes('/') || word.startsWith('/') || word.length > MAX_PATH) continue
    for (const ending of /^\.{1,2}\//.test(word) ? ENDINGS : [''])
      for (const folder of folders) {
        const path = resolve(folder, `${word}${ending}`)
        if (isFile(path)) paths.add(path)
      }
  }
  return [...paths]
}

function isInstalled(file: string): boolean {
  return file.includes(`${sep}node_modules${sep}`)
}
