import type {
  Checkpoint,
  CommitId,
  SessionId,
  SessionStatus,
  SessionSummary,
  StoredEvent,
} from '@halter/protocol'

/** A new session: its first events, which begin with `session.started` at seq 1, and its summary. */
export interface NewSession {
  readonly sessionId: SessionId
  readonly commitId: CommitId
  readonly events: readonly StoredEvent[]
  readonly summary: SessionSummary
}

/** One atomic append. */
export interface CommitBatch {
  /** `seq` of the newest event that the writer knows; `events` go on from `expectedHead + 1` without a gap. */
  readonly expectedHead: number
  readonly commitId: CommitId
  readonly events: readonly StoredEvent[]
  /** Replaces the stored summary; absent: it stays. */
  readonly summary?: SessionSummary
  /** Replaces the stored checkpoint, in a store that keeps one. */
  readonly checkpoint?: Checkpoint
  /** Of the writer's lease; a store that has leases refuses one that is older than the newest it gave out. */
  readonly fence?: number
}

/** What a commit did: the newest `seq` after it. */
export interface CommitResult {
  readonly head: number
}

/** What `load` tells of a session without reading its log. */
export interface StoredSession {
  readonly summary: SessionSummary
  readonly head: number
  readonly checkpoint?: Checkpoint
}

/** Which sessions to list; every given condition must hold. Newest activity first. */
export interface SessionQuery {
  /** `null`: only sessions without a parent. */
  readonly parentId?: SessionId | null
  readonly status?: SessionStatus
  /** Part of the title, in any case. */
  readonly title?: string
  /** Every pair must be equal. Keys and values are data, never part of a query's text. */
  readonly metadata?: Readonly<Record<string, string>>
  readonly workingDir?: string
  /** Milliseconds since the epoch, inclusive; by `updatedAt`. */
  readonly since?: number
  readonly until?: number
  /** Default 50, at most 1,000. */
  readonly limit?: number
  /** `next` of the page before. */
  readonly cursor?: string
}

/** One page of a list. */
export interface SessionPage {
  readonly sessions: readonly SessionSummary[]
  /** Absent on the last page. */
  readonly next?: string
}

/** Who holds a session, so that another process can tell whether it is alive. */
export interface LeaseHolder {
  /** Unique per runtime. */
  readonly owner: string
  readonly host: string
  readonly bootId: string
  readonly pid: number
  /** As the system states it; a recycled pid has another. */
  readonly pidStartTime: string
}

/** The right to append to a session. Expiry decides who may take it over; the fence alone decides who may write. */
export interface Lease extends LeaseHolder {
  readonly sessionId: SessionId
  readonly fence: number
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

/** How a lease is asked for. */
export interface LeaseRequest {
  readonly ttlMs: number
  /** Milliseconds since the epoch, by the caller's clock. */
  readonly now: number
  /** Take it from whoever holds it. */
  readonly steal?: boolean
  /** True when a holder is provably dead: its lease may be taken before it expires. */
  isGone(holder: LeaseHolder): boolean
}

/**
 * Leases, in a store that several processes share. At most one holder per session at a time; each new holder gets a greater fence, and
 * a commit with an older one is refused with `ERR_SESSION_LEASED`, however late it comes.
 */
export interface LeaseOperations {
  /** @throws HalterError `ERR_SESSION_LEASED`, with `data: { lease }`, when somebody alive holds it and `steal` is not set. */
  acquire(id: SessionId, holder: LeaseHolder, request: LeaseRequest): Promise<Lease>
  /** @throws HalterError `ERR_SESSION_LEASED` when somebody else took it since. */
  renew(lease: Lease, request: Pick<LeaseRequest, 'ttlMs' | 'now'>): Promise<Lease>
  /** Gives it back; one that is not held any more is left alone. */
  release(lease: Lease): Promise<void>
  /** Who holds a session, expired or not; undefined when nobody does. */
  holderOf(id: SessionId): Promise<Lease | undefined>
}

/** Large contents, each kept once. A committed part that names a blob counts as a reference to it. */
export interface BlobOperations {
  /**
   * Stores a text and returns its sha256 in hex, of its UTF-8; of its JSON where it has none, because of lone surrogates. The same
   * text again stores nothing.
   */
  put(content: string): Promise<string>
  /** Undefined when no blob has this hash. */
  get(sha256: string): Promise<string | undefined>
}

/** A stretch of the store-wide order of commits. */
export interface ChangePage {
  readonly events: readonly StoredEvent[]
  /** Pass it as `after` to go on; it only ever grows, and means nothing else. */
  readonly position: string
}

/**
 * Keeps sessions. The rules, each of which `@halter/testkit` checks:
 * an acknowledged commit is durable and whole, one that fails leaves nothing; `seq` runs from 1 without gaps; text holds any
 * JavaScript string; an id or a metadata key is never more than data. Operations of different sessions do not wait for each
 * other longer than one commit takes. The optional members are abilities: the runtime copes without each.
 */
export interface SessionStore {
  /** What survives: a killed process, or a loss of power too. */
  readonly durability: 'none' | 'process' | 'power'
  /** True when `CommitBatch.checkpoint` is kept and given back by `load`. */
  readonly keepsCheckpoints?: boolean

