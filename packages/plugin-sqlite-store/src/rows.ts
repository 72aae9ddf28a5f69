import { crc32 } from 'node:zlib'
import { HalterError } from '@halter/core'
import { parseEvent, type SessionId, type StoredEvent } from '@halter/protocol'
import { blobsOf } from './blobs.ts'
import { damagedError } from './errors.ts'

/** An event as it is about to be written. */
export interface NewEventRow {
  readonly seq: number
  /** Its JSON without `sessionId` and `seq`. */
  readonly payload: string
  /** Hashes of the blobs that it names. */
  readonly blobs: readonly string[]
}

/** `[seq, payload, crc]`, and whose row it is. */
export type EventRow = readonly [seq: number, payload: string, crc: number]

/**
 * Rows of a batch. Made when a commit is asked for, so that what its caller does to the array later changes nothing.
 * @throws HalterError `ERR_COMMIT_INVALID` when an event is not the next one of this session.
 */
export function encodeEvents(id: SessionId, events: readonly StoredEvent[], head: number): NewEventRow[] {
  return events.map((event, index) => {
    const { sessionId, seq, ...rest } = event
    if (sessionId !== id || seq !== head + 1 + index)
      throw new HalterError(
        'ERR_COMMIT_INVALID',
        `Event ${index + 1} of a batch for session ${id} is not number ${head + 1 + index} of that session. Nothing was stored.`,
      )
    const payload = JSON.stringify(rest)
    return { seq, payload, blobs: blobsOf(event, payload) }
  })
}

/** The checksum of an event's row. It begins at the row's place: one that got to another session or seq is noticed, too. */
export function eventCrc(no: number, seq: number, payload: string): number {
  return crc32(payload, (Math.imul(no, 0x9e3779b1) ^ seq) >>> 0)
}

/** Reads rows as events of `id`. Made once per replay: the text that every event begins with is the same. */
export function eventDecoder(id: SessionId): (no: number, row: EventRow) => StoredEvent {
  const start = `{"sessionId":${JSON.stringify(id)},"seq":`
  return (no, [seq, payload, crc]) => {
    // A damaged row may hold any type, whatever the column says.
    if (typeof payload !== 'string' || eventCrc(no, seq, payload) !== crc)
      throw damagedError(id, seq, { reason: 'its checksum is wrong' })
    try {
      return parseEvent(`${start}${seq},${payload.slice(1)}`)
    } catch (cause) {
      throw damagedError(id, seq, { reason: 'it is no event', cause })
    }
  }
}

/** A value as JSON text with its checksum. */
export function encodeJson(value: unknown): { readonly text: string; readonly crc: number } {
  const text = JSON.stringify(value)
  return { text, crc: crc32(text) }
}

/** The value of {@link encodeJson}, or undefined when the text is not what was written. */
export function decodeJson(text: string, crc: number): unknown {
  if (typeof text !== 'string' || crc32(text) !== crc) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
