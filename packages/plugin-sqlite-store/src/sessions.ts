import { crc32 } from 'node:zlib'
import { HalterError, type CommitBatch, type NewSession } from '@halter/core'
import type { CommitId, SessionId, SessionSummary } from '@halter/protocol'
import { referBlobs } from './blobs.ts'
import type { Connection } from './connection.ts'
import { damagedError } from './errors.ts'
import { fencedOff } from './leases.ts'
import { encodeJson, eventCrc, type NewEventRow } from './rows.ts'
import { escapeText } from './text.ts'

/** A session as its rows tell it. */
export interface SessionRow {
  readonly no: number
  readonly idCrc: number
  /** `seq` of the newest event. */
  readonly head: number
  /** The newest commit, as `escapeText` wrote it. */
  readonly commit: string | null
  /** The session whose events 1 to `forkAt` are this one's too. */
  readonly forkOf: number | null
  readonly forkAt: number
  /** Of the newest lease; 0: there was none, or nobody asked. */
  readonly fence: number
}

/** In the order of {@link Columns}. */
const COLUMNS = `
  s.no, s.id_crc, coalesce(e.seq, s.fork_at, 0),
  CASE WHEN s.commit_head = coalesce(e.seq, s.fork_at, 0) THEN s.commit_id ELSE e.commit_id END,
  s.fork_of, coalesce(s.fork_at, 0)`
const FROM = `
  FROM sessions s
  LEFT JOIN events e
    ON e.session_no = s.no AND e.seq = (SELECT max(m.seq) FROM events m WHERE m.session_no = s.no)`
const FIND_BY_ID = `SELECT ${COLUMNS} ${FROM} WHERE s.id = ?`
const FIND_BY_NUMBER = `SELECT ${COLUMNS} ${FROM} WHERE s.no = ?`
/** With the newest fence behind the columns: what every commit asks for, in one statement. */
const FIND_TO_WRITE = `SELECT ${COLUMNS}, (SELECT l.fence FROM leases l WHERE l.id = s.id) ${FROM} WHERE s.id = ?`

type Columns = readonly [
  no: number,
  idCrc: number,
  head: number,
  commit: string | null,
  forkOf: number | null,
  forkAt: number,
  fence?: number | null,
]

/** The session with this id; undefined when there is none, or none any more. */
export function findSession(db: Connection, id: SessionId): SessionRow | undefined {
  return byId(db, FIND_BY_ID, id)
}

function byId(db: Connection, sql: string, id: SessionId): SessionRow | undefined {
  const key = escapeText(id)
  const session = asSession(db.getArray<Columns>(sql, key))
  if (session && session.idCrc !== crc32(key))
    throw damagedError(id, 1, { reason: 'its place in the file is another session' })
  return session
}

function asSession(columns: Columns | undefined): SessionRow | undefined {
  if (!columns) return undefined
  const [no, idCrc, head, commit, forkOf, forkAt, fence] = columns
  return { no, idCrc, head, commit, forkOf, forkAt, fence: fence ?? 0 }
}

/** The session with this number, deleted or not. */
export function sessionByNumber(db: Connection, no: number): SessionRow | undefined {
  return asSession(db.getArray<Columns>(FIND_BY_NUMBER, no))
}

/**
 * Adds a session, as a fork where `origin` is given.
 * @throws HalterError `ERR_SESSION_EXISTS` when the id is taken by another commit.
 */
