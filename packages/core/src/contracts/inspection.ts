import type {
  CompactionTrigger,
  Message,
  MessageId,
  PromptSegment,
  SeqRange,
  SessionId,
  TurnId,
} from '@halter/protocol'
import type { CacheBreakpoint } from './provider.ts'

/** A segment of a prompt, and what it costs. */
export interface InspectedSegment extends PromptSegment {
  /** Estimated. */
  readonly tokens: number
}

/** A message as the model was shown it. */
export interface InspectedMessage {
  readonly message: Message
  /** Estimated, as shown. */
  readonly tokens: number
  /** Set where the context manager shows something else than what is stored: estimated tokens of that. */
  readonly storedTokens?: number
}

/** A compaction that the prompt rests on. */
export interface InspectedCompaction {
  readonly seq: number
  readonly trigger: CompactionTrigger
  readonly droppedSeqs: readonly SeqRange[]
  readonly tokensBefore: number
  readonly tokensAfter: number
  readonly reason?: string
}

/**
 * What the newest model call of a turn was shown, put together again from the log: with the plugins, tools, files and place of now, since
 * a log holds none of them. Tools and hooks that only one session had are missing.
 */
export interface PromptInspection {
  readonly sessionId: SessionId
  /** Counted from 1; 0: no turn has begun, and this is what the first would begin with. */
  readonly turn: number
  readonly turnId?: TurnId
  /** The last event that the prompt knows of. */
  readonly seq: number
  readonly model: string
  /** Tokens that the model has room for. */
  readonly window: number
  /** Of the whole request, by the context manager: reported usage where there is any. */
  readonly estimatedTokens: number
  readonly tools: readonly { readonly name: string; readonly tokens: number }[]
  readonly system: readonly InspectedSegment[]
  readonly messages: readonly InspectedMessage[]
  readonly tail: readonly InspectedSegment[]
  readonly breakpoints: readonly CacheBreakpoint[]
  /** Messages of the window that were not shown at all. */
  readonly leftOut: readonly MessageId[]
  readonly compactions: readonly InspectedCompaction[]
}
