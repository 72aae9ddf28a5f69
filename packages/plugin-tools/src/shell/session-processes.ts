import { randomUUID } from 'node:crypto'
import { endProcesses, findProcesses, startLifeline } from '@halter/child-processes'
import type { Process } from '@halter/child-processes'
import { MARK_VARIABLE } from './shell-environment.ts'

/** The processes that the commands of one session left behind; ended with the session, and when this process is gone. */
export class SessionProcesses {
  readonly #id = randomUUID()
  readonly #endings = new Set<Promise<void>>()
  #since: number | undefined
  #lifeline: Promise<() => Promise<void>> | undefined

  /** A new mark for a call: the value of the variable by which its processes are found. */
  mark(): string {
    return `${this.#id}.${randomUUID()}`
  }

  /** To be awaited before the first command runs. */
  async watch(shell: string): Promise<void> {
    if (process.platform === 'linux') await (this.#lifeline ??= startLifeline(shell, this.#entry))
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

  /** What runs. Linux alone: elsewhere a command leaves nothing behind that could be found. */
  async list(): Promise<readonly Process[]> {
    if (this.#since === undefined || process.platform !== 'linux') return []
    return await findProcesses({ mark: this.#entry, since: this.#since, known: new Map() })
  }

  /** Ends everything that still runs. */
  async end(): Promise<void> {
    await Promise.all(this.#endings)
    if (this.#since !== undefined) await endProcesses({ mark: this.#entry, since: this.#since })
    await (
      await this.#lifeline
    )?.()
  }

  /** The beginning of the entry of the environment that all of them have. */
  get #entry(): string {
    return `${MARK_VARIABLE}=${this.#id}.`
  }
}
