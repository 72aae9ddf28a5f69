import { join } from 'node:path'
import { HalterError, halterHome } from '@halter/core'
import type { FileLooks } from '../file-looks.ts'
import type { DownloadRules } from './download.ts'
import { Github } from './github.ts'
import { ARCHIVE_LIMITS, type ArchiveLimits } from './limits.ts'
import { loadSources, type LoadedSources, type SourceAccess } from './load-sources.ts'
import { readSources, type SourceLists } from './source-options.ts'
import { TreeStore } from './tree-store.ts'

/** How GitHub is asked. */
export interface GithubOptions {
  /** Default: `GITHUB_TOKEN`, or else `GH_TOKEN`. Sent to `apiUrl` alone, never to where that redirects. */
  readonly token?: string
  /** Default `https://api.github.com`. `http` only for an address of this machine. */
  readonly apiUrl?: string
  /** Hosts that it may redirect to. Default: `codeload.github.com`. */
  readonly hosts?: readonly string[]
  /** Hours for which the commit of a branch or tag is not looked up again. Default 24; `0`: at every start. */
  readonly maxAgeHours?: number
  /** Milliseconds for one download in all. Default 120,000. */
  readonly timeoutMs?: number
  /** Milliseconds in which at least something must come. Default 15,000. */
  readonly idleTimeoutMs?: number
}

/** Options of `@halter/plugin-resources` that are about where plugins come from. */
export interface SourcesOptions extends SourceLists {
  readonly github?: GithubOptions
  /** How much an archive may hold. */
  readonly archives?: Partial<ArchiveLimits>
}

/** What sources need of the process; absent: as it is. */
export interface SourcesPlace {
  /** Where halter keeps its own. */
  readonly home?: string
  readonly env?: NodeJS.ProcessEnv
}

/** Gets what options name, as often as it is asked. */
export interface OpenSources {
  /** True when there is nothing to get. */
  readonly isEmpty: boolean
  /** @throws the signal's reason, and nothing else. */
  load(signal: AbortSignal, looks?: FileLooks): Promise<LoadedSources>
}

/**
 * Prepares to get the sources that options name; nothing is read or asked yet.
 * @throws HalterError `ERR_PLUGIN_CONFIG` for one that cannot work.
 */
export function openSources(options: SourcesOptions, place: SourcesPlace = {}): OpenSources {
  const sources = readSources(options)
  const access = accessOf(options, place)
  return {
    isEmpty: sources.length === 0,
    load: (signal, looks) => loadSources(sources, access, signal, looks),
  }
}

function accessOf(options: SourcesOptions, { env = process.env, home }: SourcesPlace): SourceAccess {
  const own = home ?? halterHome(env)
  const store = new TreeStore(join(own, 'sources'))
  const archives = { ...ARCHIVE_LIMITS, ...options.archives }
  const { apiUrl = 'https://api.github.com', maxAgeHours = 24 } = options.github ?? {}
  const url = apiUrl.replace(/\/+$/, '')
  const rules = rulesOf(url, options.github ?? {}, archives, env)
  const github = new Github({ apiUrl: url, rules, archives, maxAgeMs: maxAgeHours * 3_600_000 }, store)
  return { github, store, archives, dataHome: join(own, 'plugin-data') }
}

function rulesOf(
  apiUrl: string,
  { token, hosts = ['codeload.github.com'], timeoutMs = 120_000, idleTimeoutMs = 15_000 }: GithubOptions,
  archives: ArchiveLimits,
  env: NodeJS.ProcessEnv,
): DownloadRules {
  const address = URL.parse(apiUrl)
  const isHere = address !== null && ['127.0.0.1', '[::1]', 'localhost'].includes(address.hostname)
  if (!address || !(address.protocol === 'https:' || (address.protocol === 'http:' && isHere)))
    throw new HalterError(
      'ERR_PLUGIN_CONFIG',
      `github.apiUrl of @halter/plugin-resources is ${JSON.stringify(apiUrl)}, and must begin with "https://".`,
      { plugin: '@halter/plugin-resources' },
    )
  return {
    origin: address.origin,
    hosts,
    token: token ?? (env['GITHUB_TOKEN'] || env['GH_TOKEN'] || undefined),
    limits: { totalMs: timeoutMs, idleMs: idleTimeoutMs, maxBytes: archives.archiveBytes },
  }
}
