import type { Limits, ReasoningEffort, SessionBlueprint } from './blueprint.ts'
import type { ErrorWire } from './error.ts'
import type { MessageId, SessionId, ToolCallId, TurnId } from './ids.ts'
import type { AssistantMessage, Json, ToolResultPart, UserMessage, UserPart } from './messages.ts'
import type { CompactionOutcome } from './plan.ts'
import type { ModelPurpose, Usage } from './usage.ts'

/**
 * How a tool call ended. `not-started`: we stopped before it ran. `outcome-unknown`: it had started when the process
 * died, so it may or may not have had its effect.
 */
export type ToolOutcome = 'ok' | 'error' | 'denied' | 'not-started' | 'outcome-unknown' | 'cancelled'

/** How an approval was answered. `session` and `always` also cover later calls of the same scope. */
export type ApprovalAnswer = 'once' | 'session' | 'always' | 'deny'

/** Why a turn ended well. */
export type TurnCompletion = 'stop' | 'max-output' | 'refused'

/** Why a turn ended badly. */
export type TurnFailure = 'error' | 'interrupted' | 'budget-exhausted' | 'repeated-call' | 'crashed'

/** How a subagent ended. `lost`: its session was not there, or not usable, when the parent came back. */
export type SubagentOutcome = 'completed' | 'failed' | 'cancelled' | 'lost'

/** One handler of a user's hook file (or of a plugin) that did something. */
export interface HookRun {
  readonly plugin: string
  readonly hook: string
  /** What ran, in words a user recognises: the command, the URL, the function's name. */
  readonly handler: string
  /** The file that declares it. */
  readonly source?: string
  readonly status: 'completed' | 'failed' | 'denied' | 'asked' | 'changed' | 'cancelled' | 'timed-out'
  readonly durationMs?: number
  readonly detail?: string
  /** The tool call that it was about. */
  readonly callId?: ToolCallId
  /** The handler's own name of the event, such as `PreToolUse`. */
  readonly event?: string
  /** Its answer in its own words, such as `allow`, `deny` or `block`. */
  readonly decision?: string
  /** What it changed. */
  readonly patch?: Json
  /** What it wrote, cut to a bounded length by whoever reports it. */
  readonly output?: string
  /** What it had to say to a person. */
  readonly message?: string
}

/** What a turn was submitted with, where it is not the session's: a turn that is continued elsewhere has it, too. */
export interface TurnSettings {
  readonly model?: string
  readonly effort?: ReasoningEffort
  readonly temperature?: number
  readonly maxOutputTokens?: number
  readonly tools?: readonly string[]
  readonly limits?: Limits
}

