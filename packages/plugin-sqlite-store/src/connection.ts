import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'

/** A connection to one database file, whose statements are prepared once. Everything on it is synchronous. */
export class Connection {
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  /** `path` may be a `file:` URL with SQLite's own parameters. `busyMs`: how long SQLite may block this thread for a lock. */
  constructor(path: string | URL, options: { readonly busyMs: number; readonly readOnly?: boolean }) {
    this.#db = new DatabaseSync(path, { timeout: options.busyMs, readOnly: options.readOnly ?? false })
  }

  /** True between BEGIN and COMMIT or ROLLBACK, whoever rolled back. */
  get isTransaction(): boolean {
    return this.#db.isTransaction
  }

  /** Runs statements that return nothing and are not worth keeping. */
  exec(sql: string): void {
    this.#db.exec(sql)
  }

  /** Runs one statement and tells how many rows it changed; `sql` is a constant of ours, everything variable is bound. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#prepare(sql).run(...values).changes)
  }

  /** The first row, as the columns it has. */
  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#prepare(sql).get(...values) as Row | undefined
  }

  /** The first row, as an array of its columns: no names have to be made for it. */
  getArray<Row extends readonly unknown[]>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    const statement = this.#prepare(sql)
    statement.setReturnArrays(true)
    return statement.get(...values) as unknown as Row | undefined
  }

  /** Every row, as an object. */
  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#prepare(sql).all(...values) as Row[]
  }

  /** Every row, as an array of its columns: for many rows, a third faster than objects. */
  allArrays<Row extends readonly unknown[]>(sql: string, ...values: SQLInputValue[]): Row[] {
    const statement = this.#prepare(sql)
    statement.setReturnArrays(true)
    return statement.all(...values) as unknown as Row[]
  }

  /** Rows one by one. Read it to its end or leave it before anything is awaited: until then it holds a snapshot open. */
  iterate<Row>(sql: string, ...values: SQLInputValue[]): Iterable<Row> {
    return this.#prepare(sql).iterate(...values) as Iterable<Row>
  }

  close(): void {
    this.#statements.clear()
    if (this.#db.isOpen) this.#db.close()
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (!statement) this.#statements.set(sql, (statement = this.#db.prepare(sql)))
    return statement
  }
}