export function insertSession(
  db: Connection,
  made: NewSession,
  rows: readonly NewEventRow[],
  origin?: { readonly no: number; readonly at: number },
): { readonly head: number } {
  const { sessionId, commitId, summary } = made
  const taken = findSession(db, sessionId)
  if (taken?.commit === escapeText(commitId)) return { head: taken.head }
  if (taken)
    throw new HalterError(
      'ERR_SESSION_EXISTS',
      `A session with the id ${JSON.stringify(sessionId)} is already there. Resume it, or take another id.`,
    )
  const { text, crc } = encodeJson(summary)
  const key = escapeText(sessionId)
  db.run(
    `INSERT INTO sessions (id, id_crc, parent, status, title, working_dir, updated_at, summary, crc, fork_of, fork_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    key,
    crc32(key),
    ...columnsOf(summary),
    text,
    crc,
    origin?.no ?? null,
    origin?.at ?? null,
  )
  const no = db.get<{ no: number }>('SELECT last_insert_rowid() AS no')?.no as number
  insertMetadata(db, no, summary)
  return appendEvents(db, { no, head: origin?.at ?? 0 }, commitId, rows)
}

/**
 * Appends a batch, unless it was the last one already.
 * @throws HalterError `ERR_SESSION_UNKNOWN`, `ERR_SESSION_LEASED`, `ERR_COMMIT_CONFLICT`.
 */
export function appendBatch(
  db: Connection,
  id: SessionId,
  batch: CommitBatch,
  rows: readonly NewEventRow[],
): { readonly head: number } {
  const session = byId(db, FIND_TO_WRITE, id)
  if (!session) throw unknownSession(id)
  const { expectedHead, commitId, summary, checkpoint, fence } = batch
  if (session.commit === escapeText(commitId)) return { head: session.head }
  if (fence !== undefined && fence < session.fence) throw fencedOff(db, id)
  if (session.head !== expectedHead)
    throw new HalterError(
      'ERR_COMMIT_CONFLICT',
      `Session ${id} is at event ${session.head}, not at ${expectedHead}: somebody else has written to it. Load it again.`,
      { data: { expectedHead, actualHead: session.head }, retryable: true },
    )
  const result = appendEvents(db, session, commitId, rows)
  if (summary) updateSummary(db, session.no, summary)
  if (checkpoint) {
    const { text, crc } = encodeJson(checkpoint)
    db.run(
      'INSERT OR REPLACE INTO checkpoints (session_no, checkpoint, crc) VALUES (?, ?, ?)',
      session.no,
      text,
      crc,
    )
  }
  return result
}

/** Nobody has this id. */
export function unknownSession(id: SessionId): HalterError {
  return new HalterError('ERR_SESSION_UNKNOWN', `No session has the id ${JSON.stringify(id)}.`)
}

function appendEvents(
  db: Connection,
  { no, head }: { readonly no: number; readonly head: number },
  commitId: CommitId,
  rows: readonly NewEventRow[],
): { readonly head: number } {
  if (rows.length === 0) {
    db.run('UPDATE sessions SET commit_id = ?, commit_head = ? WHERE no = ?', escapeText(commitId), head, no)
    return { head }
  }
  for (const [index, { seq, payload, blobs }] of rows.entries()) {
    db.run(
      'INSERT INTO events (session_no, seq, payload, crc, commit_id) VALUES (?, ?, ?, ?, ?)',
      no,
      seq,
      payload,
      eventCrc(no, seq, payload),
      index === rows.length - 1 ? escapeText(commitId) : null,
    )
    if (blobs.length > 0) referBlobs(db, no, blobs)
  }
  return { head: head + rows.length }
}

function updateSummary(db: Connection, no: number, summary: SessionSummary): void {
  const before = db.get<{ summary: string }>('SELECT summary FROM sessions WHERE no = ?', no)?.summary
  const { text, crc } = encodeJson(summary)
  db.run(
    `UPDATE sessions
     SET parent = ?, status = ?, title = ?, working_dir = ?, updated_at = ?, summary = ?, crc = ? WHERE no = ?`,
    ...columnsOf(summary),
    text,
    crc,
    no,
  )
  if (before !== undefined && metadataText(before) === JSON.stringify(summary.metadata)) return
  db.run('DELETE FROM metadata WHERE session_no = ?', no)
  insertMetadata(db, no, summary)
}

function insertMetadata(db: Connection, no: number, { metadata }: SessionSummary): void {
  for (const [key, value] of Object.entries(metadata))
    db.run(
      'INSERT INTO metadata (key, value, session_no) VALUES (?, ?, ?)',
      escapeText(key),
      escapeText(value),
      no,
    )
}

function metadataText(summary: string): string | undefined {
  try {
    return JSON.stringify((JSON.parse(summary) as SessionSummary).metadata)
  } catch {
    return undefined
  }
}

/** What lists look at, in the order of the statements above. */
function columnsOf({ parentId, status, title, workingDir, updatedAt }: SessionSummary) {
  return [
    parentId === undefined ? null : escapeText(parentId),
    status,
    escapeText(title.toLowerCase()),
    escapeText(workingDir),
    updatedAt,
  ] as const
}
