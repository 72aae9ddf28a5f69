import type {
  AssistantMessage,
  CompactionTrigger,
  ContextPlan,
  HookRun,
  Json,
  ModelPurpose,
  SessionBlueprint,
  SessionState,
  ToolCallId,
  ToolOutcome,
  ToolResultPart,
  TurnCompletion,
  TurnFailure,
  TurnId,
  Usage,
  UserPart,
  WholePart,
} from '@halter/protocol'
import type { ApprovalRequest } from './approvals.ts'
import type { ResourceSnapshot } from './resources.ts'
import type { ChildHandle, ChildResult, SpawnRequest } from './subagents.ts'
import type { Defer } from './services.ts'
import type { ModelRequest } from './provider.ts'

/** A tool call on its way to its tool. */
export interface ToolCall {
  readonly callId: ToolCallId
  readonly name: string
  readonly input: Json
  /** The plugin that makes the call; absent: the model does. */
  readonly by?: string
}

/** A prompt on its way into the transcript. */
export interface PromptDraft {
  readonly parts: readonly UserPart[]
  /** Text for the model beside the prompt; goes to the tail, for this turn. */
  readonly notes: readonly string[]
}

/** A compaction that is about to run. */
export interface CompactionDraft {
  readonly trigger: CompactionTrigger
  /** Estimated tokens of what is in the window now. */
  readonly window: number
  /**
   * What the summary is to keep. To a transform they come as the user gave them, if the user did; what it writes stands beside those and
   * takes nothing away. A guard sees all.
   */
  readonly instructions?: string
  /** Set it, and no model is asked. */
  readonly summary?: string
}

/** A finished tool call. */
export interface ToolCallResult {
  readonly call: ToolCall
  readonly parts: readonly WholePart<ToolResultPart>[]
  readonly isError: boolean
  /** What became of the call; it was not run where this is `denied`, `not-started` or `cancelled`. */
  readonly outcome: ToolOutcome
}

/** A reply without tool calls: the turn would end here. */
export interface TurnStop {
  /** Model calls of this turn so far. */
  readonly steps: number
  readonly lastMessage: AssistantMessage
  /** True when a `turn.guard` has already kept this turn going. */
  readonly stopHookActive: boolean
}

/** How a turn ended. */
export interface TurnOutcome {
  readonly turnId: TurnId
  readonly outcome: TurnCompletion | TurnFailure
  readonly usage: Usage
}

/** A guard's answer. `undefined` is no opinion. Of several answers the strictest counts, whatever the order. */
export type Verdict = { readonly deny: string } | undefined | void

/** A guard's answer on a tool call: deny > ask > allow. `allow` also answers the tool's own `needsApproval`. */
export type ToolVerdict =
  | { readonly deny: string }
  | { readonly ask: string; readonly scope?: string }
  | { readonly allow: string | true }
  | undefined
  | void

/**
 * A tap that may change what passes: return the new value, or nothing to leave it. One after the other, in order. One that throws a
 * `HalterError` of the code `ERR_TURN_REFUSED` refuses: what it was asked about fails with that message as it is and the plugin's
 * name beside it, and nothing is held against the plugin. From a turn's own transforms (`prompt`, `context`, `request`, `response`) it
 * ends the turn.
 */
export interface TransformHook<T> {
  readonly kind: 'transform'
  readonly input: T
  readonly output: T | undefined | void
}
/** A tap that may stop what passes; it sees exactly what will happen. To throw `ERR_TURN_REFUSED` is to deny in those words. */
export interface GuardHook<T, V = Verdict> {
  readonly kind: 'guard'
  readonly input: T
  readonly output: V
}
/** A tap that looks. All at once; a failure is a warning. */
export interface ObserveHook<T> {
  readonly kind: 'observe'
  readonly input: T
  readonly output: void
}

