import type { ContextPlan, PromptSegment, SessionBlueprint, Transcript } from '@halter/protocol'
import type { CacheBreakpoint, ResolvedModel, ToolSpec } from './provider.ts'
import type { ResourceSnapshot } from './resources.ts'
import type { EnvironmentFacts } from './system.ts'

/** What a prompt is made of. */
export interface PromptInput {
  readonly blueprint: SessionBlueprint
  readonly resources: ResourceSnapshot
  readonly plan: ContextPlan
  readonly tools: readonly ToolSpec[]
  readonly model: ResolvedModel
  readonly environment: EnvironmentFacts
}

/** A prompt, in the order that caches like: what never changes first. */
export interface AssembledPrompt {
  /** Stable segments only. */
  readonly system: readonly PromptSegment[]
  readonly messages: Transcript
  /** Everything that changes from turn to turn. */
  readonly tail: readonly PromptSegment[]
  /** At most four. */
  readonly breakpoints: readonly CacheBreakpoint[]
}

/**
 * Slot `promptAssembler`: puts a plan into a prompt. The same input gives the same bytes; `system` depends on nothing that
 * changes within a session. Decorate it to add text (retrieval goes to the tail), fill it to replace it.
 */
export interface PromptAssembler {
  assemble(input: PromptInput, signal: AbortSignal): AssembledPrompt | Promise<AssembledPrompt>
}
