import {
  HalterError,
  type BlobOperations,
  type ChangePage,
  type CommitBatch,
  type CommitResult,
  type LeaseOperations,
  type NewSession,
  type SessionPage,
  type SessionQuery,
  type SessionStore,
  type StorageAdapter,
  type StoredSession,
} from '@halter/core'
import type { Checkpoint, SessionId, SessionSummary, StoredEvent } from '@halter/protocol'
import { blobOperations } from './blobs.ts'
import type { Connection } from './connection.ts'
import { DatabaseFile } from './database-file.ts'
import { freeRows, hideSessions, newestPosition } from './delete-sessions.ts'
import { damagedError } from './errors.ts'
import { SqliteStorageAdapter } from './key-values.ts'
import { leaseOperations } from './leases.ts'
import { listSessions } from './list-sessions.ts'
import { MEMORY, type Durability } from './open-file.ts'
import { readChanges } from './read-changes.ts'
import { replayEvents } from './replay.ts'
import { decodeJson, encodeEvents } from './rows.ts'
import { escapeText } from './text.ts'
import { appendBatch, findSession, insertSession, sessionByNumber, unknownSession } from './sessions.ts'

/** How to open a {@link SqliteSessionStore}. */
export interface SqliteStoreOptions {
  /** The file; it and its folders are made where they are not there. `:memory:` keeps everything in this process. */
  readonly path: string
  /** What an acknowledged commit survives. Default `power`. */
  readonly durability?: Durability
  /** Hears of damage that is found where nobody asked for it. */
  readonly onWarning?: (message: string) => void
}

/**
 * Keeps sessions in one SQLite file, which any number of processes of this machine may have open. One connection writes, in
 * transactions that all work of one tick shares; another one reads. Made by `open`; end it with `close`.
 */
export class SqliteSessionStore implements SessionStore {
  readonly durability: SessionStore['durability']
  readonly keepsCheckpoints = true
  /** Small durable values in the same file. */
  readonly storageAdapter: StorageAdapter
  readonly leases: LeaseOperations
  readonly blobs: BlobOperations
  readonly #file: DatabaseFile
  readonly #warn: (message: string) => void

  private constructor(file: DatabaseFile, options: Required<SqliteStoreOptions>) {
    const isFile = options.path !== MEMORY
    this.durability = isFile ? options.durability : 'none'
    this.storageAdapter = new SqliteStorageAdapter(file, isFile)
    this.leases = leaseOperations(file)
    this.blobs = blobOperations(file)
    this.#file = file
    this.#warn = options.onWarning
  }

  /** @throws HalterError `ERR_STORE_OPEN`, naming the file, when it is no database, somebody else's, or a newer halter's. */
  static async open(options: SqliteStoreOptions): Promise<SqliteSessionStore> {
    const complete = { durability: 'power', onWarning: () => {}, ...options } as const
    return new SqliteSessionStore(await DatabaseFile.open(complete), complete)
  }

  async create(session: NewSession): Promise<CommitResult> {
    const rows = encodeEvents(session.sessionId, session.events, 0)
    return await this.#file.write((db) => insertSession(db, session, rows))
  }

  async fork(fork: NewSession & { readonly from: SessionId; readonly at: number }): Promise<CommitResult> {
    const rows = encodeEvents(fork.sessionId, fork.events, fork.at)
    return await this.#file.write((db) => insertSession(db, fork, rows, originOf(db, fork)))
  }

  async load(id: SessionId): Promise<StoredSession | undefined> {
    const row = await this.#file.read((db) => db.get<LoadedRow>(LOAD, escapeText(id)))
    if (!row) return undefined
    const summary = decodeJson(row.summary, row.crc) as SessionSummary | undefined
    if (summary?.sessionId !== id)
      throw new HalterError(
        'ERR_SESSION_DAMAGED',
        `The summary of session ${id} is damaged. Its log may be whole: replay it, and other sessions, as ever.`,
        { data: { sessionId: id, seq: 0 } },
      )
    if (row.head < summary.head) throw damagedError(id, row.head + 1, { reason: 'it is not there' })
    const checkpoint = this.#checkpointOf(id, row)
    return { summary, head: row.head, ...(checkpoint && { checkpoint }) }
  }

  async commit(id: SessionId, batch: CommitBatch): Promise<CommitResult> {
    const rows = encodeEvents(id, batch.events, batch.expectedHead)
    return await this.#file.write((db) => appendBatch(db, id, batch, rows))
  }

  replay(
    id: SessionId,
    range: { readonly after?: number; readonly limit?: number } = {},
  ): AsyncIterable<StoredEvent> {
    return replayEvents(this.#file, id, range)
  }

  async list(query: SessionQuery = {}): Promise<SessionPage> {
    return await this.#file.read((db) =>
      listSessions(db, query, (id) =>
        this.#warn(`The summary of session ${id} in ${this.#file.path} is damaged: the list leaves it out.`),
      ),
    )
  }

  async delete(id: SessionId, options: { readonly cascade?: boolean } = {}): Promise<void> {
    await this.#file.write((db) => hideSessions(db, id, options.cascade ?? false))
    while (await this.#file.write(freeRows));
  }

  async changes(range: { readonly after?: string; readonly limit?: number } = {}): Promise<ChangePage> {
    return await this.#file.read((db) => readChanges(db, range))
  }

  async position(): Promise<string> {
    return String(await this.#file.read(newestPosition))
  }

  /** Finishes what is under way, and leaves one file without a log beside it. Nothing can be asked afterwards. */
  async close(): Promise<void> {
    await this.#file.close()
  }

  /** A checkpoint is only a shortcut, so a damaged one is as good as none. */
  #checkpointOf(id: SessionId, { checkpoint, checkpointCrc }: LoadedRow): Checkpoint | undefined {
    if (checkpoint === null || checkpointCrc === null) return undefined
    const found = decodeJson(checkpoint, checkpointCrc) as Checkpoint | undefined
    if (!found) this.#warn(`The checkpoint of session ${id} in ${this.#file.path} is damaged and not used.`)
    return found
  }
}

interface LoadedRow {
  readonly summary: string
  readonly crc: number
  readonly head: number
  readonly checkpoint: string | null
  readonly checkpointCrc: number | null
}

/** One statement, so one snapshot: a checkpoint is never newer than the head beside it. */
const LOAD = `
  SELECT s.summary, s.crc, c.checkpoint, c.crc AS checkpointCrc,
    coalesce((SELECT max(seq) FROM events WHERE session_no = s.no), s.fork_at, 0) AS head
  FROM sessions s LEFT JOIN checkpoints c ON c.session_no = s.no
  WHERE s.id = ?`

/** The session whose own rows hold event `at`: a fork of a fork's beginning belongs to what that was forked from. */
function originOf(db: Connection, fork: { readonly from: SessionId; readonly at: number }) {
  const { from, at } = fork
  const named = findSession(db, from)
  if (!named) throw unknownSession(from)
  if (at < 1 || at > named.head)
    throw new HalterError(
      'ERR_SESSION_INPUT',
      `Session ${from} cannot be forked at ${at}: its log has ${named.head} events.`,
    )
  let origin = named
  while (at <= origin.forkAt && origin.forkOf !== null) {
    const next = sessionByNumber(db, origin.forkOf)
    if (!next) break
    origin = next
  }
  return { no: origin.no, at }
}
