import type { CommitBatch, CommitResult } from '@halter/core'
import { TestStore } from '@halter/core/testing'
import type { SessionId } from '@halter/protocol'

/** Keeps what was committed together, and fails when it is told to. */
export class WatchedStore extends TestStore {
  /** The event types of each commit that came, in order. */
  readonly batches: string[][] = []
  readonly #beforeCommit: (batch: CommitBatch, nth: number) => void | Promise<void>
  #commits = 0

  /** `beforeCommit` may wait, and may throw instead of the commit; `nth` counts the calls from 1. */
  constructor(beforeCommit: (batch: CommitBatch, nth: number) => void | Promise<void> = () => {}) {
    super()
    this.#beforeCommit = beforeCommit
  }

  override async commit(id: SessionId, batch: CommitBatch): Promise<CommitResult> {
    await this.#beforeCommit(batch, ++this.#commits)
    this.batches.push(batch.events.map(({ type }) => type))
    return super.commit(id, batch)
  }
}
