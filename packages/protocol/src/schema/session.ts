import { z } from 'zod'
import type { ErrorWire } from '../error.ts'
import type { SessionId } from '../ids.ts'
import type { SeqRange } from '../plan.ts'
import { amount, count, described, id, json, metadata, seq, timestamp, usage } from './values.ts'

export const error = z
  .strictObject({
    code: z.string(),
    message: z.string(),
    plugin: z.exactOptional(z.string()),
    hook: z.exactOptional(z.string()),
    kind: z.exactOptional(
      z.enum([
        'auth',
        'invalid-request',
        'context-too-long',
        'rate-limited',
        'overloaded',
        'transient',
        'cancelled',
        'refused',
      ]),
    ),
    retryable: z.exactOptional(z.boolean()),
    retryAfterMs: z.exactOptional(amount),
    get cause(): z.ZodExactOptional<z.ZodType<ErrorWire, ErrorWire>> {
      return z.exactOptional(error)
    },
  })
  .register(described, { id: 'Error' })

export const limits = z.strictObject({
  steps: z.exactOptional(count),
  tokens: z.exactOptional(count),
  usd: z.exactOptional(amount),
  timeMs: z.exactOptional(amount),
  depth: z.exactOptional(count),
  fanOut: z.exactOptional(count),
})

export const models = z.strictObject({
  plan: z.exactOptional(z.string()),
  subagent: z.exactOptional(z.string()),
  small: z.exactOptional(z.string()),
})

export const effort = z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'])

export const promptSegment = z.strictObject({
  id: z.string(),
  text: z.string(),
  stability: z.enum(['static', 'session', 'turn']),
  plugin: z.exactOptional(z.string()),
})

export const blueprint = z
  .strictObject({
    sessionId: id<SessionId>(),
    parentId: z.exactOptional(id<SessionId>()),
    depth: count,
    agent: z.exactOptional(z.string()),
    model: z.string(),
    models: z.exactOptional(models),
    effort: z.exactOptional(effort),
    temperature: z.exactOptional(z.number()),
    maxOutputTokens: z.exactOptional(count),
    workingDir: z.string(),
    seed: z.exactOptional(z.array(promptSegment)),
    appendSystemPrompt: z.exactOptional(z.string()),
    tools: z.exactOptional(z.array(z.string())),
    limits,
    title: z.exactOptional(z.string()),
    metadata,
  })
  .register(described, { id: 'Blueprint' })

export const summary = z
  .strictObject({
    sessionId: id<SessionId>(),
    parentId: z.exactOptional(id<SessionId>()),
    agent: z.exactOptional(z.string()),
    status: z.enum(['idle', 'running', 'interrupted', 'closed']),
    title: z.string(),
    metadata,
    model: z.string(),
    workingDir: z.string(),
    head: seq,
    turns: count,
    usage,
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .register(described, { id: 'Summary' })

const seqRange = z
  .strictObject({ from: seq, to: seq })
  .refine(({ from, to }) => from <= to, 'Invalid input: expected "from" not to be after "to"')

/** The payload of `compaction.applied`, without what the event adds. */
export const compactionOutcome = {
  trigger: z.enum(['auto', 'manual', 'overflow']),
  droppedSeqs: z
    .array(seqRange)
    .refine(areAscending, 'Invalid input: expected ascending ranges without overlap'),
  summary: z.string(),
  native: z.exactOptional(z.strictObject({ provider: z.string(), data: json })),
  tokensBefore: count,
  tokensAfter: count,
  reason: z.exactOptional(z.string()),
}

function areAscending(ranges: readonly SeqRange[]): boolean {
  return ranges.every(({ from }, index) => index === 0 || from > ranges[index - 1]!.to)
}
