declare const idKind: unique symbol

/**
 * A string that remembers what it names. Any string is accepted, so ids from other systems round-trip untouched;
 * an id of one kind is not accepted where another kind is asked for.
 */
type Id<Kind extends string> = string & { readonly [idKind]?: Kind }

/** Names one session. New ones are UUIDs. */
export type SessionId = Id<'session'>
/** Names one turn; unique within its session. */
export type TurnId = Id<'turn'>
/** Names one message. An assistant's is minted before the model streams, so deltas can carry it. */
export type MessageId = Id<'message'>
/** Names one tool call; unique within the assistant message that asked for it. */
export type ToolCallId = Id<'toolCall'>
/** Names one attempt to commit; the same id again is answered with the same result. */
export type CommitId = Id<'commit'>
