import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { HalterError, isHalterError } from '@halter/core'
import { checkGithubSource, parseGithubRepo, parseGithubUrl, type GithubSource } from './github-source.ts'

/** What is known of any source. */
interface CommonOptions {
  /**
   * True: what it brings may run, as if the user had written it: hooks, MCP servers, and the `allowed-tools` of its commands and
   * skills; of a marketplace also what it lists elsewhere. Default: true for what lies in a folder, false for what was packed or
   * fetched.
   */
  readonly trusted?: boolean
  /** Of a marketplace: the plugins that are wanted. Default: all. */
  readonly only?: readonly string[]
}

/**
 * Where plugins come from. As text: a link to GitHub (`https://github.com/owner/repo/tree/ref/folder`), an archive (`.tar.gz`,
 * `.tgz`, `.zip`) or a folder; both absolute, or from `~/`.
 */
export type SourceOption =
  | string
  | (CommonOptions & { readonly source: 'local'; readonly path: string })
  | (CommonOptions & { readonly source: 'archive'; readonly path: string; readonly sha256?: string })
  | (CommonOptions & {
      readonly source: 'github'
      /** `owner/name`, or a link. */
      readonly repo: string
      readonly ref?: string
      /** A commit, in full: nothing is ever looked up, and nothing else is ever used. */
      readonly sha?: string
      /** A folder in the repository. */
      readonly path?: string
    })

/** A source that was read from the options. */
export type Source = {
  /** As the user wrote it, for messages. */
  readonly written: string
  readonly isMarketplace: boolean
  /** Whose hooks may run: of all that it leads to, of what is in it alone, of nothing. */
  readonly trust: 'all' | 'own' | 'none'
  readonly only?: readonly string[]
} & (
  | { readonly kind: 'local'; readonly path: string }
  | { readonly kind: 'archive'; readonly path: string; readonly sha256?: string }
  | { readonly kind: 'github'; readonly github: GithubSource }
)

/** The part of the options that is about sources. */
export interface SourceLists {
  readonly sources?: readonly SourceOption[]
  readonly marketplaces?: readonly SourceOption[]
}

const ARCHIVE = /\.(?:tar\.gz|tgz|zip)$/i

/**
 * The sources that options name, in order: single plugins first.
 * @throws HalterError `ERR_PLUGIN_CONFIG` naming the key and the value of the first that cannot work.
 */
export function readSources({ sources = [], marketplaces = [] }: SourceLists): readonly Source[] {
  return [
    ...sources.map((option, index) => readSource(option, `sources[${index}]`, false)),
    ...marketplaces.map((option, index) => readSource(option, `marketplaces[${index}]`, true)),
  ]
}

function readSource(option: SourceOption, key: string, isMarketplace: boolean): Source {
  try {
    const written = typeof option === 'string' ? option : describe(option)
    const given: CommonOptions = typeof option === 'string' ? {} : option
    const { only } = given
    if (only && !isMarketplace) throw new Error('"only" is for marketplaces')
    const place = placeOf(option)
    return { written, isMarketplace, trust: trustOf(given, place), ...(only && { only }), ...place }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    if (isHalterError(error, 'ERR_PLUGIN_CONFIG')) throw error
    throw new HalterError(
      'ERR_PLUGIN_CONFIG',
      `${key} of @halter/plugin-resources cannot be used: ${reason}`,
      {
        plugin: '@halter/plugin-resources',
        cause: error,
      },
    )
  }
}

/** A folder of the user's own is theirs; what it lists elsewhere is not, unless they say so. */
function trustOf({ trusted }: CommonOptions, { kind }: Place): Source['trust'] {
  if (trusted !== undefined) return trusted ? 'all' : 'none'
  return kind === 'local' ? 'own' : 'none'
}

type Place =
  | { readonly kind: 'local'; readonly path: string }
  | { readonly kind: 'archive'; readonly path: string; readonly sha256?: string }
  | { readonly kind: 'github'; readonly github: GithubSource }

function placeOf(option: SourceOption): Place {
  if (typeof option === 'string') {
    if (/^[a-z][a-z0-9+.-]+:/i.test(option)) return { kind: 'github', github: parseGithubUrl(option) }
    return { kind: ARCHIVE.test(option) ? 'archive' : 'local', path: absolute(option) }
  }
  if (option.source === 'local') return { kind: 'local', path: absolute(option.path) }
  if (option.source === 'archive') {
    const { sha256 } = option
    if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256)) throw new Error(`"${sha256}" is no sha256`)
    const path = absolute(option.path)
    return { kind: 'archive', path, ...(sha256 !== undefined && { sha256: sha256.toLowerCase() }) }
  }
  const { repo, ref, sha, path } = option
  const github = {
    ...parseGithubRepo(repo),
    ...(ref !== undefined && { ref }),
    ...(sha !== undefined && { sha }),
    ...(path !== undefined && { path: path.replace(/^\.\//, '') }),
  }
  return { kind: 'github', github: checkGithubSource(github, repo) }
}

function absolute(path: string): string {
  const whole = path.startsWith('~/') ? join(homedir(), path.slice(2)) : path
  if (isAbsolute(whole)) return resolve(whole)
  throw new Error(`"${path}" is no absolute path. Write it out from the top, or from "~/".`)
}

function describe(option: Exclude<SourceOption, string>): string {
  return option.source === 'github' ? `github:${option.repo}` : option.path
}
