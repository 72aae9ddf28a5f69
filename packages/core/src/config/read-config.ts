import { statSync } from 'node:fs'
import { basename, extname } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { PublicExplorer } from 'cosmiconfig'
import type { ConfigProblem } from './config-problem.ts'
import { describeReadError } from './describe-read-error.ts'
import { parseJson } from './parse-json.ts'
import { withDeadline } from './with-deadline.ts'

/** Larger files are no configuration; parsing them would only cost time. Bytes. */
const MAX_BYTES = 1_048_576

/** What a configuration file may end with; without an ending it is JSON or YAML. */
const ENDINGS = ['.ts', '.mts', '.js', '.mjs', '.json', '.yaml', '.yml', '']

/** The content of a configuration file, or what is wrong with the file. */
export type ReadConfig = { readonly value: unknown } | { readonly problem: ConfigProblem }

/** Reads configuration files. TypeScript and JavaScript run; they have `importMs` to finish. */
export async function readConfigFile(file: string, importMs: number): Promise<ReadConfig> {
  const problem = (what: string, cure: string): ReadConfig => ({
    problem: { source: file, problem: what, cure },
  })
  let stats
  try {
    stats = statSync(file)
  } catch {
    return problem('cannot be read', 'Check the path and the permissions.')
  }
  if (!stats.isFile()) return problem('is no file', 'Name a file.')
  if (!ENDINGS.includes(extname(file)))
    return problem(
      `has the ending ${extname(file)}`,
      `A configuration has one of ${ENDINGS.filter(Boolean).join(' ')}.`,
    )
  if (stats.size > MAX_BYTES)
    return problem(`is too large (${stats.size} bytes)`, `A configuration has at most ${MAX_BYTES} bytes.`)
  try {
    const explorer = await openExplorer()
    const result = await withDeadline(explorer.load(file), importMs, file)
    if (!result || result.isEmpty || result.config === undefined) return problem(...whatIsEmpty(file))
    return { value: (result.config as { readonly content: unknown }).content }
  } catch (error) {
    return {
      problem: {
        source: file,
        problem: `cannot be read: ${describeReadError(error, file)}`,
        cure: 'Correct it there, or remove the file.',
        cause: error,
      },
    }
  }
}

/**
 * cosmiconfig first looks in the working directory for settings of its own, and runs them (`.config/config.js`): code of a
 * folder that nobody may have trusted. So it is made to look in this file's folder, where there are none. It does so
 * while it is called, not later, hence nobody else sees the other directory.
 */
async function openExplorer(): Promise<PublicExplorer> {
  const { cosmiconfig, defaultLoaders } = await import('cosmiconfig')
  const workingDir = process.cwd
  process.cwd = () => import.meta.dirname
  try {
    return cosmiconfig('halter', {
      cache: false,
      searchPlaces: ['halter.config.ts'],
      loaders: {
        '.ts': importFresh,
        '.mts': importFresh,
        '.js': importFresh,
        '.mjs': importFresh,
        '.json': (file, text) => jsonContent(file, parseJson(withoutMark(text))),
        '.yaml': (file, text) => contained(defaultLoaders['.yaml'](file, withoutMark(text))),
        '.yml': (file, text) => contained(defaultLoaders['.yaml'](file, withoutMark(text))),
        noExt: (file, text) => contained(defaultLoaders['.yaml'](file, withoutMark(text))),
      },
    })
  } finally {
    process.cwd = workingDir
  }
}

/** In a box, because cosmiconfig would follow a key `$import` to files that nobody has been asked about. */
function contained(content: unknown): { readonly content: unknown } {
  return { content }
}

/** Of a `package.json`, cosmiconfig takes the key `halter`. */
function jsonContent(file: string, content: unknown): object {
  if (basename(file) !== 'package.json') return contained(content)
  const { halter } = content as { readonly halter?: unknown }
  return { halter: halter === undefined ? undefined : contained(halter) }
}

/** A new URL per version of the file: Node keeps a module for ever under the one it was first loaded by. */
async function importFresh(file: string): Promise<unknown> {
  const url = pathToFileURL(file)
  url.searchParams.set('v', String(statSync(file).mtimeMs))
  const module = (await import(/* @vite-ignore */ url.href)) as { readonly default?: unknown }
  return module.default === undefined ? undefined : contained(module.default)
}

function withoutMark(text: string): string {
  return text.replace(/^\uFEFF/, '')
}

function whatIsEmpty(file: string): [problem: string, cure: string] {
  if (basename(file) === 'package.json') return ['has no key "halter"', 'Add it, or name another file.']
  return /^\.m?[jt]s$/.test(extname(file))
    ? ['has no default export', 'Write: export default defineConfig({ … }).']
    : ['is empty', 'Write {} into it, or remove it.']
}
