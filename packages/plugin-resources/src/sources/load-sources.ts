import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { FileLooks } from '../file-looks.ts'
import type { Listing } from '../manifest.ts'
import { describeProblem } from '../problem.ts'
import { readPluginFolder, type PluginFolder } from '../read-plugin.ts'
import type { Github, GithubFolder } from './github.ts'
import type { GithubSource } from './github-source.ts'
import type { ArchiveLimits } from './limits.ts'
import { PLACES, readMarketplace, resolveEntry } from './marketplace.ts'
import { restrict } from './restrict.ts'
import { isFolder, singleFolder } from './single-folder.ts'
import type { Source } from './source-options.ts'
import { reasonOf, shown, sourceFailure } from './source-failure.ts'
import type { TreeStore } from './tree-store.ts'
import { unpackArchive } from './unpack-archive.ts'

/** What sources are opened with. */
export interface SourceAccess {
  readonly github: Github
  readonly store: TreeStore
  readonly archives: ArchiveLimits
  /** A folder in which each plugin gets one to write to, absolute. */
  readonly dataHome?: string
}

/** A plugin from a source. */
export interface SourcedPlugin {
  readonly folder: PluginFolder
  /** Where it came from, for people: `github:owner/repo@commit/folder`, a path. */
  readonly from: string
}

/** What came of all sources together. One that failed is a warning, and the others are here. */
export interface LoadedSources {
  readonly plugins: readonly SourcedPlugin[]
  /** One sentence each. */
  readonly warnings: readonly string[]
  /** Folders of the user's own whose content may change, absolute. */
  readonly watched: readonly string[]
}

/** A folder with a plugin, before it is read. */
interface Found {
  /** `marketplace:plugin`; the plugin's own name is looked up where it is not known yet. */
  readonly marketplace: string
  readonly name?: string
  readonly root: string
  readonly from: string
  /** Of what the plugin keeps, the same for every revision; absent: made of where it lies. */
  readonly dataName?: string
  readonly listing?: Listing
  readonly isTrusted: boolean
}

interface Opened {
  readonly found: readonly Found[]
  readonly warnings: readonly string[]
  readonly watched: readonly string[]
}

/** A folder on disk, and what was odd about getting it. */
interface Place {
  readonly root: string
  readonly from: string
  readonly dataName?: string
  readonly warnings: readonly string[]
}

/**
 * Gets the plugins of all sources, side by side; the result has them in the order of the sources. Of two with the same
 * marketplace and name, the first counts. Nothing that they bring is run. `looks`: what has read the files so far.
 * @throws the signal's reason, and nothing else.
 */
export async function loadSources(
  sources: readonly Source[],
  access: SourceAccess,
  signal: AbortSignal,
  looks?: FileLooks,
): Promise<LoadedSources> {
  const opened = await Promise.all(sources.map((source) => openSource(source, access, signal, looks)))
  const warnings = opened.flatMap((each) => each.warnings)
  const plugins: SourcedPlugin[] = []
  const taken = new Map<string, string>()
  for (const found of opened.flatMap((each) => each.found)) {
    const { from, marketplace, name } = found
    const folder = await readFound(found, access, looks)
    signal.throwIfAborted()
    const { plugin } = folder
    if (!plugin) {
      warnings.push(`The plugin of ${from} is not used. ${whyNot(folder)}`)
      continue
    }
    const key = `${marketplace}:${name ?? plugin.name}`
    const first = taken.get(key)
    if (first === undefined) {
      taken.set(key, from)
      const kept = found.isTrusted ? { folder, warnings: [] } : restrict(folder, from)
      plugins.push({ folder: kept.folder, from })
      warnings.push(...kept.warnings)
    } else if (first !== from) warnings.push(`${from} is not used: "${key}" is there already, from ${first}.`)
  }
  return { plugins, warnings, watched: opened.flatMap((each) => each.watched) }
}

function readFound(
  { root, name, dataName, listing }: Found,
  { dataHome }: SourceAccess,
  looks: FileLooks | undefined,
): Promise<PluginFolder> {
  return readPluginFolder(root, {
    ...(name !== undefined && { name }),
    ...(dataName !== undefined && { dataName }),
    ...(listing && { listing }),
    ...(dataHome !== undefined && { dataHome }),
    ...(looks && { looks }),
  })
}

function whyNot({ problems }: PluginFolder): string {
  const problem = problems.find(({ severity }) => severity === 'error')
  return problem ? describeProblem(problem) : 'It has no manifest.'
}

