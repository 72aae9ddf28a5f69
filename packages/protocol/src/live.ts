import type { StoredEvent } from './events.ts'
import type { MessageId, SessionId, ToolCallId, TurnId } from './ids.ts'

/**
 * Where a piece of streamed text belongs. `messageId` is minted before the stream and is the stored message's, `part` is
 * the index of the part in it, `offset` the number of UTF-16 units sent before: a reader can splice, and can tell a gap.
 */
interface DeltaBase<T extends string> {
  readonly type: T
  readonly sessionId: SessionId
  readonly turnId: TurnId
  readonly messageId: MessageId
  readonly part: number
  readonly offset: number
  readonly text: string
}

/** A piece of the reply's text, as the model produces it. */
export type TextDelta = DeltaBase<'text.delta'>
/** A piece of the model's reasoning. */
export type ThinkingDelta = DeltaBase<'thinking.delta'>
/** A piece of a tool call's input, as raw JSON text. */
export interface ToolInputDelta extends DeltaBase<'toolInput.delta'> {
  readonly callId: ToolCallId
  readonly name: string
}
/** A piece of a running tool's output. `messageId` is the tool message's; `part` is always 0. */
export interface ToolOutputDelta extends DeltaBase<'toolOutput.delta'> {
  readonly callId: ToolCallId
}
/** Live events that a slow reader missed: `dropped` of them. Stored events are never missed. */
export interface Lagged {
  readonly type: 'lagged'
  readonly sessionId?: SessionId
  readonly dropped: number
}

/** A piece of streamed text. Never stored: the whole message is. */
export type Delta = TextDelta | ThinkingDelta | ToolInputDelta | ToolOutputDelta
/** What is streamed and not stored. */
export type LiveEvent = Delta | Lagged
/** Everything that a reader of a session sees. */
export type SessionEvent = StoredEvent | LiveEvent

/** True for events that lie in the log. */
export function isStored(event: SessionEvent): event is StoredEvent {
  return 'seq' in event
}
