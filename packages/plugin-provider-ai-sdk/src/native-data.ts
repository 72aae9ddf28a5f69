import type { Json } from '@halter/protocol'

/** Facts that an API wants back with a part of a reply, by the name of the API: a signature, a phase. */
export type PartMetadata = Readonly<Record<string, Readonly<Record<string, Json>>>>

/**
 * What this package keeps in `native` parts: a part of the AI SDK that halter has no word for, or the metadata of another part
 * of the same message, which is the `index`th text or call of it.
 */
export type NativeData =
  | { readonly part: Readonly<Record<string, Json>> & { readonly type: string } }
  | { readonly metadata: PartMetadata; readonly of: 'text' | 'toolCall'; readonly index: number }

/** Undefined for anything that this package has not made. */
export function readNativeData(data: Json): NativeData | undefined {
  if (!isRecord(data)) return undefined
  const { part, metadata, of, index } = data
  if (isRecord(part) && typeof part['type'] === 'string') return { part: part as { readonly type: string } }
  const isMetadata = isRecord(metadata) && Object.values(metadata).every(isRecord)
  if (!isMetadata || typeof index !== 'number' || (of !== 'text' && of !== 'toolCall')) return undefined
  return { metadata: metadata as PartMetadata, of, index }
}

/** The metadata of signed thinking, as the text that is its signature. */
export function toSignature(metadata: PartMetadata): string {
  return JSON.stringify(metadata)
}

/** Undefined for a signature that another provider has made. */
export function readSignature(signature: string): PartMetadata | undefined {
  try {
    const metadata: unknown = JSON.parse(signature)
    return isRecord(metadata) && Object.values(metadata).every(isRecord)
      ? (metadata as PartMetadata)
      : undefined
  } catch {
    return undefined
  }
}

/**
 * Metadata as JSON, without what need not go back: absent values, and the ids by which OpenAI would find a part again if it had
 * stored the reply, which it is told not to. Undefined when nothing is left.
 */
export function keptMetadata(
  metadata: unknown,
  { withIds }: { readonly withIds: boolean },
): PartMetadata | undefined {
  if (!isRecord(metadata)) return undefined
  const kept = Object.entries(metadata).flatMap(([api, facts]) => {
    if (!isRecord(facts)) return []
    const entries = Object.entries(facts).filter(
      ([name, fact]) => fact != null && (withIds || name !== 'itemId'),
    )
    return entries.length === 0 ? [] : [[api, Object.fromEntries(entries)] as const]
  })
  return kept.length === 0
    ? undefined
    : (JSON.parse(JSON.stringify(Object.fromEntries(kept))) as PartMetadata)
}

function isRecord(value: unknown): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
