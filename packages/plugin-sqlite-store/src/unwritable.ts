import { statSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { HalterError } from '@halter/core'
import { Connection } from './connection.ts'
import { isDiskFull, isSqliteError } from './errors.ts'
import { checkOwner, closeOnError, READER_BUSY_MS, schemaVersion } from './open-file.ts'
import { MIGRATIONS } from './schema.ts'

/**
 * Opens a file for reading, where it cannot be opened for writing because its disk is full or its place read-only.
 * @throws `refusal`, why it could not be opened for writing, where that is another reason, or where not all of it could be read.
 */
export function openUnwritable(path: string, refusal: unknown): Connection {
  const reason = reasonOf(refusal)
  if (reason === undefined) throw refusal
  try {
    const db = new Connection(locate(path, reason), { busyMs: READER_BUSY_MS, readOnly: true })
    return closeOnError(db, () => {
      checkOwner(db, path)
      // An older file cannot be migrated here, and a new one has nothing to read.
      if (schemaVersion(db) !== MIGRATIONS.length) throw refusal
      return db
    })
  } catch {
    throw refusal
  }
}

/** What a write is told while the file is open for reading only. */
export function unwritableError(path: string, refusal: unknown): HalterError {
  const isFull = reasonOf(refusal) === 'full'
  return new HalterError(
    isFull ? 'ERR_STORE_FULL' : 'ERR_STORE_FAILED',
    isFull
      ? `The disk that holds ${path} is full: its sessions can be read, and nothing can be stored. Free some space, then try again.`
      : `${path} cannot be written to: its sessions can be read, and nothing can be stored. Make the file and its folder writable, or copy it to another place.`,
    { cause: refusal, retryable: isFull },
  )
}

type Reason = 'full' | 'read-only disk' | 'no permission'

const REASONS: ReadonlyMap<unknown, Reason> = new Map([
  ['EROFS', 'read-only disk'],
  ['EACCES', 'no permission'],
  ['EPERM', 'no permission'],
])

function reasonOf(refusal: unknown): Reason | undefined {
  const cause = (refusal as Error).cause as { readonly code?: unknown } | undefined
  if (isDiskFull(cause)) return 'full'
  return isSqliteError(cause, 'READONLY') ? 'no permission' : REASONS.get(cause?.code)
}

/**
 * SQLite reads a file that has a log beside it only with an index beside that, which cannot be made here; one without a log it reads
 * when it is told that nobody writes to it. Where only this process may not write, that is not known.
 */
function locate(path: string, reason: Reason): string | URL {
  const logSize = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0
  if (reason === 'no permission' || logSize > 0) return path
  const url = pathToFileURL(path)
  url.searchParams.set('immutable', '1')
  return url
}
