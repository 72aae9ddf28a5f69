import type { SessionStore } from '@halter/core'
import type { AssistantPart, BlobPart, StoredEvent, UserPart } from '@halter/protocol'

/** The part of a store that transcripts are read from. */
export type EventSource = Pick<SessionStore, 'replay' | 'blobs'>

/** An event with the large contents that its store keeps elsewhere back in it. A content that is gone leaves a word in its place. */
export async function wholeEvent(event: StoredEvent, { blobs }: EventSource): Promise<StoredEvent> {
  if (!blobs) return event
  if (event.type === 'toolCall.finished') return { ...event, parts: await wholeParts(event.parts, blobs) }
  if (event.type !== 'message.appended') return event
  const { message } = event
  // Each kind of message has parts of its own, and a blob can stand for a text of any.
  const parts = (await wholeParts(message.parts as readonly AnyPart[], blobs)) as never
  return { ...event, message: { ...message, parts } }
}

type AnyPart = UserPart | AssistantPart

async function wholeParts<P extends { readonly kind: string }>(
  parts: readonly P[],
  blobs: NonNullable<SessionStore['blobs']>,
): Promise<readonly P[]> {
  if (!parts.some(({ kind }) => kind === 'blob')) return parts
  return Promise.all(
    parts.map(async (part) => (isBlob(part) ? ((await fill(part, blobs)) as unknown as P) : part)),
  )
}

async function fill(part: BlobPart, blobs: NonNullable<SessionStore['blobs']>): Promise<object> {
  const content = (await blobs.get(part.sha256)) ?? '[missing]'
  const { kind, ...rest } = part.of
  return kind === 'text' ? { kind, text: content } : { kind, ...rest, data: content }
}

function isBlob(part: { readonly kind: string }): part is BlobPart {
  return part.kind === 'blob'
}
