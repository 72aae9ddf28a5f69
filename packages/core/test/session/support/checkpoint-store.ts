import type { CommitBatch, CommitResult, StoredSession } from '@halter/core'
import { TestStore } from '@halter/core/testing'
import type { Checkpoint, SessionId, StoredEvent } from '@halter/protocol'

/** Keeps the newest checkpoint of each session, and counts the events that are read. */
export class CheckpointStore extends TestStore {
  readonly keepsCheckpoints = true
  readonly checkpoints = new Map<SessionId, Checkpoint>()
  /** How many checkpoints came. */
  written = 0
  /** Events that `replay` gave out. */
  read = 0

  override async load(id: SessionId): Promise<StoredSession | undefined> {
    const stored = await super.load(id)
    const checkpoint = this.checkpoints.get(id)
    return stored && { ...stored, ...(checkpoint && { checkpoint }) }
  }

  override async commit(id: SessionId, batch: CommitBatch): Promise<CommitResult> {
    const result = await super.commit(id, batch)
    if (batch.checkpoint) {
      this.written += 1
      // As a database has it: no object of the writer's.
      this.checkpoints.set(id, JSON.parse(JSON.stringify(batch.checkpoint)) as Checkpoint)
    }
    return result
  }

  override async *replay(
    id: SessionId,
    range?: { readonly after?: number; readonly limit?: number },
  ): AsyncGenerator<StoredEvent> {
    for await (const event of super.replay(id, range)) {
      this.read += 1
      yield event
    }
  }
}
