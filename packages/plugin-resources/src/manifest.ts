import { join } from 'node:path'
import type { ResourcePlugin } from '@halter/core'
import type { Json } from '@halter/protocol'
import { checkAgentManifest, NO_SCHEMA } from './agent-manifest.ts'
import { leadsOut, type FileLooks } from './file-looks.ts'
import { Problems, type ResourceProblem } from './problem.ts'
import { isObject, lineOfKey, readJson, type JsonFile } from './read-json.ts'

/** A plugin's manifest, read. */
export interface Manifest extends JsonFile {
  readonly file: string
  readonly layout: ResourcePlugin['layout']
  readonly name: string
  readonly version?: string
  /** By Agent Plugins 1.0: components are in fixed places, and the manifest names none. */
  readonly isPortable: boolean
  /** It is an entry of a marketplace's list: skills that it names are all that there are. */
  readonly isListed?: boolean
}

/** What a marketplace's list says of a plugin, in the place of a manifest. */
export interface Listing {
  /** The file of the list, absolute. */
  readonly file: string
  readonly entry: Readonly<Record<string, Json>>
}

/** Where a manifest is looked for; the first that exists is the plugin's. The order is the reference's. */
const PLACES: readonly (readonly [path: string, layout: ResourcePlugin['layout']])[] = [
  ['.codex-plugin/plugin.json', 'codex'],
  ['.claude-plugin/plugin.json', 'claude'],
  ['.agent-plugin/plugin.json', 'agent'],
  ['plugin.json', 'agent'],
]

/** The manifest file of a folder, if it is a plugin's. */
export function findManifest(
  root: string,
  looks: FileLooks,
): { readonly file: string; readonly layout: ResourcePlugin['layout'] } | undefined {
  for (const [path, layout] of PLACES) {
    const file = join(root, path)
    if (looks.kind(file) !== 'none') return { file, layout }
  }
  return undefined
}

/**
 * Reads a manifest; undefined: it cannot be used, and the list says why. A `listing` that names components stands for one that is not
 * there; with `"strict": false`, any listing stands for one that is.
 */
export function readManifest(
  root: string,
  looks: FileLooks,
  listing?: Listing,
): { readonly manifest?: Manifest; readonly problems: readonly ResourceProblem[] } {
  const found = findManifest(root, looks)
  if (listing && (found ? listing.entry['strict'] === false : namesComponents(listing)))
    return readListing(listing)
  if (!found) return { problems: [] }
  const problems = new Problems(found.file)
  if (leadsOut(found.file, root)) {
    problems.error('It leads out of the plugin.', 'Put the file itself in its place, not a link.')
    return { problems: problems.list }
  }
  const json = readJson(found.file, looks, problems)
  if (!json) return { problems: problems.list }
  const name = readName(json, problems)
  const isAtRoot = found.file === join(root, 'plugin.json')
  const isPortable = isAtRoot && json.value['$schema'] !== undefined
  const isUsable = isPortable ? checkAgentManifest(json, problems) : checkManifest(json, problems)
  if (isAtRoot && !isPortable) problems.warning(NO_SCHEMA.message, NO_SCHEMA.cure)
  if (name === undefined || !isUsable) return { problems: problems.list }
  const { version } = json.value
  return {
    manifest: {
      ...json,
      ...found,
      name,
      isPortable,
      ...(typeof version === 'string' && version !== '' && { version }),
    },
    problems: problems.list,
  }
}

function namesComponents({ entry }: Listing): boolean {
  return ['skills', 'commands', 'agents', 'hooks', 'mcpServers'].some((key) => entry[key] !== undefined)
}

function readListing({ file, entry }: Listing): {
  readonly manifest?: Manifest
  readonly problems: readonly ResourceProblem[]
} {
  const problems = new Problems(file)
  const json = { value: entry, text: '' }
  const name = readName(json, problems)
  if (name === undefined) return { problems: problems.list }
  const version = entry['version']
  return {
    manifest: {
      ...json,
      file,
      layout: 'claude',
      name,
      isPortable: false,
      isListed: true,
      ...(typeof version === 'string' && version !== '' && { version }),
    },
    problems: problems.list,
  }
}

function readName({ value, text }: JsonFile, problems: Problems): string | undefined {
  const { name } = value
  if (typeof name !== 'string' || name.trim() === '') {
    problems.error('It has no "name".', 'Add one, such as "deploy-tools".', lineOfKey(text, 'name') ?? 1)
    return undefined
  }
  // What a name is made of ends up in paths and in `plugin:skill`.
  if (/[\s@:/\\\p{Cc}\p{Cf}]|^\.+$/u.test(name)) {
    problems.error(
      `Its name ${JSON.stringify(name)} has a character that no name may have.`,
      'Use lower-case letters, digits and hyphens.',
      lineOfKey(text, 'name'),
    )
    return undefined
  }
  if (!/^[a-z0-9]+([-.][a-z0-9]+)*$/.test(name))
    problems.note(
      `Its name "${name}" is not made of lower-case letters, digits and single hyphens.`,
      'Rename it: other agents refuse such a name.',
      lineOfKey(text, 'name'),
    )
  return name
}

/** Keys of Claude Code's and Codex's manifests that name components, and all the others that they know. */
const KNOWN = new Set(
  `$schema name displayName version description author homepage repository license keywords metadata icon documentationUrl supportUrl
  privacyPolicyUrl termsOfServiceUrl defaultEnabled dependencies settings userConfig types channels skills commands agents hooks mcpServers
  lspServers outputStyles workflows experimental themes monitors apps interface allowedEnvVars allowedHttpHosts strict`.split(
    /\s+/,
  ),
)

function checkManifest({ value, text }: JsonFile, problems: Problems): boolean {
  const { version, description, author } = value
  if (version === undefined)
    problems.note('It has no "version".', 'Add one: people want to know what they have.')
  else if (typeof version !== 'string' || version.trim() === '')
    problems.warning(
      'Its "version" is no text, and is not used.',
      'Write it as "1.2.0".',
      lineOfKey(text, 'version'),
    )
  if (description === undefined)
    problems.note('It has no "description".', 'Add one: what the plugin is for, in a sentence.')
  if (author !== undefined && !isObject(author) && typeof author !== 'string')
    problems.note('Its "author" is no object.', 'Write { "name": "…" }.', lineOfKey(text, 'author'))
  for (const key of Object.keys(value))
    if (!KNOWN.has(key))
      problems.note(`"${key}" is no key of a manifest.`, 'Correct it, or take it out.', lineOfKey(text, key))
  return true
}
