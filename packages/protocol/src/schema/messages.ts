import { z } from 'zod'
import type { MessageId, ToolCallId } from '../ids.ts'
import { base64, count, described, id, json, timestamp, usage } from './values.ts'

export const textPart = z.strictObject({ kind: z.literal('text'), text: z.string() })

export const imagePart = z.strictObject({ kind: z.literal('image'), mediaType: z.string(), data: base64 })

export const documentPart = z.strictObject({
  kind: z.literal('document'),
  mediaType: z.string(),
  data: base64,
  name: z.exactOptional(z.string()),
})

export const jsonPart = z.strictObject({ kind: z.literal('json'), value: json })

export const thinkingPart = z.strictObject({
  kind: z.literal('thinking'),
  text: z.string(),
  signature: z.exactOptional(z.string()),
})

export const toolCallPart = z
  .strictObject({
    kind: z.literal('toolCall'),
    callId: id<ToolCallId>(),
    name: z.string(),
    input: z.exactOptional(json),
    malformed: z.exactOptional(z.string()),
  })
  .refine(
    ({ input, malformed }) => (input === undefined) !== (malformed === undefined),
    'Invalid input: expected either "input" or "malformed"',
  )

export const nativePart = z.strictObject({
  kind: z.literal('native'),
  provider: z.string(),
  data: json,
  fallbackText: z.string(),
})

export const blobPart = z.strictObject({
  kind: z.literal('blob'),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: count,
  of: z.strictObject({
    kind: z.enum(['text', 'image', 'document']),
    mediaType: z.exactOptional(z.string()),
    name: z.exactOptional(z.string()),
  }),
})

export const userPart = z
  .discriminatedUnion('kind', [textPart, imagePart, documentPart, nativePart, blobPart])
  .register(described, { id: 'UserPart' })

export const assistantPart = z
  .discriminatedUnion('kind', [textPart, thinkingPart, toolCallPart, nativePart])
  .register(described, { id: 'AssistantPart' })

export const toolResultPart = z
  .discriminatedUnion('kind', [textPart, imagePart, documentPart, jsonPart, blobPart])
  .register(described, { id: 'ToolResultPart' })

export const userMessage = z
  .strictObject({
    role: z.literal('user'),
    id: id<MessageId>(),
    at: timestamp,
    parts: z.array(userPart),
    origin: z.exactOptional(z.enum(['steer', 'hook', 'plugin', 'compaction'])),
  })
  .register(described, { id: 'UserMessage' })

export const assistantMessage = z
  .strictObject({
    role: z.literal('assistant'),
    id: id<MessageId>(),
    at: timestamp,
    parts: z.array(assistantPart),
    stopReason: z.enum(['end', 'tool-calls', 'max-output', 'refused', 'interrupted']),
    from: z.strictObject({ provider: z.string(), model: z.string() }),
    usage: z.exactOptional(usage),
    responseId: z.exactOptional(z.string()),
  })
  .register(described, { id: 'AssistantMessage' })

export const toolMessage = z
  .strictObject({
    role: z.literal('tool'),
    id: id<MessageId>(),
    at: timestamp,
    callId: id<ToolCallId>(),
    name: z.string(),
    parts: z.array(toolResultPart),
    isError: z.boolean(),
  })
  .register(described, { id: 'ToolMessage' })

export const message = z
  .discriminatedUnion('role', [userMessage, assistantMessage, toolMessage])
  .register(described, { id: 'Message' })
