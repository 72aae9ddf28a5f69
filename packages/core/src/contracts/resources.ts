import type { Json, SessionBlueprint } from '@halter/protocol'

/** A folder with a manifest that bundles resources. Its layout decides the dialect in which its files are read. */
export interface ResourcePlugin {
  /** Stable over reloads. */
  readonly id: string
  readonly name: string
  readonly version?: string
  /** The folder, absolute; what `${CLAUDE_PLUGIN_ROOT}` stands for. */
  readonly root: string
  /** A folder the plugin may write to; what `${CLAUDE_PLUGIN_DATA}` stands for. */
  readonly dataDir: string
  readonly layout: 'agent' | 'claude' | 'codex'
  /** Environment variables that its HTTP hooks may put into headers. */
  readonly allowedEnvVars: readonly string[]
  /** Hosts that its HTTP hooks may call; empty: any that the policy lets through. */
  readonly allowedHttpHosts: readonly string[]
}

/** Where a resource was found. */
export interface ResourceOrigin {
  /** A file, or a name such as `built-in`. */
  readonly source: string
  /** The bundle it came in; absent for a loose file. */
  readonly plugin?: ResourcePlugin
}

/** Know-how that a model can read when it needs it. */
export interface SkillResource extends ResourceOrigin {
  readonly name: string
  readonly description: string
  /** Without the front matter, placeholders filled in. */
  readonly body: string
  /** The skill's folder, absolute: scripts and references are meant from here. */
  readonly root?: string
  readonly allowedTools?: readonly string[]
  /** False: only a user's `/name` brings it in. Default true. */
  readonly modelInvocable?: boolean
  /** False: it is no `/name`. Default true. */
  readonly userInvocable?: boolean
  /** What a user may write after `/name`. */
  readonly argumentHint?: string
}

/** A role that a subagent can take. */
export interface AgentResource extends ResourceOrigin {
  readonly name: string
  readonly description: string
  readonly prompt: string
  readonly model?: string
  readonly tools?: readonly string[]
}

/** A prompt that a user calls by `/name`. */
export interface CommandResource extends ResourceOrigin {
  /** Without the slash; `plugin:name` also calls one of a plugin. */
  readonly name: string
  readonly description: string
  /** As written: `$ARGUMENTS`, `$1`, `@file` and commands to run are filled in when it is called. */
  readonly body: string
  readonly argumentHint?: string
  readonly allowedTools?: readonly string[]
  readonly model?: string
}

/** Project or user guidance that is always in the prompt, such as an AGENTS.md. */
export interface InstructionResource extends ResourceOrigin {
  readonly text: string
}

/** Declarations that a plugin interprets: hook files, MCP servers, policy. */
export interface DeclaredResource extends ResourceOrigin {
  readonly name: string
  readonly value: Json
}

/** Everything that files contribute to sessions, at one moment. Immutable; the same content has the same revision. */
export interface ResourceSnapshot {
  readonly revision: string
  /** The bundles that were read, in their order. Absent: none. */
  readonly plugins?: readonly ResourcePlugin[]
  readonly skills: readonly SkillResource[]
  readonly agents: readonly AgentResource[]
  readonly commands: readonly CommandResource[]
  /** The parsed JSON of hook files, in the order in which they apply; `plugin-hooks` interprets them. */
  readonly hooks: readonly DeclaredResource[]
  readonly mcpServers: readonly DeclaredResource[]
  readonly policy: readonly DeclaredResource[]
  /** Outermost first, so that the nearest has the last word. */
  readonly instructions: readonly InstructionResource[]
  /** What could not be read, one sentence each; the rest works. */
  readonly warnings: readonly string[]
}

/** Slot `resources`: where snapshots come from. A turn pins the one it began with. */
export interface ResourceSource {
  snapshot(blueprint: SessionBlueprint, signal: AbortSignal): ResourceSnapshot | Promise<ResourceSnapshot>
  /** Calls back when the next snapshot may differ; returns how to stop that. */
  onChange?(listener: () => void): () => void
}

/** No resources at all: what sessions have when nobody fills the slot. */
export const EMPTY_RESOURCES: ResourceSnapshot = Object.freeze({
  revision: 'empty',
  skills: [],
  agents: [],
  commands: [],
  hooks: [],
  mcpServers: [],
  policy: [],
  instructions: [],
  warnings: [],
})
