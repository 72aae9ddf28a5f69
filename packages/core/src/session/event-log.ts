import {
  changesSummary,
  type Checkpoint,
  foldSummary,
  type PendingEvent,
  type SessionFold,
  type SessionId,
  type SessionSummary,
  type StoredEvent,
} from '@halter/protocol'
import type { CommitBatch, SessionStore } from '../contracts/session-store.ts'
import type { Clock, IdSource } from '../contracts/system.ts'
import { HalterError, isHalterError } from '../errors.ts'
import { stampEvents } from './stamp-events.ts'

/** What an event log needs from around it. */
export interface EventLogOptions {
  readonly sessionId: SessionId
  readonly store: SessionStore
  readonly clock: Clock
  readonly ids: IdSource
  /** The state that the stored events lead to; the log goes on from its head. */
  readonly state: SessionFold
  readonly summary: SessionSummary
  /** Of the session's lease, in a store that has leases. */
  readonly fence: number | undefined
  /** `seq` of the stored checkpoint; 0: there is none. */
  readonly checkpointSeq: number
  /** Called with what was committed, after the state has it. Must not throw. */
  readonly publish: (events: readonly StoredEvent[]) => void
}

/** Errors after which nothing of ours can be appended any more: the session is another writer's. */
const LOST: ReadonlySet<string> = new Set(['ERR_COMMIT_CONFLICT', 'ERR_SESSION_LEASED'])

/** Events after which the next commit carries a checkpoint: a resume reads no more than about twice as many. */
const CHECKPOINT_EVERY = 1000

/** Errors after which it is known that nothing was stored, though trying again may help. */
const NOTHING_STORED: ReadonlySet<string> = new Set([...LOST, 'ERR_STORE_BUSY', 'ERR_STORE_FULL'])

/** Before each further try of a commit that may be stored or not. Milliseconds. */
const RETRY_DELAYS_MS = [0, 50, 200, 800, 2000]

interface Append {
  readonly events: readonly PendingEvent[]
  readonly resolve: (stored: readonly StoredEvent[]) => void
  readonly reject: (error: unknown) => void
}

/**
 * The one writer of a session. Appends are committed in the order they were made; those that come while a commit is under
 * way share the next one. State changes after the commit and readers hear of it last: nobody sees what is not stored.
 */
export class EventLog {
  readonly state: SessionFold
  readonly #options: EventLogOptions
  #summary: SessionSummary
  #checkpointSeq: number
  #waiting: Append[] = []
  #flushing: Promise<void> | undefined
  /** Set when nothing of ours can be appended any more: another writer has moved the log on, or the session was left. */
  #refusal: HalterError | undefined

  constructor(options: EventLogOptions) {
    this.#options = options
    this.state = options.state
    this.#summary = options.summary
    this.#checkpointSeq = options.checkpointSeq
  }

  get sessionId(): SessionId {
    return this.#options.sessionId
  }

  get summary(): SessionSummary {
    return this.#summary
  }

  /**
   * Stores all of `events`, or none, and then publishes them.
   * @throws what the store's `commit` throws; `ERR_SESSION_READ_ONLY` when the log holds events newer than this code.
   */
  append(events: readonly PendingEvent[]): Promise<readonly StoredEvent[]> {
    const refusal = this.#refusal ?? this.#readOnly()
    if (refusal) return Promise.reject(refusal)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ events, resolve, reject })
      this.#flushing ??= this.#flush()
    })
  }

  /** Takes nothing more: what its session left behind must not write into what comes after it. Resolves as `drain`. */
  close(): Promise<void> {
    this.#refusal ??= new HalterError(
      'ERR_SESSION_CLOSED',
      `Session ${this.sessionId} is not open here any more, so nothing can be added to it. Resume it to go on with it.`,
    )
    return this.drain()
  }

  /** Resolves when nothing waits to be stored. Never rejects. */
  async drain(): Promise<void> {
    while (this.#flushing) await this.#flushing
  }

  async #flush(): Promise<void> {
    const { store, sessionId } = this.#options
    while (this.#waiting.length > 0) {
      const appends = this.#waiting
      this.#waiting = []
      const batch = this.#batchOf(appends)
      try {
        await store.commit(sessionId, batch)
      } catch (error) {
        const failure = await this.#commitAgain(batch, error)
        if (failure !== undefined) {
          for (const append of appends) append.reject(failure)
          continue
        }
      }
      this.#accept(appends, batch)
    }
    this.#flushing = undefined
  }

  #batchOf(appends: readonly Append[]): CommitBatch {
    const { sessionId, clock, ids, fence } = this.#options
    const { head } = this.state
    const pending = appends.length === 1 ? appends[0]!.events : appends.flatMap(({ events }) => events)
    const events = stampEvents(sessionId, head, clock.now(), pending)
    const summary = events.some(({ type }) => changesSummary(type)) && this.#summaryAfter(events)
    const checkpoint = this.#dueCheckpoint()
    return {
      expectedHead: head,
      commitId: ids.next('commit'),
      events,
      ...(checkpoint && { checkpoint }),
      ...(fence !== undefined && { fence }),
      ...(summary && { summary }),
    }
  }

  /**
   * Undefined when it works after all: the acknowledgement may have been lost, and the same commit id is applied once at most. As long as
   * nobody knows whether the batch is stored, nothing can be said of what comes after it, so everybody waits.
   */
  async #commitAgain(batch: CommitBatch, error: unknown): Promise<unknown> {
    let failure = error
    let isInDoubt = leavesDoubt(error)
    for (const ms of RETRY_DELAYS_MS) {
      if (!isInDoubt) break
      if (ms > 0) await this.#options.clock.sleep(ms)
      try {
        await this.#options.store.commit(this.sessionId, batch)
        return undefined
      } catch (again) {
        failure = again
        isInDoubt = !isHalterError(again) || !LOST.has(again.code)
      }
    }
    if (isHalterError(failure) && LOST.has(failure.code)) this.#refusal = failure
    return failure
  }

  /** What was committed goes into the state, to the readers, and back to whoever appended it. */
  #accept(appends: readonly Append[], { events, checkpoint }: CommitBatch): void {
    if (checkpoint) this.#checkpointSeq = checkpoint.seq
    this.#summary = this.#summaryAfter(events)
    for (const event of events) this.state.apply(event)
    this.#options.publish(events)
    let from = 0
    for (const { events: pending, resolve } of appends)
      resolve(appends.length === 1 ? events : events.slice(from, (from += pending.length)))
  }

  #summaryAfter(events: readonly StoredEvent[]): SessionSummary {
    return events.reduce<SessionSummary | undefined>(foldSummary, this.#summary)!
  }

  /** A checkpoint of what is stored so far, when the tail after the last one has become long. */
  #dueCheckpoint(): Checkpoint | undefined {
    const { state } = this
    if (!this.#options.store.keepsCheckpoints || state.head - this.#checkpointSeq < CHECKPOINT_EVERY)
      return undefined
    return state.checkpoint()
  }

  #readOnly(): HalterError | undefined {
    const { readOnly } = this.state
    if (!readOnly) return undefined
    return new HalterError(
      'ERR_SESSION_READ_ONLY',
      `Session ${this.#options.sessionId} holds an event that this version of halter does not know ` +
        `("${readOnly.type}", version ${readOnly.v}, at seq ${readOnly.seq}). It can be read; update halter to continue it.`,
      { data: readOnly },
    )
  }
}

/** Whether the batch may be stored though its commit failed: what a connection that broke may say. */
function leavesDoubt(error: unknown): boolean {
  return !isHalterError(error) || (error.retryable && !NOTHING_STORED.has(error.code))
}
