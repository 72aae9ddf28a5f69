import type { SessionBlueprint } from './blueprint.ts'
import type { StoredEvent, SubagentOutcome, TurnCompletion, TurnFailure } from './events.ts'
import type { MessageId, SessionId, ToolCallId, TurnId } from './ids.ts'
import type { Json, ToolCallPart, ToolMessage } from './messages.ts'
import type { PromptSegment } from './plan.ts'
import type { Transcript } from './transcript.ts'
import type { Usage } from './usage.ts'

/** What a session is doing. `interrupted`: its last turn has no terminal event, so a process died in it. */
export type SessionStatus = 'idle' | 'running' | 'interrupted' | 'closed'

/** A question about a call, and its answer once there is one. */
export interface CallApproval {
  readonly question: StoredEvent<'approval.requested'>
  readonly answer?: StoredEvent<'approval.resolved'>
}

/** A tool call of the newest reply that has no answer yet, or waits for an earlier one to have its. */
export interface OpenCall {
  readonly call: ToolCallPart
  readonly messageId: MessageId
  /** The final input, once its intent is stored: from then on it may have had its effect. */
  readonly startedInput?: Json
  /** The question whether it may run, and what came of that; absent: nobody asked. */
  readonly approval?: CallApproval
  /** Its answer, held back until every earlier call of the reply has one. */
  readonly answer?: ToolMessage
  /** `seq` of the event that holds the answer. */
  readonly answerSeq?: number
}

/** A tool call that a plugin made beside the transcript, and that has started and not finished. */
export interface PluginCall {
  readonly callId: ToolCallId
  readonly plugin: string
  readonly name: string
  readonly input: Json
}

/** The turn that has started and not ended. */
export interface OpenTurn {
  readonly turnId: TurnId
  readonly startedSeq: number
  readonly startedAt: number
  /** Model calls so far. */
  readonly steps: number
  readonly usage: Usage
  /** True once the user's message is stored. */
  readonly hasPrompt: boolean
}

/** How the newest ended turn ended. */
export interface LastTurn {
  readonly turnId: TurnId
  readonly status: 'completed' | 'failed'
  readonly reason: TurnCompletion | TurnFailure
}

/** What a session has spent, for budgets and for people. */
export interface UsageLedger {
  readonly total: Usage
  readonly byPurpose: Readonly<Record<string, Usage>>
  /** What settled children have spent, theirs included. */
  readonly children: Usage
  /** What the prefix of a fork had cost before it was one; counted in no budget. */
  readonly inherited: Usage
}

/** A subagent, as its parent's log knows it. */
export interface ChildRecord {
  readonly childId: SessionId
  readonly agent?: string
  readonly task: string
  readonly outcome?: SubagentOutcome
}

/** A plugin's own state, folded from its notes. */
export interface PluginState {
  readonly version: number
  readonly value: Json
  /** Set when its reducer threw: the value stays as it was. */
  readonly frozen?: string
}

/** Injected text that is still in force. */
export interface InjectedSegment extends PromptSegment {
  readonly scope: 'turn' | 'session'
}

/**
 * What is true of a session: the fold of its log, and nothing else. Read-only for everyone but the fold; a property read
 * later may be newer than one read before, so keep what must not move (a {@link Transcript} is such a fixed view).
 */
export interface SessionState {
  readonly sessionId: SessionId
  /** `seq` of the newest event; 0 before the first. */
  readonly head: number
  /** Before `session.started`: one of empty names. */
  readonly blueprint: SessionBlueprint
  readonly status: SessionStatus
  /** The live window: what was said and is not compacted away. */
  readonly transcript: Transcript
  /**
   * `seq` of the event that stored each message of `transcript`, by its index: what a compaction names. Not ascending
   * everywhere: a summary stands where the first message that left stood, and results stand in call order.
   */
  readonly seqs: readonly number[]
  readonly turn: OpenTurn | undefined
  readonly lastTurn: LastTurn | undefined
  readonly turns: number
  /** Calls of the newest reply that are not all answered, in call order. */
  readonly openCalls: ReadonlyMap<ToolCallId, OpenCall>
  /** Calls of plugins that run, as far as the log knows. */
  readonly pluginCalls: ReadonlyMap<ToolCallId, PluginCall>
  readonly approvals: ReadonlyMap<ToolCallId, StoredEvent<'approval.requested'>>
  /** Scopes that a `session` or `always` answer covers. */
  readonly grants: ReadonlySet<string>
  readonly injected: readonly InjectedSegment[]
  readonly usage: UsageLedger
  readonly children: ReadonlyMap<SessionId, ChildRecord>
  readonly plugins: ReadonlyMap<string, PluginState>
  /**
   * The newest size that a provider reported: the first `messages` of the transcript came to `tokens`, prompt and tools
   * included. Absent before the first reply and after a compaction.
   */
  readonly anchor: { readonly messages: number; readonly tokens: number } | undefined
  readonly compactions: number
  /** The one given, or else the first line of the first prompt that has text. */
  readonly title: string | undefined
  readonly metadata: Readonly<Record<string, string>>
  readonly createdAt: number
  readonly updatedAt: number
  /** Set when the log holds an event newer than this code: the session can be read, not continued. */
  readonly readOnly: { readonly type: string; readonly v: number; readonly seq: number } | undefined
}
