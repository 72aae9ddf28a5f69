import { crc32 } from 'node:zlib'
import type { StoredEvent } from '@halter/protocol'

/** A number that tells events apart, whatever order their properties come in. A fork's copy of an event is the same event. */
export function digestOf(event: StoredEvent): number {
  return crc32(JSON.stringify({ ...event, sessionId: '' }, sortKeys))
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
