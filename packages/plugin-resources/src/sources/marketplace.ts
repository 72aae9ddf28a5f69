import { readFile, realpath, stat } from 'node:fs/promises'
import { join, relative, isAbsolute, sep } from 'node:path'
import type { Listing } from '../manifest.ts'
import { isObject } from '../read-json.ts'
import { readEntryPath } from './entry-path.ts'
import { checkGithubSource, parseGithubRepo, type GithubSource } from './github-source.ts'
import { isFolder } from './single-folder.ts'
import { shown, sourceFailure } from './source-failure.ts'

/** Where a marketplace's list is looked for; the first that exists counts. The order is the reference's. */
export const PLACES: readonly string[] = [
  '.agents/plugins/marketplace.json',
  '.claude-plugin/marketplace.json',
]
/** A list longer than this is none. */
const MAX_BYTES = 4 * 1024 * 1024

/** A list of plugins, and where each is. */
export interface Marketplace {
  readonly name: string
  /** The file of the list, absolute. */
  readonly file: string
  /** Those that are wanted, in the order of the list. */
  readonly entries: readonly MarketplaceEntry[]
}

/** One line of the list. Where its plugin is has not been looked at yet. */
export interface MarketplaceEntry {
  readonly name: string
  readonly source: unknown
  /** All that the list says of it. */
  readonly listing: Listing
  /** Prepended to relative paths, where that makes them exist. */
  readonly pluginRoot?: string
}

/** Where a plugin is: in the marketplace's own folder, or in a repository. */
export type EntrySource =
  | { readonly kind: 'local'; readonly root: string }
  | { readonly kind: 'github'; readonly source: GithubSource }

/**
 * Reads the marketplace in a folder. `only` names the plugins that are wanted; absent: all. The others are not looked at.
 * @throws HalterError `ERR_RESOURCE_SOURCE` when there is no list, when two entries have one name, when a wanted one is missing.
 */
export async function readMarketplace(root: string, only?: readonly string[]): Promise<Marketplace> {
  const { file, list } = await readList(root)
  const { name, plugins, metadata } = list
  if (typeof name !== 'string' || name.trim() === '')
    throw sourceFailure(`${file} has no "name". Add one: it is part of what its plugins are known as.`)
  if (!Array.isArray(plugins))
    throw sourceFailure(`${file} has no list of "plugins". Write "plugins": [{ "name": …, "source": … }].`)
  const base = isObject(metadata) && typeof metadata['pluginRoot'] === 'string' ? metadata['pluginRoot'] : ''
  const entries = plugins.map((entry: unknown, index) => readEntry(entry, index, base, file))
  const names = entries.map((entry) => entry.name)
  const twice = names.find((each, index) => names.indexOf(each) !== index)
  if (twice !== undefined)
    throw sourceFailure(`${file} lists two plugins named ${shown(twice)}. Rename one, or take it out.`)
  const missing = (only ?? []).filter((each) => !names.includes(each))
  if (missing.length > 0)
    throw sourceFailure(
      `${file} lists no ${missing.map(shown).join(', ')}, which "only" names. It lists ${names.map(shown).join(', ') || 'nothing'}.`,
    )
  return { name, file, entries: entries.filter((entry) => only?.includes(entry.name) ?? true) }
}

/** True when a folder has the list of a marketplace. */
export async function isMarketplace(root: string): Promise<boolean> {
  for (const place of PLACES)
    if (
      await stat(join(root, place)).then(
        (stats) => stats.isFile(),
        () => false,
      )
    )
      return true
  return false
}

/**
 * Where the plugin of an entry is. Kinds: a path (`./plugins/x`, from the marketplace's folder, which it may not leave), `local`,
 * `github`, and of `url` and `git-subdir` those that lead to GitHub.
 * @throws HalterError `ERR_RESOURCE_SOURCE` for every other kind, and for a folder that is not there.
 */
