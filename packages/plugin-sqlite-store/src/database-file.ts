import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { HalterError } from '@halter/core'
import { checkInBackground, markWriter, unmarkWriters } from './clean-close.ts'
import type { Connection } from './connection.ts'
import { storeError } from './errors.ts'
import { removeExpired } from './key-values.ts'
import { MEMORY, openReader, openWriter, type Durability, type Reader } from './open-file.ts'
import { whileBusy } from './retry.ts'
import { openUnwritable, unwritableError } from './unwritable.ts'
import { WriteQueue, type Work } from './write-queue.ts'

/** How to open a {@link DatabaseFile}. */
export interface DatabaseFileOptions {
  readonly path: string
  readonly durability: Durability
  /** Hears of damage that is found where nobody asked for it. */
  readonly onWarning: (message: string) => void
}

/** One open database: a connection that reads, a queue that writes, and the mark that tells a clean close from a crash. */
export class DatabaseFile {
  readonly path: string
  readonly #options: DatabaseFileOptions
  /** Absent while the file can only be read. */
  #queue: WriteQueue | undefined
  #reader: Connection
  /** Names this instance among all that have the file open. */
  readonly #token = randomUUID()
  readonly #closed = new AbortController()
  #closing: Promise<void> | undefined

  private constructor(options: DatabaseFileOptions, { writer, reader }: Connections) {
    this.path = options.path
    this.#options = options
    this.#reader = reader.db
    this.#queue = writer && this.#queueOver(writer)
    this.#checkAfterCrash(reader.dead)
  }

  /** @throws HalterError `ERR_STORE_OPEN`, `ERR_STORE_BUSY` or `ERR_STORE_FULL`, naming the file. */
  static async open(options: DatabaseFileOptions): Promise<DatabaseFile> {
    if (options.path === MEMORY) {
      const db = await openWriter(MEMORY, options.durability)
      return new DatabaseFile(options, { writer: db, reader: { db, dead: [] } })
    }
    const complete = { ...options, path: resolve(options.path) }
    return new DatabaseFile(complete, await openForReadingAtLeast(complete))
  }

  /** Looks at what is committed. `work` runs to its end without waiting, in one piece. */
  async read<T>(work: (db: Connection) => T): Promise<T> {
    if (this.#closing) throw new HalterError('ERR_STORE_FAILED', `The session store ${this.path} is closed.`)
    try {
      return await whileBusy(() => work(this.#reader))
    } catch (error) {
      throw storeError(error, this.path)
    }
  }

  /** Does `work` in a transaction, which it may share, and resolves when that is on disk. */
  write<T>(work: Work<T>): Promise<T> {
    return this.#queue ? this.#queue.write(work) : this.#openAgain(work)
  }

  /** Finishes what is queued and leaves one tidy file. A second call waits for the first. */
  async close(): Promise<void> {
    this.#closing ??= this.#close()
    await this.#closing
  }

  async #close(): Promise<void> {
    this.#closed.abort()
    const queue = this.#queue
    if (!queue) return this.#reader.close()
    // If that fails, the mark stays, and the next one to open the file checks it.
    if (queue.hasWritten) await queue.write((db) => unmarkWriters(db, [this.#token])).catch(() => {})
    const writer = await queue.close()
    if (this.#reader !== writer) this.#reader.close()
    try {
      writer.run('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch {
      // Another process is in the middle of something; the log stays beside the file, which is just as good.
    }
    writer.close()
  }

  #queueOver(writer: Connection): WriteQueue {
    const { path, durability } = this.#options
    const isFile = writer !== this.#reader
    return new WriteQueue({
      path,
      db: writer,
      gather: durability === 'power' && isFile ? 'turn' : 'tick',
      // What is in memory would be gone with its connection.
      reopen: isFile ? () => openWriter(path, durability) : undefined,
      first: (db) => {
        if (isFile) markWriter(db, this.#token)
        removeExpired(db)
      },
    })
  }

  /** When the file was opened, it could only be read; perhaps that has changed. */
  async #openAgain<T>(work: Work<T>): Promise<T> {
    if (this.#closing) throw new HalterError('ERR_STORE_FAILED', `The session store ${this.path} is closed.`)
    const { writer, reader } = await openBoth(this.#options).catch((error: unknown) => {
      throw unwritableError(this.path, error)
    })
    if (this.#queue || this.#closing) {
      writer.close()
      reader.db.close()
    } else {
      this.#reader.close()
      this.#reader = reader.db
      this.#queue = this.#queueOver(writer)
    }
    return await this.write(work)
  }

  #checkAfterCrash(dead: readonly string[]): void {
    if (dead.length === 0) return
    void checkInBackground(this.path, this.#closed.signal, (problems) => {
      if (problems.length > 0)
        this.#options.onWarning(
          `${this.path} was not closed properly and is damaged (${problems.join('; ')}). Copy it to a safe place, and verify its sessions: those that are not affected stay usable.`,
        )
      else if (!this.#closing) this.write((db) => unmarkWriters(db, dead)).catch(() => {})
    })
  }
}

interface Connections {
  readonly writer: Connection | undefined
  readonly reader: Reader
}

async function openForReadingAtLeast(options: DatabaseFileOptions): Promise<Connections> {
  try {
    return await openBoth(options)
  } catch (error) {
    const db = openUnwritable(options.path, error)
    options.onWarning(unwritableError(options.path, error).message)
    return { writer: undefined, reader: { db, dead: [] } }
  }
}

async function openBoth({ path, durability }: DatabaseFileOptions) {
  const writer = await openWriter(path, durability)
  try {
    return { writer, reader: await openReader(path) }
  } catch (error) {
    writer.close()
    throw error
  }
}
