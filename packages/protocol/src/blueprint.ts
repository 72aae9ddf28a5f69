import type { SessionId } from './ids.ts'
import type { PromptSegment } from './plan.ts'

/** What a session may use a model for. `default` serves every role that has no model of its own. */
export type ModelRole = 'default' | 'plan' | 'subagent' | 'small'

/** How hard a model should think. A provider maps what it has to the nearest it knows. */
export type ReasoningEffort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max'

/**
 * Caps. `steps` counts model calls per turn; `tokens`, `usd` and `timeMs` are spent by a session and its descendants
 * together; `depth` bounds how deep subagents nest and `fanOut` how many of one session run at once. Absent: no cap.
 */
export interface Limits {
  readonly steps?: number
  readonly tokens?: number
  readonly usd?: number
  readonly timeMs?: number
  readonly depth?: number
  readonly fanOut?: number
}

/** What a session is made from: stored in its first event, changed afterwards only by `session.updated`. */
export interface SessionBlueprint {
  readonly sessionId: SessionId
  readonly parentId?: SessionId
  /** Nesting: 0 for a session that nobody spawned. */
  readonly depth: number
  /** The agent definition that a subagent runs, where it has one. */
  readonly agent?: string
  /** The model of the `default` role. */
  readonly model: string
  /** Models of the other roles, where they differ. */
  readonly models?: { readonly [R in Exclude<ModelRole, 'default'>]?: string }
  readonly effort?: ReasoningEffort
  readonly temperature?: number
  readonly maxOutputTokens?: number
  /** Absolute path; where tools run and project files are looked for. */
  readonly workingDir: string
  /** Replaces the prompt assembler's own system prompt; absent: that one is used. */
  readonly seed?: readonly PromptSegment[]
  /** Text added after the system prompt, whichever it is. */
  readonly appendSystemPrompt?: string
  /** Names of the tools that the session may use at most; absent: all that are there. A subagent's, as it was spawned with. */
  readonly tools?: readonly string[]
  readonly limits: Limits
  readonly title?: string
  /** At most 16 pairs; `listSessions` can ask for equality. */
  readonly metadata: Readonly<Record<string, string>>
}
