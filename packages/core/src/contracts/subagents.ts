import type { Limits, SessionId, SubagentOutcome, ToolCallId, Usage, ErrorWire } from '@halter/protocol'

/** A child session that somebody asks for. */
export interface SpawnRequest {
  /** The child's first prompt. */
  readonly task: string
  /** An agent definition of the resources. */
  readonly agent?: string
  /** Absent: the parent's model of the `subagent` role. */
  readonly model?: string
  /** Added to the child's system prompt. */
  readonly appendSystemPrompt?: string
  /** Names of the tools it may use; absent: the parent's. An empty list is none. */
  readonly tools?: readonly string[]
  readonly limits?: Limits
  /** The tool call that asked. */
  readonly callId?: ToolCallId
}

/** What became of a child. */
export interface ChildResult {
  readonly childId: SessionId
  readonly outcome: SubagentOutcome
  readonly text: string
  readonly usage: Usage
  readonly error?: ErrorWire
}

/** A running child. */
export interface ChildHandle {
  readonly id: SessionId
  /** Never rejects. */
  readonly result: Promise<ChildResult>
  interrupt(): void
}

/** Slot `subagentControl`: what the spawn, wait, send and close tools drive. */
export interface SubagentControl {
  spawn(parentId: SessionId, request: SpawnRequest): Promise<ChildHandle>
  list(parentId: SessionId): readonly ChildHandle[]
}
