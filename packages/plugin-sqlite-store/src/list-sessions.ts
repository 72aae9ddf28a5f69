import type { SQLInputValue } from 'node:sqlite'
import { HalterError, type SessionPage, type SessionQuery } from '@halter/core'
import type { SessionSummary } from '@halter/protocol'
import type { Connection } from './connection.ts'
import { decodeJson } from './rows.ts'
import { escapeText } from './text.ts'

interface ListRow {
  readonly id: string
  readonly no: number
  readonly updatedAt: number
  readonly summary: string
  readonly crc: number
}

/** A page of a list, newest activity first. `onDamaged` hears of sessions whose summary cannot be read; they are left out. */
export function listSessions(
  db: Connection,
  query: SessionQuery,
  onDamaged: (id: string) => void,
): SessionPage {
  const { sql, values } = statementOf(query)
  const limit = Math.max(1, Math.min(query.limit ?? 50, 1000))
  const title = query.title?.toLowerCase()
  const sessions: SessionSummary[] = []
  let last: ListRow | undefined
  for (const row of db.iterate<ListRow>(sql, ...values)) {
    const summary = decodeJson(row.summary, row.crc) as SessionSummary | undefined
    if (!summary) onDamaged(row.id)
    else if (title === undefined || summary.title.toLowerCase().includes(title)) {
      if (sessions.length >= limit) return { sessions, ...(last && { next: `${last.updatedAt}_${last.no}` }) }
      sessions.push(summary)
      last = row
    }
  }
  return { sessions }
}

/** Conditions are constants of ours; whatever comes from the query is bound. */
function statementOf(query: SessionQuery): { sql: string; values: SQLInputValue[] } {
  const { parentId, status, title, metadata = {}, workingDir, since, until, cursor } = query
  const conditions = ['id IS NOT NULL']
  const values: SQLInputValue[] = []
  const where = (condition: string, ...bound: SQLInputValue[]) => {
    conditions.push(condition)
    values.push(...bound)
  }
  if (parentId === null) where('parent IS NULL')
  else if (parentId !== undefined) where('parent = ?', escapeText(parentId))
  if (status !== undefined) where('status = ?', status)
  if (workingDir !== undefined) where('working_dir = ?', escapeText(workingDir))
  if (since !== undefined) where('updated_at >= ?', since)
  if (until !== undefined) where('updated_at <= ?', until)
  for (const [key, value] of Object.entries(metadata))
    where(
      'no IN (SELECT session_no FROM metadata WHERE key = ? AND value = ?)',
      escapeText(key),
      escapeText(value),
    )
  // Only narrows: half of a surrogate pair is written differently than inside of the pair, and "\u0000" may be meant literally.
  if (title?.isWellFormed()) where('instr(title, ?) > 0', escapeText(title.toLowerCase()))
  if (cursor !== undefined) where('(updated_at, no) < (?, ?)', ...decodeCursor(cursor))
  const sql = `SELECT id, no, updated_at AS updatedAt, summary, crc FROM sessions
    WHERE ${conditions.join(' AND ')} ORDER BY updated_at DESC, no DESC`
  return { sql, values }
}

/** A page ends at a session, not at a count: pages stay stable when sessions come and go. */
function decodeCursor(cursor: string): [number, number] {
  const [updatedAt, no] = cursor.split('_').map(Number)
  if (updatedAt === undefined || no === undefined || Number.isNaN(updatedAt) || !Number.isInteger(no))
    throw new HalterError(
      'ERR_SESSION_INPUT',
      `"${cursor}" is not the cursor of a list. Pass "next" of a page.`,
    )
  return [updatedAt, no]
}