  /** @throws HalterError `ERR_SESSION_EXISTS` when the id is taken; the same `commitId` again is the same success. `ERR_COMMIT_INVALID` as `commit`. */
  create(session: NewSession): Promise<CommitResult>

  /** Undefined when no session has this id. */
  load(id: SessionId): Promise<StoredSession | undefined>

  /**
   * Appends all of `events`, or none. The newest `commitId` of a session is remembered: the same one again is answered with
   * the same result and appends nothing. An empty `events` is legal and leaves the head where it is.
   *
   * After an error that leaves it open whether the batch is stored, the same batch comes again a few times, under the same `commitId`. That
   * is any error that is no `HalterError`, such as a lost connection, and one that is `retryable` and not named here.
   * @throws HalterError `ERR_COMMIT_CONFLICT`, with `data: { expectedHead, actualHead }`, when the log has moved on;
   * `ERR_COMMIT_INVALID` for a batch that is not what comes next: a gap, or an event of another session; `ERR_SESSION_LEASED` for an old
   * fence; `ERR_SESSION_UNKNOWN`; `ERR_STORE_BUSY`; `ERR_STORE_FULL`.
   */
  commit(id: SessionId, batch: CommitBatch): Promise<CommitResult>

  /**
   * The events with `seq` greater than `after`, in order, at most `limit`. An unknown id gives none.
   * @throws HalterError `ERR_SESSION_DAMAGED`, with `data: { seq }`, at the first row that cannot be trusted.
   */
  replay(
    id: SessionId,
    range?: { readonly after?: number; readonly limit?: number },
  ): AsyncIterable<StoredEvent>

  /** Answered from summaries; reads no events. */
  list(query?: SessionQuery): Promise<SessionPage>

  /** Removes a session; with `cascade` its children too. An unknown id is nothing to do. */
  delete(id: SessionId, options?: { readonly cascade?: boolean }): Promise<void>

  /**
   * A new session that replays 1 to `at` of `from`, then `session.events`; costs the same however long `from` is.
   * @throws HalterError `ERR_SESSION_UNKNOWN`; `ERR_STORE_FAILED` when `at` is past the head of `from`.
   */
  fork?(session: NewSession & { readonly from: SessionId; readonly at: number }): Promise<CommitResult>
  /** Every committed event of every session after a position, of a fork only its own; absent `after`: from the beginning. */
  changes?(range?: { readonly after?: string; readonly limit?: number }): Promise<ChangePage>
  /** Where the store is now, for a reader that wants only what comes. */
  position?(): Promise<string>
  readonly leases?: LeaseOperations
  readonly blobs?: BlobOperations
}
