import { rmSync, writeFileSync } from 'node:fs'
import { HalterError, isHalterError } from '@halter/core'

/** SQLite's primary result codes that mean something to us (sqlite.org/rescode.html). */
const CODES = {
  BUSY: 5,
  LOCKED: 6,
  READONLY: 8,
  IOERR: 10,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  NOTADB: 26,
} as const

/** True when `error` came from SQLite with this primary code. */
export function isSqliteError(error: unknown, name?: keyof typeof CODES): boolean {
  const code = (error as { errcode?: unknown } | null)?.errcode
  return typeof code === 'number' && (name === undefined || (code & 0xff) === CODES[name])
}

/** True when somebody else holds the lock that was asked for. */
export function isBusy(error: unknown): boolean {
  return isSqliteError(error, 'BUSY') || isSqliteError(error, 'LOCKED')
}

/** No room for the index beside the log, which every connection needs (SQLITE_IOERR_SHMSIZE). */
const NO_ROOM_FOR_INDEX = 4874
/** What the system says when there is no room. */
const NO_ROOM: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT'])

/** True when `error`, of SQLite or of the system, says that the disk is full. */
export function isDiskFull(error: unknown): boolean {
  const { errcode, code } = (error ?? {}) as { readonly errcode?: unknown; readonly code?: unknown }
  return isSqliteError(error, 'FULL') || errcode === NO_ROOM_FOR_INDEX || NO_ROOM.has(code)
}

/** What a failure of SQLite means to a caller. `HalterError`s pass through. */
export function storeError(error: unknown, path: string): HalterError {
  if (isHalterError(error)) return error
  if (isDiskFull(error) || (isSqliteError(error, 'IOERR') && !hasRoom(path)))
    return new HalterError(
      'ERR_STORE_FULL',
      `The disk that holds ${path} is full; nothing of this was stored. Free some space, then try again.`,
      { cause: error, retryable: true },
    )
  if (isBusy(error)) return busyError(path, error)
  return new HalterError(
    'ERR_STORE_FAILED',
    `${path} could not be read or written (${messageOf(error)}). Check the disk and the file, then try again.`,
    { cause: error },
  )
}

/** SQLite does not say why a sync or a cut failed; where nothing can be written at all, that is why. */
function hasRoom(path: string): boolean {
  const probe = `${path}-probe`
  try {
    writeFileSync(probe, Buffer.alloc(4096), { flush: true })
    return true
  } catch (error) {
    return !isDiskFull(error)
  } finally {
    rmSync(probe, { force: true })
  }
}

/** Somebody else wrote for as long as we are willing to wait. */
export function busyError(path: string, cause?: unknown): HalterError {
  return new HalterError(
    'ERR_STORE_BUSY',
    `${path} was locked for 5 s by another process. Try again, or end the process that holds it.`,
    { cause, retryable: true },
  )
}

/** The log of a session cannot be trusted from `seq` on. */
export function damagedError(
  id: string,
  seq: number,
  details: { readonly reason: string; readonly cause?: unknown; readonly position?: string },
): HalterError {
  const { reason, cause, position } = details
  return new HalterError(
    'ERR_SESSION_DAMAGED',
    `The log of session ${id} is damaged at event ${seq}: ${reason}. Other sessions are not affected; fork this one before event ${seq} to go on.`,
    { cause, data: { sessionId: id, seq, ...(position !== undefined && { position }) } },
  )
}

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
