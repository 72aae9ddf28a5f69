import { randomUUID } from 'node:crypto'
import { endProcesses } from '@halter/child-processes'
import { MARK_VARIABLE } from './shell-environment.ts'

/** The processes that the commands of one session left behind; ended with the session. */
export class SessionProcesses {
  readonly #id = randomUUID()
  readonly #endings = new Set<Promise<void>>()
  #since: number | undefined

  /** A new mark for a call: the value of the variable by which its processes are found. */
  mark(): string {
    return `${this.#id}.${randomUUID()}`
  }

  /** A command ran; `since` is the start time of its shell. */
  remember(since: number): void {
    this.#since = Math.min(this.#since ?? since, since)
  }

  /** Has an end of processes waited for before the session's. */
  await(ending: Promise<void>): void {
    const noted = ending.finally(() => this.#endings.delete(noted))
    this.#endings.add(noted)
  }

  /** Ends everything that still runs. */
  async end(): Promise<void> {
    await Promise.all(this.#endings)
    if (this.#since !== undefined)
      await endProcesses({ mark: `${MARK_VARIABLE}=${this.#id}.`, since: this.#since })
  }
}
