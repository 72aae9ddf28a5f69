import { basename, join } from 'node:path'
import {
  halterHome,
  type AgentResource,
  type CommandResource,
  type DeclaredResource,
  type ResourcePlugin,
  type SkillResource,
} from '@halter/core'
import { FileLooks } from './file-looks.ts'
import { readManifest, type Listing, type Manifest } from './manifest.ts'
import { identify } from './plugin-identity.ts'
import type { PluginReader } from './plugin-reader.ts'
import { Problems, type ResourceProblem } from './problem.ts'
import { readAgents, readCommands, readSkills } from './read-components.ts'
import { leaveOutHooks, readHooks } from './read-hooks.ts'
import { readMcpServers } from './read-mcp.ts'

/** What a plugin folder turned out to hold. */
export interface PluginFolder {
  /** Absent: the folder is no plugin that can be used; `problems` says why, and everything else is empty. */
  readonly plugin?: ResourcePlugin
  readonly skills: readonly SkillResource[]
  readonly agents: readonly AgentResource[]
  readonly commands: readonly CommandResource[]
  readonly hooks: readonly DeclaredResource[]
  readonly mcpServers: readonly DeclaredResource[]
  readonly problems: readonly ResourceProblem[]
}

/** How a plugin is read. */
export interface ReadPluginOptions {
  /** What `${CLAUDE_PLUGIN_ROOT}` stands for, if not `root`: where the folder will be. */
  readonly shownRoot?: string
  /** A folder in which each plugin gets one to write to, absolute. Default: `plugin-data` where halter keeps its own. */
  readonly dataHome?: string
  /** The name of its folder there, the same for every version. Default: made of name and place. */
  readonly dataName?: string
  /** What it is known as when no manifest names it. Default: the name of its folder. */
  readonly name?: string
  /** False for a plugin that came over the network and nobody looked at: its hooks are left out, with a warning. Default true. */
  readonly hooks?: boolean
  /** What a marketplace says of it, where it has no manifest or that is not to count. */
  readonly listing?: Listing
  /** What has read the files so far; what did not change is not read again. */
  readonly looks?: FileLooks
}

/** Components in their usual places, by which a folder without a manifest is a plugin in Claude Code's layout. */
const USUAL = ['skills', 'commands', 'agents', 'hooks/hooks.json', '.mcp.json', 'SKILL.md']

/**
 * Reads the plugin in `root`, an absolute path, in whichever layout it has: Agent Plugins (`plugin.json`), Claude Code
 * (`.claude-plugin/plugin.json`, or none), Codex (`.codex-plugin/plugin.json`). What is wrong with a component leaves out only that
 * one. Whatever is wrong is a problem, never an exception.
 */
export async function readPluginFolder(root: string, options: ReadPluginOptions = {}): Promise<PluginFolder> {
  const { looks = new FileLooks(), shownRoot = root } = options
  const read = readManifest(root, looks, options.listing)
  const isPlugin = read.manifest || (read.problems.length === 0 && hasComponents(root, looks))
  if (!isPlugin) return nothing(root, read.problems)
  const plugin = identify(read.manifest, {
    root,
    shownRoot,
    dataHome: options.dataHome ?? join(halterHome(), 'plugin-data'),
    ...(options.dataName !== undefined && { dataName: options.dataName }),
    ...(options.name !== undefined && { name: options.name }),
  })
  const reader = startReader(root, plugin, looks, read.manifest)
  await readSkills(reader)
  if (!read.manifest?.isPortable) {
    await readAgents(reader)
    await readCommands(reader)
    readHooks(reader)
    if (options.hooks === false) leaveOutHooks(reader)
  }
  readMcpServers(reader)
  const { problems, ...found } = reader.found
  return { plugin, ...found, problems: [...read.problems, ...reader.problems.list, ...problems] }
}

function startReader(
  root: string,
  plugin: ResourcePlugin,
  looks: FileLooks,
  manifest: Manifest | undefined,
): PluginReader {
  return {
    root,
    plugin,
    ...(manifest && { manifest }),
    looks,
    problems: new Problems(manifest?.file ?? root),
    found: { skills: [], agents: [], commands: [], hooks: [], mcpServers: [], problems: [] },
  }
}

/** True for a folder with a component of a plugin in its usual place. */
export function hasComponents(root: string, looks: FileLooks): boolean {
  return USUAL.some((place) => looks.kind(join(root, place)) !== 'none')
}

function nothing(root: string, problems: readonly ResourceProblem[]): PluginFolder {
  const told = new Problems(root)
  if (problems.length === 0)
    told.error(
      'It is no plugin: it has no manifest and no component.',
      `Add .claude-plugin/plugin.json with { "name": "${basename(root)}" }, or correct the path.`,
    )
  const all = problems.length === 0 ? told.list : problems
  return { skills: [], agents: [], commands: [], hooks: [], mcpServers: [], problems: all }
}