async function openSource(
  source: Source,
  access: SourceAccess,
  signal: AbortSignal,
  looks: FileLooks | undefined,
): Promise<Opened> {
  if (source.kind !== 'github') lookAt(source, looks)
  try {
    const place = await placeOf(source, access, signal)
    const watched = source.kind === 'local' ? [source.path] : []
    if (source.isMarketplace) {
      const opened = await openMarketplace(source, place, access, signal)
      return { ...opened, warnings: [...place.warnings, ...opened.warnings], watched }
    }
    const { warnings, ...at } = place
    const found = { marketplace: '', ...at, isTrusted: source.trust !== 'none' }
    return { found: [found], warnings, watched }
  } catch (error) {
    signal.throwIfAborted()
    return { found: [], warnings: [`${source.written} is not used: ${reasonOf(error)}`], watched: [] }
  }
}

/** What a source of the user's own rests on beside its plugins: when it changes, sources are loaded again. */
function lookAt(
  { kind, path, isMarketplace }: Exclude<Source, { readonly kind: 'github' }>,
  looks: FileLooks | undefined,
): void {
  looks?.kind(path)
  if (kind === 'local' && isMarketplace) for (const place of PLACES) looks?.kind(join(path, place))
}

async function openMarketplace(
  source: Source,
  { root, from, dataName: isShared }: Place,
  access: SourceAccess,
  signal: AbortSignal,
): Promise<{ readonly found: readonly Found[]; readonly warnings: readonly string[] }> {
  const { name: marketplace, entries } = await readMarketplace(root, source.only)
  const opened = await Promise.all(
    entries.map(async (entry) => {
      try {
        const at = await resolveEntry(root, entry)
        const isTrusted = source.trust === 'all' || (source.trust === 'own' && at.kind === 'local')
        const place: Place =
          at.kind === 'local'
            ? { root: at.root, from: `${from}#${entry.name}`, warnings: [] }
            : asPlace(at.source, await access.github.open(at.source, signal))
        const { name, listing } = entry
        const hasOwnData = isShared !== undefined || at.kind === 'github'
        const dataName = hasOwnData ? { dataName: `${marketplace}-${name}` } : {}
        return {
          found: { marketplace, name, root: place.root, from: place.from, isTrusted, listing, ...dataName },
          warnings: place.warnings,
        }
      } catch (error) {
        signal.throwIfAborted()
        const which = `${shown(entry.name)} of the marketplace ${shown(marketplace)}`
        return { warnings: [`${which} is not used: ${reasonOf(error)}`] }
      }
    }),
  )
  return {
    found: opened.flatMap(({ found }) => found ?? []),
    warnings: opened.flatMap(({ warnings }) => warnings),
  }
}

async function placeOf(source: Source, access: SourceAccess, signal: AbortSignal): Promise<Place> {
  switch (source.kind) {
    case 'local':
      if (!(await isFolder(source.path)))
        throw sourceFailure('there is no such folder. Correct the path, or take it out.')
      return { root: source.path, from: source.path, warnings: [] }
    case 'archive':
      return openArchive(source, access, signal)
    case 'github':
      return asPlace(source.github, await access.github.open(source.github, signal))
  }
}

function asPlace(
  { owner, repo, path = '' }: GithubSource,
  { root, shown: from, warnings }: GithubFolder,
): Place {
  const dataName = [owner, repo, ...path.split('/')].filter((part) => part !== '').join('-')
  return { root, from, dataName, warnings }
}

/** Unpacks an archive of the user's, once: it is known by its checksum. A folder that holds everything else is stepped into. */
async function openArchive(
  { path, sha256 }: Extract<Source, { readonly kind: 'archive' }>,
  { store, archives }: SourceAccess,
  signal: AbortSignal,
): Promise<Place> {
  const sum = createHash('sha256')
  await pipeline(createReadStream(path), sum, { signal })
  const actual = sum.digest('hex')
  if (sha256 !== undefined && sha256 !== actual)
    throw sourceFailure(`its sha256 is ${actual}, not ${sha256}. Get the right file, or correct the option.`)
  const warnings: string[] = []
  const tree = await store.keep(actual, async (folder) => {
    const { linksLeftOut } = await unpackArchive(path, folder, archives, signal)
    if (linksLeftOut > 0)
      warnings.push(`${path}: ${linksLeftOut} links are left out. Put files in their place.`)
  })
  const dataName = basename(path).replace(/\.(?:tar\.gz|tgz|zip)$/i, '')
  return { root: (await singleFolder(tree)) ?? tree, from: path, dataName, warnings }
}