export async function resolveEntry(
  root: string,
  { name, source, pluginRoot }: MarketplaceEntry,
): Promise<EntrySource> {
  if (typeof source === 'string') return localEntry(root, source, pluginRoot)
  const kind = isObject(source) ? source['source'] : undefined
  if (!isObject(source) || typeof kind !== 'string')
    throw sourceFailure(`its "source" says nothing. Write a path such as "./plugins/${name}".`)
  const text = (key: string): string | undefined => {
    const value = source[key]
    if (value === undefined || typeof value === 'string') return value
    throw sourceFailure(`the "${key}" of its source is no text. Put it into quotes.`)
  }
  if (kind === 'local') return localEntry(root, text('path') ?? '', undefined)
  const isRepository = kind === 'github' || kind === 'url' || kind === 'git-subdir'
  const where = text(kind === 'github' ? 'repo' : 'url')
  if (!isRepository || where === undefined)
    throw sourceFailure(
      `a source of the kind ${shown(kind)} is not known here. Known are paths, "local", "github", and links to GitHub.`,
    )
  const [ref, sha, path] = [text('ref'), text('sha'), text('path')]
  const repository = parseGithubRepo(where)
  const github: GithubSource = {
    ...repository,
    ...(ref !== undefined && { ref }),
    ...(sha !== undefined && { sha }),
    ...(path !== undefined && { path: path.replace(/^\.\//, '') }),
  }
  return { kind: 'github', source: checkGithubSource(github, where) }
}

async function localEntry(root: string, path: string, pluginRoot: string | undefined): Promise<EntrySource> {
  const wantsBase = pluginRoot !== undefined && pluginRoot !== ''
  if (path !== '.' && !path.startsWith('./') && !wantsBase)
    throw sourceFailure(`its path ${shown(path)} does not begin with "./", the marketplace's own folder.`)
  const own = segmentsOf(path)
  const based = wantsBase ? join(root, ...segmentsOf(pluginRoot), ...own) : undefined
  const folder = based !== undefined && (await isFolder(based)) ? based : join(root, ...own)
  if (!(await isFolder(folder))) throw sourceFailure(`there is no folder ${shown(path)} in the marketplace.`)
  const [top, real] = await Promise.all([realpath(root), realpath(folder)])
  const way = relative(top, real)
  if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way))
    throw sourceFailure(`its folder ${shown(path)} is a link that leads out of the marketplace, to ${real}.`)
  return { kind: 'local', root: real }
}

function segmentsOf(path: string): readonly string[] {
  const entry = readEntryPath(path)
  if (entry.problem !== undefined) throw sourceFailure(`its path ${shown(path)} ${entry.problem}.`)
  return entry.segments
}

async function readList(
  root: string,
): Promise<{ readonly file: string; readonly list: Readonly<Record<string, unknown>> }> {
  for (const place of PLACES) {
    const file = join(root, place)
    const stats = await stat(file).catch(() => undefined)
    if (!stats?.isFile()) continue
    if (stats.size > MAX_BYTES) throw sourceFailure(`${file} is larger than ${MAX_BYTES} bytes. Shorten it.`)
    try {
      const list: unknown = JSON.parse((await readFile(file, 'utf8')).replace(/^\uFEFF/, ''))
      if (isObject(list)) return { file, list }
    } catch (error) {
      throw sourceFailure(`${file} could not be read: ${shown(String(error))}. Correct it.`, error)
    }
    throw sourceFailure(`${file} is no JSON object. Write { "name": …, "plugins": [ … ] }.`)
  }
  throw sourceFailure(`${root} is no marketplace: it has neither ${PLACES.join(' nor ')}.`)
}

function readEntry(entry: unknown, index: number, pluginRoot: string, file: string): MarketplaceEntry {
  const name = isObject(entry) ? entry['name'] : undefined
  if (!isObject(entry) || typeof name !== 'string' || name.trim() === '')
    throw sourceFailure(`Plugin ${index + 1} of ${file} has no "name". Add one.`)
  const listing = { file, entry }
  return { name, source: entry['source'], listing, ...(pluginRoot !== '' && { pluginRoot }) }
}
