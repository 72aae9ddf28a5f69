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
  /** Of `payload`, started at `seq`: a row that got to another place is noticed, too. */
  readonly crc: number
  /** Hashes of the blobs that it names. */
  readonly blobs: readonly string[]
}

/**
 * Rows of a batch. Made when a commit is asked for, so that what its caller does to the array later changes nothing.
 * @throws HalterError `ERR_STORE_FAILED` when an event is not the next one of this session.
 */
export function encodeEvents(id: SessionId, events: readonly StoredEvent[], head: number): NewEventRow[] {
  return events.map((event, index) => {
    const { sessionId, seq, ...rest } = event
    if (sessionId !== id || seq !== head + 1 + index)
      throw new HalterError(
        'ERR_STORE_FAILED',
        `Event ${index + 1} of a batch for session ${id} is not number ${head + 1 + index} of that session. Nothing was stored.`,
      )
    const payload = JSON.stringify(rest)
    return { seq, payload, crc: crc32(payload, seq), blobs: blobsOf(event, payload) }
  })
}

/** Reads rows of one session. Made once per replay: the text that every event begins with is the same. */
export function eventDecoder(id: SessionId): (seq: number, payload: string, crc: number) => StoredEvent {
  const start = `{"sessionId":${JSON.stringify(id)},"seq":`
  return (seq, payload, crc) => {
    if (crc32(payload, seq) !== crc) throw damagedError(id, seq, { reason: 'its checksum is wrong' })
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
  if (crc32(text) !== crc) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
