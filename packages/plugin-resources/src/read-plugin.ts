import type {
  AgentResource,
  CommandResource,
  DeclaredResource,
  ResourcePlugin,
  SkillResource,
} from '@halter/core'
import type { ResourceProblem } from './problem.ts'

/** What a folder with a plugin manifest turned out to hold. */
export interface PluginFolder {
  /** Absent: the folder has no manifest that can be used; `problems` says why, and everything else is empty. */
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
  /** What the plugin is known as when its manifest names none, or, from a marketplace, instead. */
  readonly name?: string
  /** False for a plugin that came over the network and nobody approved: its hooks are left out, with a warning. Default true. */
  readonly hooks?: boolean
}

/**
 * Reads the plugin in `root`, an absolute path, in whichever layout it has: Agent Plugins (`plugin.json`), Claude Code
 * (`.claude-plugin/plugin.json`), Codex (`.codex-plugin/plugin.json`). Whatever is wrong is a problem, never an exception.
 */
export function readPluginFolder(root: string, options: ReadPluginOptions = {}): Promise<PluginFolder> {
  return Promise.reject(new Error(`not there yet: ${root} ${options.name ?? ''}`))
}
