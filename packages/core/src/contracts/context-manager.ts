import type {
  CompactionOutcome,
  CompactionTrigger,
  ContextPlan,
  ModelLimits,
  SessionState,
  TurnId,
  Usage,
} from '@halter/protocol'
import type { ModelRequest, ModelReply, ResolvedModel, ToolSpec } from './provider.ts'

/** What a context manager may look at. `state` is a read view: copy nothing of it per step. */
export interface ContextInput {
  readonly state: SessionState
  readonly turnId: TurnId | undefined
  readonly model: ResolvedModel
  readonly limits: ModelLimits
  readonly tools: readonly ToolSpec[]
  /** Input tokens of the next request: the newest reported usage plus an estimate of what came after it. */
  readonly estimatedTokens: number
  /** Set on the one forced plan after a provider said the context was too long. */
  readonly overflow?: boolean
  /** The way to a model, for summaries: budget, retry and usage are taken care of. */
  callModel(request: ModelRequest, purpose: 'compaction'): Promise<ModelReply>
  /** Asks the compaction hooks; undefined: they keep the long context. */
  beforeCompaction(trigger: CompactionTrigger): Promise<CompactionInstructions | undefined>
}

/** What hooks made of a compaction that is about to run. */
export interface CompactionInstructions {
  /** Added to the manager's own. */
  readonly instructions?: string
  /** A hook's summary: no model is asked. */
  readonly summary?: string
}

/** A compaction that somebody asked for. */
export interface CompactionRequest {
  readonly trigger: CompactionTrigger
  readonly instructions?: string
}

/** What came of it. */
export interface CompactionResult {
  readonly outcome: CompactionOutcome
  readonly usage?: Usage
}

/**
 * Slot `contextManager`: decides what the model sees. It never splits a tool call from its result, never drops the newest
 * user message, and returns at once when `signal` is aborted. Cost per step must not grow with the transcript.
 */
export interface ContextManager {
  plan(input: ContextInput, signal: AbortSignal): ContextPlan | Promise<ContextPlan>
  /**
   * Undefined: there was nothing to compact.
   * @throws HalterError `ERR_COMPACTION_UNSUPPORTED`, or what the model call failed with.
   */
  compactNow(
    request: CompactionRequest,
    input: ContextInput,
    signal: AbortSignal,
  ): Promise<CompactionResult | undefined>
}