/** The payload of every stored event, by type. A name is noun.past. */
export interface StoredEventPayloads {
  'session.started': { readonly blueprint: SessionBlueprint }
  'session.resumed': { readonly interrupted: 'close' | 'continue' }
  /**
   * Events 1 to `atSeq` are those of `from`. `inheritedUsage` is what they had cost; the fork's own budgets start at zero.
   */
  'session.forked': { readonly from: SessionId; readonly atSeq: number; readonly inheritedUsage: Usage }
  'session.updated': SessionUpdate
  'session.closed': { readonly reason: string }
  /** `input` is what was submitted, before any hook saw it; the stored message is what hooks made of it. */
  'turn.started': {
    readonly turnId: TurnId
    readonly generation: number
    /** Revision of the resources that this turn uses. */
    readonly revision: string
    readonly input: readonly UserPart[]
    readonly output?: Json
    /** Absent: it was submitted with none. */
    readonly settings?: TurnSettings
  }
  'prompt.refused': { readonly turnId: TurnId; readonly reason: string; readonly plugin?: string }
  /** A tool message is not among them: it is folded from `toolCall.finished`. */
  'message.appended': { readonly turnId?: TurnId; readonly message: UserMessage | AssistantMessage }
  /** Stored before the tool runs; `input` is the final one, after every transform. */
  'toolCall.started': {
    readonly turnId: TurnId
    readonly callId: ToolCallId
    readonly name: string
    readonly input: Json
    /** The plugin whose call it is; absent: the model's. */
    readonly by?: string
  }
  /**
   * The tool message is folded from this event. `parts` is what the model reads. A call with `by` has no message: a plugin made it,
   * and no reply holds it.
   */
  'toolCall.finished': {
    readonly turnId: TurnId
    readonly callId: ToolCallId
    readonly outcome: ToolOutcome
    readonly messageId: MessageId
    readonly parts: readonly ToolResultPart[]
    /** The plugin whose call it is; absent: the model's. */
    readonly by?: string
    /** What a plugin called, and with what, where no `toolCall.started` says it. */
    readonly call?: { readonly name: string; readonly input: Json }
  }
  'approval.requested': {
    readonly turnId: TurnId
    readonly callId: ToolCallId
    readonly name: string
    readonly input: Json
    /** What a `session` or `always` answer would cover. */
    readonly scope: string
    readonly reason?: string
    /** The plugin whose guard asked; absent: the tool itself. */
    readonly plugin?: string
    /** The plugin whose call it is; absent: the model's. */
    readonly by?: string
  }
  'approval.resolved': {
    readonly callId: ToolCallId
    readonly answer: ApprovalAnswer
    readonly scope: string
    readonly reason?: string
    /** Who answered: `user`, `policy`, `nobody`, or a name of the embedder's. */
    readonly by: string
  }
  'hook.ran': { readonly turnId?: TurnId; readonly run: HookRun }
  /** Text for the model beside the transcript. Scope `turn`: until the turn ends; `session`: from now on. */
  'context.injected': {
    readonly id: string
    readonly text: string
    readonly scope: 'turn' | 'session'
    readonly plugin: string
  }
  /** `usage` is for people: the ledger counts the `usage.recorded` of the calls that it took. */
  'compaction.applied': CompactionOutcome & { readonly turnId?: TurnId; readonly usage?: Usage }
  'model.metadata': { readonly turnId?: TurnId; readonly purpose: ModelPurpose; readonly data: Json }
  'usage.recorded': {
    readonly turnId?: TurnId
    readonly purpose: ModelPurpose
    readonly model: string
    readonly usage: Usage
  }
  'notification.raised': { readonly kind: string; readonly message: string }
  'subagent.spawned': {
    readonly childId: SessionId
    readonly turnId?: TurnId
    readonly callId?: ToolCallId
    readonly agent?: string
    readonly task: string
  }
  'subagent.settled': {
    readonly childId: SessionId
    readonly outcome: SubagentOutcome
    /** The child's last text. */
    readonly text?: string
    readonly usage?: Usage
    readonly error?: ErrorWire
  }
  /** A plugin's own event; its `sessionState.reduce` folds it. */
  'plugin.noted': { readonly plugin: string; readonly name: string; readonly data: Json }
  'cache.broken': { readonly segment: string; readonly plugin?: string }
  'warning.raised': {
    readonly code: string
    readonly message: string
    readonly plugin?: string
    readonly turnId?: TurnId
  }
  'turn.completed': { readonly turnId: TurnId; readonly usage: Usage; readonly reason: TurnCompletion }
  'turn.failed': {
    readonly turnId: TurnId
    readonly reason: TurnFailure
    readonly usage: Usage
    readonly error?: ErrorWire
    readonly retryable: boolean
  }
}

/** What `session.updated` can change; an absent key stays as it was. */
export interface SessionUpdate {
  readonly title?: string
  /** Replaces all pairs. */
  readonly metadata?: Readonly<Record<string, string>>
  readonly model?: string
  readonly models?: NonNullable<SessionBlueprint['models']>
  readonly effort?: ReasoningEffort
  readonly workingDir?: string
  readonly limits?: SessionBlueprint['limits']
}

/** The type of a stored event. */
export type StoredEventType = keyof StoredEventPayloads

/** What stands before the payload of every stored event. `seq` starts at 1 and has no gaps. */
export interface EventEnvelope<T extends string = StoredEventType> {
  readonly sessionId: SessionId
  readonly seq: number
  /** Milliseconds since the epoch, by the session's clock. */
  readonly at: number
  readonly type: T
  /** Version of the payload's shape; see {@link EVENT_VERSIONS}. */
  readonly v: number
}

/** An event as it lies in the log. Narrow it by `type`. */
export type StoredEvent<T extends StoredEventType = StoredEventType> = {
  [K in T]: EventEnvelope<K> & StoredEventPayloads[K]
}[T]

/** An event before its commit: it has no place in the log yet, so no `seq`, and core stamps the rest. */
export type PendingEvent<T extends StoredEventType = StoredEventType> = {
  [K in T]: { readonly type: K } & StoredEventPayloads[K]
}[T]

/**
 * The version that this code writes, per type. A change of a payload's shape raises its number and adds an upcaster; the
 * table is also the exhaustive list of types.
 */
export const EVENT_VERSIONS: { readonly [K in StoredEventType]: number } = Object.freeze({
  'session.started': 1,
  'session.resumed': 1,
  'session.forked': 1,
  'session.updated': 1,
  'session.closed': 1,
  'turn.started': 1,
  'prompt.refused': 1,
  'message.appended': 1,
  'toolCall.started': 1,
  'toolCall.finished': 1,
  'approval.requested': 1,
  'approval.resolved': 1,
  'hook.ran': 1,
  'context.injected': 1,
  'compaction.applied': 1,
  'model.metadata': 1,
  'usage.recorded': 1,
  'notification.raised': 1,
  'subagent.spawned': 1,
  'subagent.settled': 1,
  'plugin.noted': 1,
  'cache.broken': 1,
  'warning.raised': 1,
  'turn.completed': 1,
  'turn.failed': 1,
})
