// Compiled, never run: the zod schemas and the TypeScript types say the same, in both directions.
import type { z } from 'zod'
import type {
  AssistantMessage,
  AssistantPart,
  ErrorWire,
  EventEnvelope,
  Json,
  LiveEvent,
  Message,
  SessionBlueprint,
  SessionSummary,
  StoredEvent,
  StoredEventPayloads,
  StoredEventType,
  ToolMessage,
  ToolResultPart,
  Usage,
  UserMessage,
  UserPart,
} from '../src/index.ts'
import type { liveEvents, storedEvents } from '../src/schema/events.ts'
import type * as messages from '../src/schema/messages.ts'
import type * as session from '../src/schema/session.ts'
import type * as values from '../src/schema/values.ts'

/** What a type says, however it was put together: intersections flat, everything read-only. */
type Plain<T> = [Json] extends [T]
  ? T
  : T extends string | number | boolean | null | undefined
    ? T
    : T extends readonly (infer E)[]
      ? readonly Plain<E>[]
      : { readonly [K in keyof T]: Plain<T[K]> }

/** `true` only for the same type: optional and absent differ, and so do readings that are merely assignable. */
type Equal<A, B> =
  (<T>() => T extends Plain<A> ? 1 : 2) extends <T>() => T extends Plain<B> ? 1 : 2 ? true : false

type Stored = typeof storedEvents
type Live = typeof liveEvents

const stored: { [K in StoredEventType]: Equal<z.infer<Stored[K]>, StoredEvent<K>> } = {
  'session.started': true,
  'session.resumed': true,
  'session.forked': true,
  'session.updated': true,
  'session.closed': true,
  'turn.started': true,
  'prompt.refused': true,
  'message.appended': true,
  'toolCall.started': true,
  'toolCall.finished': true,
  'approval.requested': true,
  'approval.resolved': true,
  'hook.ran': true,
  'context.injected': true,
  'compaction.applied': true,
  'model.metadata': true,
  'usage.recorded': true,
  'notification.raised': true,
  'subagent.spawned': true,
  'subagent.settled': true,
  'plugin.noted': true,
  'cache.broken': true,
  'warning.raised': true,
  'turn.completed': true,
  'turn.failed': true,
}
const live: { [K in LiveEvent['type']]: Equal<z.infer<Live[K]>, Extract<LiveEvent, { type: K }>> } = {
  'text.delta': true,
  'thinking.delta': true,
  'toolInput.delta': true,
  'toolOutput.delta': true,
  lagged: true,
}
const others: {
  usage: Equal<z.infer<typeof values.usage>, Usage>
  userPart: Equal<z.infer<typeof messages.userPart>, UserPart>
  assistantPart: Equal<z.infer<typeof messages.assistantPart>, AssistantPart>
  toolResultPart: Equal<z.infer<typeof messages.toolResultPart>, ToolResultPart>
  userMessage: Equal<z.infer<typeof messages.userMessage>, UserMessage>
  assistantMessage: Equal<z.infer<typeof messages.assistantMessage>, AssistantMessage>
  toolMessage: Equal<z.infer<typeof messages.toolMessage>, ToolMessage>
  message: Equal<z.infer<typeof messages.message>, Message>
  error: Equal<z.infer<typeof session.error>, ErrorWire>
  blueprint: Equal<z.infer<typeof session.blueprint>, SessionBlueprint>
  summary: Equal<z.infer<typeof session.summary>, SessionSummary>
} = {
  usage: true,
  userPart: true,
  assistantPart: true,
  toolResultPart: true,
  userMessage: true,
  assistantMessage: true,
  toolMessage: true,
  message: true,
  error: true,
  blueprint: true,
  summary: true,
}

// The comparison itself can tell: each of these differs in one thing.
const differences: [
  Equal<{ a: string }, { a: string; b?: string }>,
  Equal<{ a?: string }, { a?: string | undefined }>,
  Equal<{ a: 'x' }, { a: string }>,
  Equal<{ a: { b: 1 } }, { a: { b: 2 } }>,
] = [false, false, false, false]

/** A payload that reused a key of the envelope would overwrite it: `at` is the time of every event. */
const overlaps: Equal<
  { [K in StoredEventType]: Extract<keyof StoredEventPayloads[K], keyof EventEnvelope> }[StoredEventType],
  never
> = true

export const checked = [stored, live, others, differences, overlaps]
