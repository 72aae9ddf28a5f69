import type { Json, SessionBlueprint } from '@halter/protocol'

/** Where a resource was found. */
export interface ResourceOrigin {
  /** A file, or a name such as `built-in`. */
  readonly source: string
}

/** Know-how that a model can read when it needs it. */
export interface SkillResource extends ResourceOrigin {
  readonly name: string
  readonly description: string
  readonly body: string
  readonly allowedTools?: readonly string[]
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
  readonly name: string
  readonly description: string
  readonly body: string
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
  readonly skills: readonly SkillResource[]
  readonly agents: readonly AgentResource[]
  readonly commands: readonly CommandResource[]
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
