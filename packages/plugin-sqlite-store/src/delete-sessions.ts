import type { SessionId } from '@halter/protocol'
import { freeBlobs } from './blobs.ts'
import type { Connection } from './connection.ts'
import { escapeText, unescapeText } from './text.ts'

/** How many rows one transaction removes at most: some milliseconds of the event loop. */
const MOST_AT_ONCE = 2000

/**
 * Makes a session unknown, with `cascade` also everything that descends from it. Costs the same however long the logs are:
 * {@link freeRows} removes them.
 */
export function hideSessions(db: Connection, id: SessionId, cascade: boolean): void {
  for (const doomed of cascade ? withDescendants(db, id) : [id]) {
    db.run('UPDATE sessions SET id = NULL, parent = NULL WHERE id = ?', escapeText(doomed))
    db.run('DELETE FROM leases WHERE id = ?', escapeText(doomed))
  }
}

/**
 * Removes some rows of hidden sessions that no fork replays, and blobs that nobody names. Returns false when nothing was left to do. What a process that
 * died did not get to, the next one that deletes does.
 */
export function freeRows(db: Connection): boolean {
  const newest = newestPosition(db)
  const hidden = db.all<{ no: number; keep: number | null }>(
    `SELECT s.no, (SELECT max(f.fork_at) FROM sessions f WHERE f.fork_of = s.no) AS keep
     FROM sessions s WHERE s.id IS NULL`,
  )
  for (const { no, keep } of hidden) {
    const events = db.run(
      `DELETE FROM events WHERE position IN
         (SELECT position FROM events WHERE session_no = ? AND seq > ? LIMIT ${MOST_AT_ONCE})`,
      no,
      keep ?? 0,
    )
    if (events > 0) keepPosition(db, newest)
    if (events > 0) return true
    if (keep !== null) continue
    for (const table of ['metadata', 'checkpoints', 'blob_references'] as const)
      db.run(`DELETE FROM ${table} WHERE session_no = ?`, no)
    db.run('DELETE FROM sessions WHERE no = ?', no)
    // What it was forked from may be free now.
    return true
  }
  return freeBlobs(db)
}

/** The position of the newest event there ever was; 0 before the first. */
export function newestPosition(db: Connection): number {
  return db.get<{ position: number | null }>('SELECT max(position) AS position FROM events')?.position ?? 0
}

function withDescendants(db: Connection, id: SessionId): Set<SessionId> {
  const found = new Set([id])
  // A Set gives what is added to it during the loop, too.
  for (const each of found)
    for (const child of db.all<{ id: string }>(
      'SELECT id FROM sessions WHERE parent = ? AND id IS NOT NULL',
      escapeText(each),
    ))
      found.add(unescapeText(child.id))
  return found
}

/** SQLite gives out the number after the greatest, so the greatest must not go. */
function keepPosition(db: Connection, newest: number): void {
  if (newestPosition(db) === newest) return
  db.run('DELETE FROM events WHERE session_no = 0')
  db.run(
    `INSERT INTO events (position, session_no, seq, payload, crc) VALUES (?, 0, ?, '', 0)`,
    newest,
    newest,
  )
}
