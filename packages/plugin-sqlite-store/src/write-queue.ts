import { HalterError, isHalterError } from '@halter/core'
import type { Connection } from './connection.ts'
import { busyError, isBusy, storeError } from './errors.ts'
import { PATIENCE_MS, pauseBefore } from './retry.ts'

/**
 * Part of a transaction. Runs to its end without waiting. It refuses by throwing a `HalterError` before its first write; any
 * other error undoes the transaction.
 */
export type Work<T> = (db: Connection) => T

interface Job {
  readonly work: Work<unknown>
  readonly since: number
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  /** Was in a transaction that broke; the one that broke it must not take others along again. */
  readonly isAlone?: boolean
}

type Outcome = { readonly value: unknown } | { readonly refusal: HalterError }

/** How many pieces of work one transaction takes at most: some milliseconds of the event loop. */
const MOST_AT_ONCE = 200
/** How many transactions may follow each other before the event loop turns, or one who commits in a loop would stop it. */
const MOST_PER_TURN = 16

/** What the queue needs from its owner. */
export interface WriteQueueOptions {
  /** For messages. */
  readonly path: string
  readonly db: Connection
  /**
   * How long work waits for company. `turn`: for the rest of this turn of the event loop, which costs microseconds and can
   * save an fsync. `tick`: for what runs before the loop goes on, which costs nothing.
   */
  readonly gather: 'turn' | 'tick'
  /** Replaces a connection that failed; undefined when what it holds is nowhere else. */
  readonly reopen: (() => Promise<Connection>) | undefined
  /** Runs in the first transaction. */
  readonly first: Work<void>
}

/**
 * The one writer of a file. What is asked for at about the same time shares a transaction, and so one fsync; a piece that is
 * refused leaves the others alone. Nothing is answered before its transaction is on disk.
 */
export class WriteQueue {
  readonly #options: WriteQueueOptions
  #db: Connection
  #jobs: Job[] = []
  /** A call of `#tick` is on its way. */
  #isDue = false
  #transactions = 0
  /** Tries in a row that found the file locked. */
  #attempt = 0
  #isFirst = true
  #hasFailed = false
  #isClosed = false
  #onIdle: (() => void) | undefined

  constructor(options: WriteQueueOptions) {
    this.#options = options
    this.#db = options.db
  }

  /** True once something was written. */
  get hasWritten(): boolean {
    return !this.#isFirst
  }

  /** Queues work and resolves with what it returned once that is committed. */
  write<T>(work: Work<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#isClosed)
        throw new HalterError('ERR_STORE_FAILED', `The session store ${this.#options.path} is closed.`)
      this.#jobs.push({ work, since: performance.now(), resolve: resolve as Job['resolve'], reject })
      this.#schedule()
    })
  }

  /** Takes nothing more, finishes what is queued, and hands the connection over for closing. */
  async close(): Promise<Connection> {
    this.#isClosed = true
    if (this.#jobs.length > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve))
    return this.#db
  }

  #schedule(): void {
    if (this.#isDue) return
    this.#isDue = true
    this.#transactions += 1
    const isTurn = this.#options.gather === 'turn' || this.#transactions % MOST_PER_TURN === 0
    if (isTurn) setImmediate(this.#tick)
    else process.nextTick(this.#tick)
  }

  /** One transaction, or one try at it. */
  readonly #tick = (): void => {
    if (this.#hasFailed && this.#options.reopen) return void this.#replaceConnection(this.#options.reopen)
    this.#isDue = false
    try {
      this.#db.run('BEGIN IMMEDIATE')
      this.#attempt = 0
      this.#run(this.#take())
    } catch (error) {
      if (isBusy(error)) return this.#waitForLock(error)
      this.#rejectAll(error)
    }
    if (this.#jobs.length > 0) this.#schedule()
    else this.#onIdle?.()
  }

  #waitForLock(cause: unknown): void {
    const oldest = performance.now() - PATIENCE_MS
    const old = this.#jobs.filter(({ since }) => since < oldest)
    this.#jobs = this.#jobs.filter(({ since }) => since >= oldest)
    for (const job of old) job.reject(busyError(this.#options.path, cause))
    if (this.#jobs.length === 0) return this.#onIdle?.()
    this.#isDue = true
    setTimeout(this.#tick, pauseBefore(this.#attempt++))
  }

  async #replaceConnection(reopen: () => Promise<Connection>): Promise<void> {
    try {
      this.#db.close()
      this.#db = await reopen()
      this.#hasFailed = false
      this.#tick()
    } catch (error) {
      this.#isDue = false
      this.#rejectAll(error)
      this.#onIdle?.()
    }
  }

  #rejectAll(error: unknown): void {
    this.#hasFailed = true
    for (const job of this.#jobs.splice(0)) job.reject(storeError(error, this.#options.path))
  }

  /** What the next transaction is made of. */
  #take(): Job[] {
    const alone = this.#jobs.findIndex(({ isAlone }) => isAlone)
    return this.#jobs.splice(0, alone === -1 ? MOST_AT_ONCE : Math.max(1, Math.min(alone, MOST_AT_ONCE)))
  }

  /** Runs jobs in the open transaction. When one breaks it, each is tried in a transaction of its own. */
  #run(jobs: readonly Job[]): void {
    let outcomes: Outcome[]
    try {
      if (this.#isFirst) this.#options.first(this.#db)
      outcomes = jobs.map(({ work }) => outcomeOf(work, this.#db))
    } catch (error) {
      this.#undo()
      if (jobs.length === 1) reject(jobs, storeError(error, this.#options.path))
      else this.#jobs.unshift(...jobs.map((each) => ({ ...each, isAlone: true })))
      return
    }
    try {
      this.#db.run('COMMIT')
    } catch (error) {
      // What an fsync left behind is unknown: nobody is told "done", and the connection is not trusted any more.
      this.#undo()
      return reject(jobs, storeError(error, this.#options.path))
    }
    this.#isFirst = false
    settle(jobs, outcomes)
  }

  #undo(): void {
    this.#hasFailed = true
    if (!this.#db.isTransaction) return
    try {
      this.#db.exec('ROLLBACK')
    } catch {
      // The connection is replaced before anything else happens on it, and closing it rolls back.
    }
  }
}

function outcomeOf(work: Work<unknown>, db: Connection): Outcome {
  try {
    return { value: work(db) }
  } catch (error) {
    if (isHalterError(error)) return { refusal: error }
    throw error
  }
}

function settle(jobs: readonly Job[], outcomes: readonly Outcome[]): void {
  for (const [index, job] of jobs.entries()) {
    const outcome = outcomes[index] as Outcome
    if ('refusal' in outcome) job.reject(outcome.refusal)
    else job.resolve(outcome.value)
  }
}

function reject(jobs: readonly Job[], error: unknown): void {
  for (const job of jobs) job.reject(error)
}
