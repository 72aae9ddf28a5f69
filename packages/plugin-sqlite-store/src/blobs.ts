import { createHash } from 'node:crypto'
import type { BlobOperations } from '@halter/core'
import type { StoredEvent } from '@halter/protocol'
import type { Connection } from './connection.ts'
import type { DatabaseFile } from './database-file.ts'
import { escapeText, unescapeText } from './text.ts'

/** How long a blob may lie there before the commit that names it. */
const GRACE_MS = 60 * 60 * 1000
/** How many blobs one transaction removes at most. */
const MOST_AT_ONCE = 100

/** Large contents, each kept once, for as long as a session names them. */
export function blobOperations(file: Pick<DatabaseFile, 'read' | 'write'>): BlobOperations {
  return {
    put: async (content) => {
      const sha256 = hashOf(content)
      const text = escapeText(content)
      await file.write((db) =>
        // One that is there already counts as new, or it might go before the commit that will name it.
        db.run(
          `INSERT INTO blobs (sha256, content, added) VALUES (?, ?, ?)
           ON CONFLICT (sha256) DO UPDATE SET added = excluded.added`,
          sha256,
          text,
          Date.now(),
        ),
      )
      return sha256
    },

    get: (sha256) =>
      file.read((db) => {
        const row = db.get<{ content: string }>(
          'SELECT content FROM blobs WHERE sha256 = ?',
          escapeText(sha256),
        )
        const content = row && unescapeText(row.content)
        // A damaged one is as good as none; its reader says whose it was.
        return content !== undefined && hashOf(content) === sha256 ? content : undefined
      }),
  }
}

/** Hashes of the blobs that an event names. `payload` is its JSON, looked at first: hardly any event names one. */
export function blobsOf(event: StoredEvent, payload: string): string[] {
  const found: string[] = []
  if (payload.includes('"kind":"blob"')) collect(event, found)
  return found
}

/** Remembers that a session names blobs. */
export function referBlobs(db: Connection, no: number, hashes: readonly string[]): void {
  for (const sha256 of hashes)
    db.run('INSERT OR IGNORE INTO blob_references (sha256, session_no) VALUES (?, ?)', escapeText(sha256), no)
}

/** Removes some blobs that nobody names. Returns false when none was left to remove. */
export function freeBlobs(db: Connection): boolean {
  const removed = db.run(
    `DELETE FROM blobs WHERE sha256 IN (
       SELECT b.sha256 FROM blobs b
       WHERE b.added < ? AND NOT EXISTS (SELECT 1 FROM blob_references r WHERE r.sha256 = b.sha256)
       LIMIT ${MOST_AT_ONCE})`,
    Date.now() - GRACE_MS,
  )
  return removed > 0
}

/** The sha256 of the UTF-8 text; of its JSON where it has lone surrogates, which UTF-8 cannot tell apart. */
function hashOf(content: string): string {
  return createHash('sha256')
    .update(content.isWellFormed() ? content : JSON.stringify(content))
    .digest('hex')
}

function collect(value: unknown, found: string[]): void {
  if (typeof value !== 'object' || value === null) return
  const { kind, sha256 } = value as { readonly kind?: unknown; readonly sha256?: unknown }
  if (kind === 'blob' && typeof sha256 === 'string') found.push(sha256)
  for (const each of Object.values(value)) collect(each, found)
}
