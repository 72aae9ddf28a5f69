import type {
  BlobPart,
  CompactionOutcome,
  CompactionTrigger,
  ContextPlan,
  DocumentPart,
  ImagePart,
  Json,
  Message,
  MessageId,
  ModelLimits,
  SessionState,
  TurnId,
  Usage,
} from '@halter/protocol'
import type { ModelRequest, ModelReply, ProviderCompaction, ResolvedModel, ToolSpec } from './provider.ts'

/**
 * Slot `tokenEstimator`: tokens of a text, or of a picture or document. Synchronous and quick: every part of every message passes it
 * once. Where nobody fills the slot: 3.7 characters a token, 1,500 tokens a picture or document.
 */
export type TokenEstimator = (piece: string | ImagePart | DocumentPart | BlobPart) => number

/** Something that must outlive every compaction: a goal, a rule of the user's, a question that is open, a child that runs. */
export interface Obligation {
  /** One word for people: `goal`, `rule`, `approval`, `child`, or a plugin's own. */
  readonly kind: string
  /** What the model must still be told, word for word. At most a few hundred characters. */
  readonly text: string
  /** A part of `text` that nothing else contains, such as an id: a summary with it has kept the obligation. Default: all of `text`. */
  readonly mark?: string
  /** A message that must stay in the window as it is. */
  readonly messageId?: MessageId
}

/** Collection `obligations`: whoever has something to keep says so here. */
export interface ObligationSource {
  readonly name: string
  /** What is to be kept now. Asked when a compaction is about to run; must not throw or wait. */
  of(state: SessionState): readonly Obligation[]
}

/** What a context manager may look at. `state` is a read view: copy nothing of it per step. */
export interface ContextInput {
  readonly state: SessionState
  readonly turnId: TurnId | undefined
  readonly model: ResolvedModel
  readonly limits: ModelLimits
  readonly tools: readonly ToolSpec[]
  /** Input tokens of the next request: the newest reported usage plus an estimate of what came after it. */
  readonly estimatedTokens: number
  /** Index of the first message of the transcript that `estimatedTokens` only estimates; 0: nothing was reported. */
  readonly estimatedFrom: number
  /** Set on the one forced plan after a provider said the context was too long. */
  readonly overflow?: boolean
  /** Tokens of a text or a message, by slot `tokenEstimator`. */
  tokensOf(piece: string | Message): number
  /** What must outlive a compaction, from every source of the collection `obligations`. */
  obligations(): readonly Obligation[]
  /** The way to a model, for summaries: budget, retry and usage are taken care of. */
  callModel(request: ModelRequest, purpose: 'compaction'): Promise<ModelReply>
  /** The provider's own compaction, budget and usage taken care of. Absent: the model has none. */
  compactByProvider?(request: ModelRequest, instructions: string): Promise<ProviderCompaction>
  /** Asks the compaction hooks; undefined: they keep the long context. */
  beforeCompaction(trigger: CompactionTrigger): Promise<CompactionInstructions | undefined>
  /** Records an event of `plugin`; its `sessionState` folds it. A manager keeps here what must survive a restart. */
  note(plugin: string, name: string, data: Json): Promise<void>
}

/** What hooks made of a compaction that is about to run. */
export interface CompactionInstructions {
  /** Added to the manager's own and to those of the request, which hooks have seen. */
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
 * user message nor what an {@link Obligation} names, and returns at once when `signal` is aborted. Cost per step must not grow with
 * the transcript, and what one step showed is how the next begins, until a compaction is recorded.
 */
export interface ContextManager {
  /**
   * What the next step shows. A plan with a `compaction` is not shown: the compaction is recorded, and the manager is asked again,
   * without `overflow`. After the second in one step, the next plan is shown as it is, whatever it asks for. A summary that could
   * not be had is a `warning`, not an error.
   */
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
