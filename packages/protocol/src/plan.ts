import type { Json } from './messages.ts'
import type { Transcript } from './transcript.ts'

/**
 * How long the bytes of a prompt segment stay the same. `static`: for every session; `session`: for the life of one;
 * `turn`: until the next turn. Static and session segments form the cacheable prefix; turn segments go to the tail.
 */
export type Stability = 'static' | 'session' | 'turn'

/** One piece of prompt text, and who put it there. */
export interface PromptSegment {
  /** Stable name, such as `seed` or `instructions:AGENTS.md`; what `cache.broken` names. */
  readonly id: string
  readonly text: string
  readonly stability: Stability
  /** The plugin that added it; absent: the session's own blueprint. */
  readonly plugin?: string
}

/** The model's room, as its provider states it. Tokens. */
export interface ModelLimits {
  /** Input and output together. */
  readonly window: number
  readonly maxOutput: number
}

/** What one step shows the model: the outcome of a context manager, before it is put into a prompt. */
export interface ContextPlan {
  readonly messages: Transcript
  /** Text beside the transcript: hook context and what `context.transform` added. */
  readonly segments: readonly PromptSegment[]
  /** Estimated input tokens of the request that this plan leads to, tools included. */
  readonly estimatedTokens: number
  /** Set when the plan rests on a compaction that is to be recorded first. */
  readonly compaction?: CompactionOutcome
  /** A sentence for the user when something that was due did not happen. */
  readonly warning?: string
}

/** Why a compaction ran. */
export type CompactionTrigger = 'auto' | 'manual' | 'overflow'

/** An inclusive range of event sequence numbers. */
export interface SeqRange {
  readonly from: number
  readonly to: number
}

/** What a compaction took out and put in; the payload of `compaction.applied`. */
export interface CompactionOutcome {
  readonly trigger: CompactionTrigger
  /** Messages stored by these events leave the window; ascending, without overlap. */
  readonly droppedSeqs: readonly SeqRange[]
  /** What stands for them: text for any model, or a provider's own item. Empty: nothing. */
  readonly summary: string
  readonly native?: { readonly provider: string; readonly data: Json }
  readonly tokensBefore: number
  readonly tokensAfter: number
  /** Why these and not others, for people. */
  readonly reason?: string
}
