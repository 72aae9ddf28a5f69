import type { ApprovalAnswer, Json, SessionId, ToolCallId, TurnId } from '@halter/protocol'

/** A tool call that waits for somebody's yes. */
export interface ApprovalRequest {
  readonly sessionId: SessionId
  readonly turnId: TurnId
  readonly callId: ToolCallId
  readonly name: string
  /** Final: this is what will run. */
  readonly input: Json
  readonly scope: string
  readonly reason?: string
  /** The plugin whose call it is; absent: the model's. */
  readonly by?: string
}

/** An answer, and who gave it. */
export interface ApprovalReply {
  readonly answer: ApprovalAnswer
  /** Shown to the model when the answer is `deny`. */
  readonly reason?: string
  /** Default `user`. */
  readonly by?: string
}

/**
 * Slot `approvals`: whom to ask. No timer runs: an answer may take days. Undefined means that nobody is there, and the call
 * is denied. `resolve` on the session's handle may answer first; `signal` is aborted then.
 */
export interface Approvals {
  ask(request: ApprovalRequest, signal: AbortSignal): Promise<ApprovalReply | undefined>
}
