import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { StoredEvent } from '@halter/protocol'
import type { Durability } from '../stored-subject.ts'
import type { Keep } from './bare-loop.ts'

/** The events of one commit. */
export type Batch = readonly StoredEvent[]

/**
 * The floor of a store: one table of rows with one unique index, one prepared insert, one transaction per commit, on a file with
 * the same page size and synchronous setting as the store's. No check, checksum, lease, summary or second table.
 */
export class RawLog implements Disposable {
  readonly #db: DatabaseSync
  readonly #insert: StatementSync
  readonly #begin: StatementSync
  readonly #commit: StatementSync
  #session = 0
  commits = 0
  /** Spent in commits. */
  ms = 0

  constructor(path: string, durability: Durability) {
    this.#db = new DatabaseSync(path)
    this.#db.exec(`
      PRAGMA page_size = 2048; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 2000;
      PRAGMA synchronous = ${durability === 'power' ? 'FULL' : 'NORMAL'};
      CREATE TABLE IF NOT EXISTS events (
        position INTEGER PRIMARY KEY, session INTEGER NOT NULL, seq INTEGER NOT NULL, payload TEXT NOT NULL) STRICT;
      CREATE UNIQUE INDEX IF NOT EXISTS by_session ON events (session, seq);`)
    this.#insert = this.#db.prepare('INSERT INTO events (session, seq, payload) VALUES (?, ?, ?)')
    this.#begin = this.#db.prepare('BEGIN IMMEDIATE')
    this.#commit = this.#db.prepare('COMMIT')
  }

  /** A new session; what a bare loop has to keep is committed as a runtime that did the same work has committed it. */
  session(batches: readonly Batch[]): Keep {
    this.#session += 1
    this.commits = 0
    this.ms = 0
    let next = 0
    return () => {
      // A runtime stores the start of a turn before its prompt.
      if (next === 0) this.append(batches[next++]!)
      this.append(batches[next++]!)
    }
  }

  append(events: Batch): void {
    const start = performance.now()
    this.#begin.run()
    for (const { sessionId: _, seq, ...body } of events)
      this.#insert.run(this.#session, seq, JSON.stringify(body))
    this.#commit.run()
    this.ms += performance.now() - start
    this.commits += 1
  }

  /** The events of the newest session, parsed. */
  read(): unknown[] {
    const rows = this.#db
      .prepare('SELECT payload FROM events WHERE session = ? ORDER BY seq')
      .all(this.#session)
    return rows.map(({ payload }) => JSON.parse(payload as string) as unknown)
  }

  [Symbol.dispose](): void {
    this.#db.close()
  }
}
