import { createHash } from 'node:crypto'
import type { BlobOperations, CommitBatch, CommitResult, NewSession } from '@halter/core'
import { TestStore } from '@halter/core/testing'
import type { SessionId, StoredEvent } from '@halter/protocol'

/** Keeps large contents apart, by their hash, and shows what it was given to keep. */
export class BlobStore extends TestStore {
  readonly kept = new Map<string, string>()
  /** How often each content came. */
  puts = 0
  /** Every event as it was stored. */
  readonly stored: StoredEvent[] = []

  readonly blobs: BlobOperations = {
    put: async (content) => {
      this.puts += 1
      const sha256 = createHash('sha256').update(content.isWellFormed() ? content : JSON.stringify(content))
      const hash = sha256.digest('hex')
      this.kept.set(hash, content)
      return hash
    },
    get: async (sha256) => this.kept.get(sha256),
  }

  override create(session: NewSession): Promise<CommitResult> {
    this.stored.push(...session.events)
    return super.create(session)
  }

  override commit(id: SessionId, batch: CommitBatch): Promise<CommitResult> {
    this.stored.push(...batch.events)
    return super.commit(id, batch)
  }
}