/** Every hook of the lifecycle. The last word of the name is its kind: `transform`, `guard`, or `start`/`end`. */
export interface Hooks {
  'session.transform': TransformHook<SessionBlueprint>
  'session.start': ObserveHook<{ readonly source: 'startup' | 'resume' | 'compact' | 'clear' }>
  'session.end': ObserveHook<{ readonly reason: string }>
  'turn.start': ObserveHook<{ readonly turnId: TurnId; readonly input: readonly UserPart[] }>
  'turn.end': ObserveHook<TurnOutcome>
  'prompt.transform': TransformHook<PromptDraft>
  'prompt.guard': GuardHook<PromptDraft>
  'context.transform': TransformHook<ContextPlan>
  'compaction.transform': TransformHook<CompactionDraft>
  /** Deny keeps the long context. */
  'compaction.guard': GuardHook<CompactionDraft>
  'compaction.end': ObserveHook<{
    readonly trigger: CompactionTrigger
    readonly summary: string
    readonly usage?: Usage
  }>
  'request.transform': TransformHook<ModelRequest>
  'response.transform': TransformHook<AssistantMessage>
  'response.guard': GuardHook<AssistantMessage>
  /** The changed input is validated again. */
  'toolCall.transform': TransformHook<ToolCall>
  'toolCall.guard': GuardHook<ToolCall, ToolVerdict>
  'toolResult.transform': TransformHook<ToolCallResult>
  /** Every call's, those that were denied included. */
  'toolCall.end': ObserveHook<ToolCallResult>
  /** Before anybody is asked: `deny` and `allow` answer in their place. One that fails is a warning, and they are asked. */
  'approval.guard': GuardHook<ApprovalRequest, ToolVerdict>
  /** Deny means "not yet": its text is the next input. At most eight per turn. */
  'turn.guard': GuardHook<TurnStop>
  'subagent.transform': TransformHook<SpawnRequest>
  'subagent.guard': GuardHook<SpawnRequest>
  'subagent.start': ObserveHook<SessionBlueprint>
  'subagent.end': ObserveHook<ChildResult>
  /** A notification was stored, whoever raised it. */
  'notification.end': ObserveHook<{ readonly kind: string; readonly message: string }>
}

/** The name of a hook. */
export type HookName = keyof Hooks

/** What a tap of hook `H` is: the input as it is now, and a context. */
export type Tap<H extends HookName, S = object> = (
  input: Hooks[H]['input'],
  ctx: TapContext<S>,
) => Hooks[H]['output'] | Promise<Hooks[H]['output']>

/** A question to a model, with no tools and no transcript. */
export interface ModelQuestion {
  /** Default `hook`. */
  readonly purpose?: ModelPurpose
  /** Absent: the session's model of the `small` role. */
  readonly model?: string
  readonly system?: string
  readonly prompt: string
  readonly maxOutputTokens?: number
  readonly signal?: AbortSignal
}

/** What the model said. */
export interface ModelAnswer {
  readonly text: string
  readonly model: string
  readonly usage: Usage
}

/** What a plugin may do to the session it was called for. What it does is recorded under its name; nothing of it waits for the turn. */
export interface SessionPort {
  readonly blueprint: SessionBlueprint
  readonly state: SessionState
  /** Records an event of the plugin's own; its `sessionState.reduce` folds it. */
  note(name: string, data: Json): Promise<void>
  /** Text for the model, in the prompt's tail. Default scope: until the turn ends. */
  inject(text: string, options?: { readonly scope?: 'turn' | 'session' }): Promise<void>
  /** Records what a handler did. */
  report(run: Omit<HookRun, 'plugin' | 'hook'>): Promise<void>
  /** Tells the user something. */
  notify(kind: string, message: string): Promise<void>
  /** Puts input into the running turn at its next safe point; without one, starts a turn. */
  steer(text: string): void
  /**
   * Opens a child session and starts its first turn. It is aborted with the turn that opened it, shares the session's limits, and is
   * judged by the session's guards beside its own.
   * @throws HalterError `ERR_SUBAGENT_LIMIT`; `ERR_TURN_REFUSED` when a guard refuses it.
   */
  openChild(request: SpawnRequest): Promise<ChildHandle>
  /** The running turn's resources, as it pinned them; between turns, as they are now. */
  resources(): Promise<ResourceSnapshot>
  /**
   * Asks a model something beside the transcript: budget, hooks, retry and usage are those of every call.
   * @throws HalterError as every model call; nothing of it ends the turn.
   */
  callModel(question: ModelQuestion): Promise<ModelAnswer>
  /**
   * Runs a tool for the plugin, not for the model: transformed, guarded and approved like every call, recorded, and not part of the
   * transcript. Only while a turn runs. A denial and a failure are values.
   * @throws HalterError `ERR_SESSION_INPUT` between turns; `ERR_TOOL_UNKNOWN`; the reason of an abort.
   */
  callTool(name: string, input: Json, options?: { readonly signal?: AbortSignal }): Promise<ToolCallResult>
  /** Something that lives as long as the session is open here: made at the first call for `key`, shared afterwards. */
  resource<T>(key: string, open: (defer: Defer) => T): T
}

/** What every tap gets. Properties are made when they are read. */
export interface TapContext<S = object> {
  readonly session: SessionPort
  readonly turn: { readonly turnId: TurnId; readonly purpose?: ModelPurpose } | undefined
  /** 1 for the first model call of the turn. */
  readonly step: number | undefined
  /** Aborted at interrupt, at shutdown, and when this tap's deadline passes. */
  readonly signal: AbortSignal
  /** What the plugin's `requires` and `optional` name, and nothing else. */
  readonly services: S
  /** Records a warning with the plugin's name. */
  warn(message: string): void
}
