import { setImmediate as nextTick } from 'node:timers/promises'
import type { SessionId, StoredEvent } from '@halter/protocol'
import type { Connection } from './connection.ts'
import type { DatabaseFile } from './database-file.ts'
import { damagedError, isSqliteError } from './errors.ts'
import { OneByOne } from './one-by-one.ts'
import { eventDecoder, type EventRow } from './rows.ts'
import { findSession, sessionByNumber, type SessionRow } from './sessions.ts'

/** Events `from` to `to` of a log lie in the rows of session `no`. */
interface Stretch {
  readonly no: number
  readonly from: number
  readonly to: number
}

/** How much is read at once: about a millisecond of the event loop. */
const CHUNK_CHARACTERS = 256 * 1024
const FEWEST_ROWS = 8
const MOST_ROWS = 500

/** The events of a session from `range`. Each chunk is one look at the file, so nothing is held open between them. */
export function replayEvents(
  file: Pick<DatabaseFile, 'read'>,
  id: SessionId,
  range: { readonly after?: number; readonly limit?: number },
): AsyncIterableIterator<StoredEvent> {
  return new OneByOne(replayChunks(file, id, range))
}

async function* replayChunks(
  file: Pick<DatabaseFile, 'read'>,
  id: SessionId,
  { after = 0, limit = Infinity }: { readonly after?: number; readonly limit?: number },
): AsyncGenerator<readonly StoredEvent[]> {
  const stretches = await file.read((db) => stretchesOf(db, id, after + 1, after + limit))
  const decode = eventDecoder(id)
  let size = 64
  for (const { no, from, to } of stretches) {
    for (let next = from; next <= to;) {
      const chunk = { no, from: next, to: Math.min(to, next + size - 1) }
      const rows = await file.read((db) => readRows(db, id, chunk))
      if (rows.length === 0 && (await file.read((db) => findSession(db, id))) === undefined) return
      const { events, error } = decodeAll(rows, (row, index) => {
        if (row[0] !== chunk.from + index)
          throw damagedError(id, chunk.from + index, { reason: 'it is not there' })
        return decode(no, row)
      })
      if (events.length > 0) yield events
      next += events.length
      if (error !== undefined) throw error
      if (next <= chunk.to) throw damagedError(id, next, { reason: 'it is not there' })
      if (next <= to) await nextTick()
      size = sizeAfter(rows)
    }
  }
}

/** Events up to the first that cannot be read, and why that one cannot. */
function decodeAll(
  rows: readonly EventRow[],
  decode: (row: EventRow, index: number) => StoredEvent,
): { readonly events: readonly StoredEvent[]; readonly error?: Error } {
  const events: StoredEvent[] = []
  try {
    for (const [index, row] of rows.entries()) events.push(decode(row, index))
    return { events }
  } catch (error) {
    return { events, error: error as Error }
  }
}

/** Where a log lies: its own rows, and before them those of what it was forked from. */
function stretchesOf(db: Connection, id: SessionId, from: number, to: number): Stretch[] {
  const stretches: Stretch[] = []
  let session: SessionRow | undefined = findSession(db, id)
  for (let end = Math.min(to, session?.head ?? 0); session && from <= end;) {
    const stretch = { no: session.no, from: Math.max(from, session.forkAt + 1), to: end }
    if (stretch.from <= stretch.to) stretches.unshift(stretch)
    end = Math.min(end, session.forkAt)
    session = session.forkOf === null ? undefined : sessionByNumber(db, session.forkOf)
  }
  return stretches
}

/** Rows of a stretch; where a page is broken, those before it, or none and an error when it is the first. */
function readRows(db: Connection, id: SessionId, { no, from, to }: Stretch): EventRow[] {
  try {
    return db.allArrays<EventRow>(
      'SELECT seq, payload, crc FROM events WHERE session_no = ? AND seq >= ? AND seq <= ? ORDER BY seq',
      no,
      from,
      to,
    )
  } catch (error) {
    if (!isSqliteError(error, 'CORRUPT')) throw error
    if (from < to) return readRows(db, id, { no, from, to: Math.floor((from + to) / 2) })
    throw damagedError(id, from, { reason: 'its page cannot be read', cause: error })
  }
}

/** So many rows that the next chunk has about the right size, if they are like the last. */
function sizeAfter(rows: readonly EventRow[]): number {
  const characters = rows.reduce((sum, [, payload]) => sum + (payload?.length ?? 0), 1)
  const fitting = Math.floor((CHUNK_CHARACTERS * Math.max(1, rows.length)) / characters)
  return Math.max(FEWEST_ROWS, Math.min(fitting, MOST_ROWS))
}
