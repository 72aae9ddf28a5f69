import { z } from 'zod'
import { EVENT_VERSIONS, type StoredEventType } from '../events.ts'
import type { MessageId, SessionId, ToolCallId, TurnId } from '../ids.ts'
import type { ModelPurpose } from '../usage.ts'
import { assistantMessage, toolResultPart, userMessage, userPart } from './messages.ts'
import { blueprint, compactionOutcome, effort, error, limits, models } from './session.ts'
import { amount, count, described, id, json, metadata, openString, seq, timestamp, usage } from './values.ts'

const turnId = id<TurnId>()
const callId = id<ToolCallId>()
const purpose = openString<ModelPurpose>()
const text = z.string()

/** The schema of every stored event, by type: envelope, payload and nothing else, in exactly the version of this code. */
export const storedEvents = {
  'session.started': event('session.started', { blueprint }),
  'session.resumed': event('session.resumed', { interrupted: z.enum(['close', 'continue']) }),
  'session.forked': event('session.forked', { from: id<SessionId>(), atSeq: seq, inheritedUsage: usage }),
  'session.updated': event('session.updated', {
    title: z.exactOptional(text),
    metadata: z.exactOptional(metadata),
    model: z.exactOptional(text),
    models: z.exactOptional(models),
    effort: z.exactOptional(effort),
    workingDir: z.exactOptional(text),
    limits: z.exactOptional(limits),
  }),
  'session.closed': event('session.closed', { reason: text }),
  'turn.started': event('turn.started', {
    turnId,
    generation: count,
    revision: text,
    input: z.array(userPart),
    output: z.exactOptional(json),
    settings: z.exactOptional(
      z.strictObject({
        model: z.exactOptional(text),
        effort: z.exactOptional(effort),
        temperature: z.exactOptional(z.number()),
        maxOutputTokens: z.exactOptional(count),
        tools: z.exactOptional(z.array(text)),
        limits: z.exactOptional(limits),
      }),
    ),
  }),
  'prompt.refused': event('prompt.refused', { turnId, reason: text, plugin: z.exactOptional(text) }),
  'message.appended': event('message.appended', {
    turnId: z.exactOptional(turnId),
    message: z.discriminatedUnion('role', [userMessage, assistantMessage]),
  }),
  'toolCall.started': event('toolCall.started', {
    turnId,
    callId,
    name: text,
    input: json,
    by: z.exactOptional(text),
  }),
  'toolCall.finished': event('toolCall.finished', {
    turnId,
    callId,
    outcome: z.enum(['ok', 'error', 'denied', 'not-started', 'outcome-unknown', 'cancelled']),
    messageId: id<MessageId>(),
    parts: z.array(toolResultPart),
    by: z.exactOptional(text),
    call: z.exactOptional(z.strictObject({ name: text, input: json })),
  }),
  'approval.requested': event('approval.requested', {
    turnId,
    callId,
    name: text,
    input: json,
    scope: text,
    reason: z.exactOptional(text),
    plugin: z.exactOptional(text),
    by: z.exactOptional(text),
  }),
  'approval.resolved': event('approval.resolved', {
    callId,
    answer: z.enum(['once', 'session', 'always', 'deny']),
    scope: text,
    reason: z.exactOptional(text),
    by: text,
  }),
  'hook.ran': event('hook.ran', {
    turnId: z.exactOptional(turnId),
    run: z.strictObject({
      plugin: text,
      hook: text,
      handler: text,
      source: z.exactOptional(text),
      status: z.enum(['completed', 'failed', 'denied', 'asked', 'changed', 'cancelled', 'timed-out']),
      durationMs: z.exactOptional(amount),
      detail: z.exactOptional(text),
      callId: z.exactOptional(callId),
      event: z.exactOptional(text),
      decision: z.exactOptional(text),
      patch: z.exactOptional(json),
      output: z.exactOptional(text),
      message: z.exactOptional(text),
    }),
  }),
  'context.injected': event('context.injected', {
    id: text,
    text,
    scope: z.enum(['turn', 'session']),
    plugin: text,
  }),
  'compaction.applied': event('compaction.applied', {
    ...compactionOutcome,
    turnId: z.exactOptional(turnId),
    usage: z.exactOptional(usage),
  }),
  'model.metadata': event('model.metadata', { turnId: z.exactOptional(turnId), purpose, data: json }),
  'usage.recorded': event('usage.recorded', {
    turnId: z.exactOptional(turnId),
    purpose,
    model: text,
    usage,
  }),
  'notification.raised': event('notification.raised', { kind: text, message: text }),
  'subagent.spawned': event('subagent.spawned', {
    childId: id<SessionId>(),
    turnId: z.exactOptional(turnId),
    callId: z.exactOptional(callId),
    agent: z.exactOptional(text),
    task: text,
  }),
  'subagent.settled': event('subagent.settled', {
    childId: id<SessionId>(),
    outcome: z.enum(['completed', 'failed', 'cancelled', 'lost']),
    text: z.exactOptional(text),
    usage: z.exactOptional(usage),
    error: z.exactOptional(error),
  }),
  'plugin.noted': event('plugin.noted', { plugin: text, name: text, data: json }),
  'cache.broken': event('cache.broken', { segment: text, plugin: z.exactOptional(text) }),
  'warning.raised': event('warning.raised', {
    code: text,
    message: text,
    plugin: z.exactOptional(text),
    turnId: z.exactOptional(turnId),
  }),
  'turn.completed': event('turn.completed', {
    turnId,
    usage,
    reason: z.enum(['stop', 'max-output', 'refused']),
  }),
  'turn.failed': event('turn.failed', {
    turnId,
    reason: z.enum(['error', 'interrupted', 'budget-exhausted', 'repeated-call', 'crashed']),
    usage,
    error: z.exactOptional(error),
    retryable: z.boolean(),
  }),
} satisfies { readonly [K in StoredEventType]: z.ZodType }

const delta = {
  sessionId: id<SessionId>(),
  turnId,
  messageId: id<MessageId>(),
  part: count,
  offset: count,
  text,
}

/** The schema of every live event, by type. */
export const liveEvents = {
  'text.delta': z.strictObject({ type: z.literal('text.delta'), ...delta }),
  'thinking.delta': z.strictObject({ type: z.literal('thinking.delta'), ...delta }),
  'toolInput.delta': z.strictObject({ type: z.literal('toolInput.delta'), ...delta, callId, name: text }),
  'toolOutput.delta': z.strictObject({ type: z.literal('toolOutput.delta'), ...delta, callId }),
  lagged: z.strictObject({
    type: z.literal('lagged'),
    sessionId: z.exactOptional(id<SessionId>()),
    dropped: count,
  }),
}

/** Any stored event. */
export const storedEvent = union(storedEvents).register(described, { id: 'StoredEvent' })
/** Any live event. */
export const liveEvent = union(liveEvents).register(described, { id: 'LiveEvent' })

function event<T extends StoredEventType, P extends z.ZodRawShape>(type: T, payload: P) {
  return z
    .strictObject({
      sessionId: id<SessionId>(),
      seq,
      at: timestamp,
      type: z.literal(type),
      v: z.literal(EVENT_VERSIONS[type]),
      ...payload,
    })
    .register(described, { id: type })
}

function union<S extends z.core.$ZodTypeDiscriminable>(byType: Readonly<Record<string, S>>) {
  return z.discriminatedUnion('type', Object.values(byType) as [S, ...S[]])
}
