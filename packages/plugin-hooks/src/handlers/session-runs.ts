import {
  endProcesses,
  findProcesses,
  readProcess,
  startLifeline,
  type ProgramResult,
} from '@halter/child-processes'
import type { SessionPort } from '@halter/core'
import { randomUUID } from 'node:crypto'
import { MARK_VARIABLE } from './command/hook-environment.ts'

/** Handlers of one session that may go on behind it at once. */
const MAX_IN_BACKGROUND = 32

/** Node fires a longer timer at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** A run that is over, and may have left processes behind. */
interface Leftover {
  readonly mark: string
  readonly since: number
  /** When they are ended, by `performance.now`. */
  readonly endAt: number
}

/**
 * What the handlers of one session have running: those that nobody waits for, and processes that commands left behind. The latter
 * may go on until the timeout of their run; when the session leaves memory, everything ends.
 */
export class SessionRuns {
  readonly #id = randomUUID()
  readonly #background = new Set<{ readonly control: AbortController; readonly done: Promise<void> }>()
  readonly #endings = new Set<Promise<void>>()
  #left: Leftover[] = []
  #sweep: NodeJS.Timeout | undefined
  #sweepAt = Infinity
  #lifeline: Promise<() => Promise<void>> | undefined
  #hasEnded = false

  /** Those of a session, the same at every call. */
  static of(session: SessionPort): SessionRuns {
    return session.resource('runs', (defer) => {
      const runs = new SessionRuns()
      defer(() => runs.end())
      return runs
    })
  }

  /** The entry of the environment by which the processes of one run are found. */
  mark(): { readonly value: string; readonly entry: string } {
    const value = `${this.#id}.${randomUUID()}`
    return { value, entry: `${MARK_VARIABLE}=${value}` }
  }

  /** To be awaited before a command runs: from then on what runs here ends with this process, however that ends. */
  async watch(): Promise<void> {
    if (process.platform === 'linux') await (this.#lifeline ??= startLifeline('/bin/sh', this.#entry))
  }

  /** A command ran to its end; what it left behind may go on for `restMs`. */
  remember({ tree, hasBackground }: ProgramResult, restMs: number): void {
    if (process.platform !== 'linux') {
      // It could not be found again later.
      if (hasBackground) this.await(endProcesses(tree))
      return
    }
    const endAt = performance.now() + restMs
    this.#left.push({ mark: tree.mark, since: tree.since, endAt })
    this.#schedule(endAt)
  }

  /** Has an end of processes waited for before the session's. */
  await(ending: Promise<void>): void {
    const noted = ending.finally(() => this.#endings.delete(noted))
    this.#endings.add(noted)
  }

  /** Runs something that nobody waits for. False: too much of it runs already. */
  start(work: (signal: AbortSignal) => Promise<void>): boolean {
    if (this.#hasEnded || this.#background.size >= MAX_IN_BACKGROUND) return false
    const control = new AbortController()
    const run = { control, done: work(control.signal).finally(() => this.#background.delete(run)) }
    this.#background.add(run)
    return true
  }

  /** Ends everything. */
  async end(): Promise<void> {
    this.#hasEnded = true
    clearTimeout(this.#sweep)
    const running = [...this.#background]
    for (const { control } of running) control.abort()
    await Promise.all(running.map(({ done }) => done))
    await Promise.all(this.#endings)
    if (!this.#lifeline) return
    // Whatever runs here began after this process: a command that somebody still waits for is ended too.
    await endProcesses({ mark: this.#entry, since: readProcess(process.pid)?.startTime ?? 0 })
    await (
      await this.#lifeline
    )()
  }

  /** The beginning of the entry of the environment that all processes have. */
  get #entry(): string {
    return `${MARK_VARIABLE}=${this.#id}.`
  }

  #schedule(endAt: number): void {
    if (this.#hasEnded || endAt >= this.#sweepAt) return
    clearTimeout(this.#sweep)
    this.#sweepAt = endAt
    const ms = Math.min(Math.max(endAt - performance.now(), 100), LONGEST_TIMER_MS)
    // Never keeps the process alive: at its end the session ends what is left.
    this.#sweep = setTimeout(() => this.#endOverdue(), ms).unref()
  }

  #endOverdue(): void {
    const now = performance.now()
    const overdue = this.#left.filter(({ endAt }) => endAt <= now)
    this.#left = this.#left.filter(({ endAt }) => endAt > now)
    this.#sweepAt = Infinity
    for (const { endAt } of this.#left) this.#schedule(endAt)
    if (overdue.length > 0) this.await(endAll(overdue, this.#entry))
  }
}

/** One look for all of them first: nearly always nothing is there. */
async function endAll(overdue: readonly Leftover[], mark: string): Promise<void> {
  const since = overdue.reduce((least, run) => Math.min(least, run.since), Infinity)
  if ((await findProcesses({ mark, since, known: new Map() })).length === 0) return
  for (const run of overdue) await endProcesses(run)
}
