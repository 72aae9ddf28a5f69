import { HalterError, type ChangePage } from '@halter/core'
import type { StoredEvent } from '@halter/protocol'
import type { Connection } from './connection.ts'
import { newestPosition } from './delete-sessions.ts'
import { damagedError } from './errors.ts'
import { eventDecoder } from './rows.ts'
import { unescapeText } from './text.ts'

interface ChangeRow {
  readonly position: number
  readonly id: string
  readonly no: number
  readonly seq: number
  readonly payload: string
  readonly crc: number
}

/**
 * Events of all sessions after a position. SQLite has one writer at a time, so positions become visible in their order.
 * @throws HalterError `ERR_SESSION_DAMAGED` when the next event is damaged; `data.position` is where to go on after it.
 */
export function readChanges(
  db: Connection,
  range: { readonly after?: string; readonly limit?: number },
): ChangePage {
  const limit = range.limit ?? 100
  const after = positionOf(range.after)
  // First, so that an event which is committed between the two statements is not skipped.
  const newest = newestPosition(db)
  const events: StoredEvent[] = []
  let position = after
  for (const row of db.all<ChangeRow>(
    `SELECT e.position, e.seq, e.payload, e.crc, s.no, s.id FROM events e JOIN sessions s ON s.no = e.session_no
     WHERE e.position > ? AND s.id IS NOT NULL ORDER BY e.position LIMIT ?`,
    after,
    limit,
  )) {
    const event = decode(row)
    if (event instanceof HalterError) {
      if (events.length === 0) throw event
      return { events, position: String(position) }
    }
    events.push(event)
    position = row.position
  }
  return { events, position: String(events.length < limit ? Math.max(position, newest) : position) }
}

function decode(row: ChangeRow): StoredEvent | HalterError {
  try {
    return eventDecoder(unescapeText(row.id))(row.no, [row.seq, row.payload, row.crc])
  } catch (cause) {
    const reason = 'it is not what was written'
    return damagedError(row.id, row.seq, { reason, cause, position: String(row.position) })
  }
}

function positionOf(text = '0'): number {
  const position = Number(text)
  if (!Number.isSafeInteger(position) || position < 0)
    throw new HalterError('ERR_SESSION_INPUT', `"${text}" is not a position of this store.`)
  return position
}
