import { basename, dirname, join } from 'node:path'
import { realpathSync } from 'node:fs'
import type {
  AgentResource,
  CommandResource,
  DeclaredResource,
  ResourcePlugin,
  SkillResource,
} from '@halter/core'
import { leadsOut, type FileLooks } from './file-looks.ts'
import { findSkills } from './find-skills.ts'
import { findManifest } from './manifest.ts'
import { markdownFiles } from './markdown-files.ts'
import type { Place } from './places.ts'
import { Problems, type ResourceProblem } from './problem.ts'
import { readAgent } from './read-agent.ts'
import { readCommand } from './read-command.ts'
import { readHookFile, readSettingsHooks } from './read-hooks.ts'
import { hasComponents, readPluginFolder, type PluginFolder } from './read-plugin.ts'
import { readSkillFolder } from './read-skill.ts'

/** What was found, in the order in which it counts: of two with one name, the first one has it. */
export interface Gathered {
  readonly plugins: ResourcePlugin[]
  readonly skills: SkillResource[]
  readonly agents: AgentResource[]
  readonly commands: CommandResource[]
  readonly hooks: DeclaredResource[]
  readonly mcpServers: DeclaredResource[]
  readonly problems: ResourceProblem[]
}

/** What was found, when nothing more is added to it. */
export type Findings = { readonly [K in keyof Gathered]: Readonly<Gathered[K]> }

/** Nothing yet. */
export function emptyGathering(): Gathered {
  return { plugins: [], skills: [], agents: [], commands: [], hooks: [], mcpServers: [], problems: [] }
}

/** What a plugin holds. */
export function addPlugin(gathered: Gathered, { plugin, problems, ...found }: PluginFolder): void {
  gathered.problems.push(...problems)
  if (!plugin || gathered.plugins.some(({ id }) => id === plugin.id)) return
  gathered.plugins.push(plugin)
  gathered.skills.push(...found.skills)
  gathered.agents.push(...found.agents)
  gathered.commands.push(...found.commands)
  gathered.hooks.push(...found.hooks)
  gathered.mcpServers.push(...found.mcpServers)
}

/** How plugins are gathered. */
export interface GatherPluginsOptions {
  readonly looks: FileLooks
  readonly dataHome: string
  readonly within?: string
  /** Somebody has named this folder, so it may be a plugin without a manifest, too. */
  readonly isNamed?: boolean
}

/** The plugin that `root` is, or the plugins in it, by name. A folder in it without a manifest is none. */
export async function gatherPlugins(
  gathered: Gathered,
  root: string,
  options: GatherPluginsOptions,
): Promise<void> {
  for (const folder of pluginFolders(root, options))
    if (staysWithin(folder, options.within, gathered))
      addPlugin(gathered, await readPluginFolder(folder, options))
}

function pluginFolders(root: string, { looks, isNamed = false }: GatherPluginsOptions): readonly string[] {
  if (findManifest(root, looks)) return [root]
  const inside = looks
    .list(root)
    .map((name) => join(root, name))
    .filter((folder) => looks.kind(folder) === 'folder' && findManifest(folder, looks) !== undefined)
  return inside.length === 0 && isNamed && hasComponents(root, looks) ? [root] : inside
}

/** Loose skills at or below `root`. One that links lead to twice counts once. */
export async function gatherSkills(
  gathered: Gathered,
  root: string,
  { looks, within }: { readonly looks: FileLooks; readonly within?: string },
): Promise<void> {
  if (looks.kind(root) !== 'folder' || !staysWithin(root, within, gathered)) return
  const known = new Set(gathered.skills.map(({ root: folder }) => realPath(folder ?? '')))
  for (const folder of findSkills(root, looks)) {
    if (known.has(realPath(folder))) continue
    const options = { looks, ...(within !== undefined && { within }) }
    const { skill, problems } = await readSkillFolder(folder, options)
    gathered.problems.push(...problems)
    if (skill) gathered.skills.push(skill)
  }
}

/** What one place holds beside plugins. */
export async function gatherLoose(gathered: Gathered, place: Place, looks: FileLooks): Promise<void> {
  const { folder, within } = place
  const options = { looks, ...(within !== undefined && { within }) }
  await gatherSkills(gathered, join(folder, 'skills'), options)
  for (const file of looseFiles(gathered, join(folder, 'agents'), options)) {
    const { resource, problems } = await readAgent(file, options)
    gathered.problems.push(...problems)
    if (resource) gathered.agents.push(resource)
  }
  for (const file of looseFiles(gathered, join(folder, 'commands'), options)) {
    const { resource, problems } = await readCommand(file, options)
    gathered.problems.push(...problems)
    if (resource) gathered.commands.push(resource)
  }
}

/** The hook files of a place: its settings, then its hooks.json. */
export function gatherHooks(gathered: Gathered, { folder, within }: Place, looks: FileLooks): void {
  for (const name of ['settings.json', 'settings.local.json', 'hooks.json']) {
    const file = join(folder, name)
    if (looks.kind(file) !== 'file' || !staysWithin(file, within, gathered)) continue
    const { value, problems } =
      name === 'hooks.json' ? readHookFile(file, looks) : readSettingsHooks(file, looks)
    gathered.problems.push(...problems)
    if (value !== undefined)
      gathered.hooks.push({ name: `${basename(dirname(file))}/${name}`, source: file, value })
  }
}

function looseFiles(
  gathered: Gathered,
  folder: string,
  { looks, within }: { readonly looks: FileLooks; readonly within?: string },
): ReturnType<typeof markdownFiles> {
  if (looks.kind(folder) !== 'folder' || !staysWithin(folder, within, gathered)) return []
  return markdownFiles(folder, looks)
}

function staysWithin(path: string, within: string | undefined, { problems }: Gathered): boolean {
  if (within === undefined || !leadsOut(path, within)) return true
  const told = new Problems(path)
  told.error(`It leads out of ${within}.`, 'Put the files themselves in its place, not a link.')
  problems.push(...told.list)
  return false
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
