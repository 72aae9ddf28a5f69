import type {
  AssistantMessage,
  Json,
  ModelErrorKind,
  ModelLimits,
  ModelPurpose,
  ModelRole,
  PromptSegment,
  ReasoningEffort,
  SessionId,
  StopReason,
  ToolCallId,
  Transcript,
  TurnId,
  Usage,
} from '@halter/protocol'
import type { JsonSchema } from './schema.ts'

/** US dollars per million tokens. */
export interface ModelPrices {
  readonly input: number
  readonly output: number
  readonly cacheRead?: number
  readonly cacheWrite?: number
}

/** What a model can do beyond text; an absent flag is false. */
export interface ModelCapabilities {
  readonly images?: boolean
  readonly documents?: boolean
  readonly thinking?: boolean
  /** Takes a JSON Schema for its reply. */
  readonly structuredOutput?: boolean
  /** Its provider can make something shorter of old messages itself: it has {@link Provider.compact}. */
  readonly compaction?: boolean
}

/** What a provider knows of one of its models. */
export interface ModelInfo extends ModelLimits {
  readonly prices?: ModelPrices
  readonly capabilities: ModelCapabilities
}

/** A tool as a model is told of it. */
export interface ToolSpec {
  readonly name: string
  readonly description: string
  readonly inputSchema: JsonSchema
}

/** A place up to which the prompt's bytes are expected to stay the same, for providers that cache by marker. */
export type CacheBreakpoint =
  | { readonly after: 'system'; readonly index: number }
  | { readonly after: 'tools' }
  | { readonly after: 'message'; readonly index: number }

/** Everything a provider needs for one call. The order on the wire is: tools, system, messages, tail. */
export interface ModelRequest {
  readonly sessionId: SessionId
  readonly turnId?: TurnId
  readonly purpose: ModelPurpose
  /** The agent definition that the session runs, where it has one. */
  readonly agent?: string
  /** The provider's own id of the model. */
  readonly model: string
  /** Stable text, in order: the cacheable prefix. */
  readonly system: readonly PromptSegment[]
  readonly messages: Transcript
  /** Text that changes from turn to turn; goes after the last message so that no prefix breaks. */
  readonly tail: readonly PromptSegment[]
  /** Sorted by name, so that the same tools are the same bytes. */
  readonly tools: readonly ToolSpec[]
  readonly breakpoints: readonly CacheBreakpoint[]
  readonly effort?: ReasoningEffort
  readonly temperature?: number
  readonly maxOutputTokens?: number
  /** The reply must be JSON that fits this; only for models with `structuredOutput`. */
  readonly outputSchema?: JsonSchema
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * A piece of a streamed reply. Blocks (`text`, `thinking`, `toolInput`) have an id of the provider's choice, unique in the
 * reply; they may interleave. The last part is `end`: a stream without one has failed.
 */
export type ModelPart =
  | { readonly type: 'text.start' | 'text.end' | 'thinking.start'; readonly id: string }
  | {
      readonly type: 'text.delta' | 'thinking.delta' | 'toolInput.delta'
      readonly id: string
      readonly text: string
    }
  | { readonly type: 'thinking.end'; readonly id: string; readonly signature?: string }
  | {
      readonly type: 'toolInput.start'
      readonly id: string
      readonly callId: ToolCallId
      readonly name: string
    }
  | { readonly type: 'toolInput.end'; readonly id: string }
  | { readonly type: 'native'; readonly data: Json; readonly fallbackText: string }
  /** Replaces what was reported before: totals of this call. */
  | { readonly type: 'usage'; readonly usage: Usage }
  | { readonly type: 'metadata'; readonly data: Json }
  | { readonly type: 'warning'; readonly message: string }
  | {
      readonly type: 'end'
      readonly stopReason: Exclude<StopReason, 'interrupted'>
      readonly responseId?: string
    }

/** What a provider may be asked to make of old messages; see {@link Provider.compact}. */
export interface ProviderCompaction {
  readonly data: Json
  /** For every other provider, and for people. */
  readonly summary: string
  readonly usage?: Usage
}

/**
 * Speaks one model API. `stream` is called once per try and never after visible content; it throws `HalterError`
 * `ERR_MODEL_FAILED` with a `kind`, honours `signal` at once, and does not retry: the runtime does.
 */
export interface Provider {
  readonly name: string
  /** Whether a model id, as users write it, is this provider's. Cheap and synchronous. */
  accepts(model: string): boolean
  /** The provider's own id and facts of an accepted model. May read a file or ask the API. */
  info(
    model: string,
  ): (ModelInfo & { readonly model: string }) | Promise<ModelInfo & { readonly model: string }>
  stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelPart>
  /** The provider's own compaction; only with the capability. */
  compact?(request: ModelRequest, instructions: string, signal: AbortSignal): Promise<ProviderCompaction>
  /** Exact input tokens of a request, where the API can count. */
  countTokens?(request: ModelRequest, signal: AbortSignal): Promise<number>
}

/** A model id, resolved: who speaks for it, and what is known of it. */
export interface ResolvedModel {
  /** As it was asked for. */
  readonly id: string
  readonly role: ModelRole
  readonly provider: Provider
  /** The provider's own id. */
  readonly model: string
  readonly info: ModelInfo
}

/** Slot `models`: finds the provider of a model. Decorate it to route or to fall back. */
export interface Models {
  /** @throws HalterError `ERR_MODEL_UNKNOWN`, naming the providers that were asked. */
  resolve(id: string, role: ModelRole): ResolvedModel | Promise<ResolvedModel>
}

/** A finished call: the whole reply, and what came beside it. */
export interface ModelReply {
  readonly message: AssistantMessage
  readonly usage: Usage
  readonly metadata: readonly Json[]
  readonly warnings: readonly string[]
}

/** The kinds of model failure for which the same request may work later. */
export const RETRYABLE_KINDS: ReadonlySet<ModelErrorKind> = new Set([
  'rate-limited',
  'overloaded',
  'transient',
])
