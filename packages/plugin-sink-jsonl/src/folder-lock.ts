import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'

/** Between two tries. Milliseconds. */
const RETRY_MS = 10
/** SQLite's code for "somebody else has it". */
const SQLITE_BUSY = 5

/**
 * One writer per folder, among all processes of this machine. The lock is SQLite's, on a file of its own: Node has no other one
 * that the system gives back when a process is killed.
 */
export class FolderLock {
  readonly #folder: string
  #db: DatabaseSync | undefined

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Does `work` while nobody else does theirs. One call at a time. @throws the signal's reason when it had to wait for too long. */
  async during<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const db = (this.#db ??= await this.#open())
    while (!tryToLock(db)) await setTimeout(RETRY_MS, undefined, { signal })
    try {
      return await work()
    } finally {
      db.exec('ROLLBACK')
    }
  }

  /** Lets go of the file; the next call opens it again. */
  close(): void {
    this.#db?.close()
    this.#db = undefined
  }

  async #open(): Promise<DatabaseSync> {
    const { DatabaseSync } = await import('node:sqlite')
    const path = join(this.#folder, '.lock')
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    await (await open(path, 'a', 0o600)).close() // SQLite would let everybody read it
    return new DatabaseSync(path, { timeout: 0 })
  }
}

/** The transaction is the lock: nothing is ever written in it. */
function tryToLock(db: DatabaseSync): boolean {
  try {
    db.exec('BEGIN IMMEDIATE')
    return true
  } catch (error) {
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return false
    throw error
  }
}
