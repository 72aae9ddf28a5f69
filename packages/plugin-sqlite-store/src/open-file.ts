import { closeSync, fstatSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { HalterError, isHalterError } from '@halter/core'
import { deadWriters } from './clean-close.ts'
import { Connection } from './connection.ts'
import { isBusy, isDiskFull, isSqliteError, messageOf, storeError } from './errors.ts'
import { whileBusy } from './retry.ts'
import { APPLICATION_ID, MIGRATIONS } from './schema.ts'

/** What `'power'` survives: loss of power. `'process'`: the end of the process, however sudden. */
export type Durability = 'power' | 'process'

/** Below it, two connections that write and checkpoint can lose a commit (the WAL reset bug, fixed in 3.51.3). */
const OLDEST_SQLITE = [3, 51, 3] as const
/** The most that SQLite may block the event loop for a lock. */
const WRITER_BUSY_MS = 5
/** The same, for a connection that only reads. */
export const READER_BUSY_MS = 20

/** Where the data is when there is no file. */
export const MEMORY = ':memory:'

/**
 * Opens the connection that writes, and brings the file up to the newest schema.
 * @throws HalterError `ERR_STORE_OPEN`, naming the file, when it is no database, somebody else's, or a newer halter's.
 */
export async function openWriter(path: string, durability: Durability): Promise<Connection> {
  return await naming(path, async () => {
    checkVersion()
    if (path !== MEMORY) createFile(path)
    return await whileBusy(() => connect(path, durability))
  })
}

/** A connection that only reads, and who died with the file open. */
export interface Reader {
  readonly db: Connection
  /** Marks of `markWriter`. */
  readonly dead: readonly string[]
}

/** Opens a connection that only reads. The file must be there. */
export async function openReader(path: string): Promise<Reader> {
  return await naming(path, () =>
    whileBusy(() => {
      const db = new Connection(path, { busyMs: READER_BUSY_MS, readOnly: true })
      return { db, dead: closeOnError(db, () => deadWriters(db)) }
    }),
  )
}

function connect(path: string, durability: Durability): Connection {
  const db = new Connection(path, { busyMs: WRITER_BUSY_MS })
  closeOnError(db, () => {
    checkOwner(db, path)
    // A batch touches few rows on two or three pages: with pages of 2 KiB it writes a third less than with 4, at no cost in
    // time or when reading. Has no effect on a file that has pages already.
    db.exec('PRAGMA page_size = 2048')
    const mode = db.get<{ journal_mode: string }>('PRAGMA journal_mode = WAL')?.journal_mode
    if (mode !== 'wal' && path !== MEMORY)
      throw new HalterError(
        'ERR_STORE_OPEN',
        `${path} cannot use a write-ahead log (mode "${mode}"). Is it on a network drive? Put it on a local one.`,
      )
    db.exec(`PRAGMA synchronous = ${durability === 'power' ? 'FULL' : 'NORMAL'}`)
    // On macOS a plain fsync leaves the drive's cache alone.
    if (durability === 'power') db.exec('PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON')
    db.exec('PRAGMA wal_autocheckpoint = 2000')
    migrate(db, path)
  })
  return db
}

function checkVersion(): void {
  const found = process.versions.sqlite ?? '0'
  const parts = found.split('.').map(Number)
  const different = OLDEST_SQLITE.findIndex((part, index) => part !== (parts[index] ?? 0))
  if (different === -1 || (parts[different] ?? 0) > (OLDEST_SQLITE[different] ?? 0)) return
  throw new HalterError(
    'ERR_STORE_OPEN',
    `Node ${process.version} brings SQLite ${found}, which can lose commits. Use Node 24.15 or later (SQLite ${OLDEST_SQLITE.join('.')}).`,
  )
}

/** For the owner's eyes only, from the first byte on. SQLite gives the files beside it the same mode. */
function createFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const file = openSync(path, 'a', 0o600)
  const { size } = fstatSync(file)
  closeSync(file)
  // SQLite begins anew in a file of one byte, and so hides that more was there.
  if (size === 1)
    throw new HalterError(
      'ERR_STORE_OPEN',
      `The session store ${path} could not be opened: it is not a database, only one byte of one. Name another path, or move the file away.`,
    )
}

/** An empty file is a new store; any other must be marked as ours, and not be from the future. */
export function checkOwner(db: Connection, path: string): void {
  const owner = db.get<{ application_id: number }>('PRAGMA application_id')?.application_id
  if (owner === 0 && db.get('SELECT 1 FROM sqlite_schema LIMIT 1') === undefined) return
  if (owner !== APPLICATION_ID)
    throw new HalterError(
      'ERR_STORE_OPEN',
      `${path} is a database of another program. Name another path for the sessions.`,
    )
  const version = schemaVersion(db)
  if (version > MIGRATIONS.length)
    throw new HalterError(
      'ERR_STORE_OPEN',
      `${path} was written by a newer halter (schema ${version}; this one knows ${MIGRATIONS.length}). Update halter, or name another path.`,
    )
}

/** All steps or none: another process that opens the file meanwhile waits, then finds nothing left to do. */
function migrate(db: Connection, path: string): void {
  if (schemaVersion(db) === MIGRATIONS.length) return
  db.exec('BEGIN IMMEDIATE')
  try {
    checkOwner(db, path)
    for (const step of MIGRATIONS.slice(schemaVersion(db))) db.exec(step)
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length}; COMMIT`)
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

export function schemaVersion(db: Connection): number {
  return db.get<{ user_version: number }>('PRAGMA user_version')?.user_version ?? 0
}

export function closeOnError<T>(db: Connection, use: () => T): T {
  try {
    return use()
  } catch (error) {
    db.close()
    throw error
  }
}

async function naming<T>(path: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open()
  } catch (error) {
    if (isHalterError(error)) throw error
    if (isBusy(error) || isDiskFull(error)) throw storeError(error, path)
    const reason = isSqliteError(error, 'NOTADB') ? 'it is not a database' : messageOf(error)
    throw new HalterError(
      'ERR_STORE_OPEN',
      `The session store ${path} could not be opened: ${reason}. Name another path, or move the file away.`,
      { cause: error },
    )
  }
}
