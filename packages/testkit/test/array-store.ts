import { createHash } from 'node:crypto'
import {
  HalterError,
  type BlobOperations,
  type ChangePage,
  type CommitBatch,
  type CommitResult,
  type Lease,
  type LeaseOperations,
  type NewSession,
  type SessionPage,
  type SessionQuery,
  type SessionStore,
  type StoredSession,
} from '@halter/core'
import type { Checkpoint, SessionId, SessionSummary, StoredEvent } from '@halter/protocol'

export interface ArraySession {
  log: StoredEvent[]
  summary: SessionSummary
  commitId: string
  checkpoint?: Checkpoint
}

/** The plainest store that has every ability: arrays and copies. What the rules are tried on, and what is broken on purpose. */
export class ArrayStore implements SessionStore {
  readonly durability = 'none'
  readonly keepsCheckpoints = true
  readonly sessions = new Map<SessionId, ArraySession>()
  committed: { position: number; event: StoredEvent }[] = []
  lastPosition = 0

  async create(session: NewSession): Promise<CommitResult> {
    return this.add(session, [])
  }

  async fork(fork: NewSession & { readonly from: SessionId; readonly at: number }): Promise<CommitResult> {
    const origin = this.find(fork.from)
    if (fork.at > origin.log.length) throw new HalterError('ERR_SESSION_INPUT', 'The log is not that long.')
    return this.add(fork, this.prefixOf(origin, fork))
  }

  async load(id: SessionId): Promise<StoredSession | undefined> {
    const session = this.sessions.get(id)
    if (!session) return undefined
    const { summary, checkpoint, log } = session
    return { summary, head: log.length, ...(checkpoint && { checkpoint }) }
  }

  async commit(id: SessionId, batch: CommitBatch): Promise<CommitResult> {
    const session = this.find(id)
    if (this.isRepeated(session, batch)) return { head: session.log.length }
    if (batch.fence !== undefined && batch.fence < (this.#fences.get(id) ?? 0))
      throw new HalterError('ERR_SESSION_LEASED', 'Somebody else holds the session now.')
    this.checkHead(session, batch)
    this.checkOrder(batch.events, session.log.length)
    this.append(session, batch.events)
    session.commitId = batch.commitId
    session.summary = batch.summary ?? session.summary
    session.checkpoint = batch.checkpoint ?? session.checkpoint!
    return { head: session.log.length }
  }

  async *replay(
    id: SessionId,
    { after = 0, limit = Infinity }: { readonly after?: number; readonly limit?: number } = {},
  ): AsyncGenerator<StoredEvent> {
    yield* (this.sessions.get(id)?.log ?? []).slice(after, after + limit)
  }

  async list(query: SessionQuery = {}): Promise<SessionPage> {
    const found = [...this.sessions.values()]
      .map(({ summary }) => summary)
      .filter((summary) => this.matches(summary, query))
      .sort((a, b) => (this.sortKey(a) < this.sortKey(b) ? 1 : -1))
    return this.page(found, query)
  }

  async delete(id: SessionId, options: { readonly cascade?: boolean } = {}): Promise<void> {
    if (!this.sessions.delete(id)) return
    this.committed = this.committed.filter(({ event }) => event.sessionId !== id)
    if (!options.cascade) return
    for (const [child, { summary }] of this.sessions)
      if (summary.parentId === id) await this.delete(child, options)
  }

  async changes({ after = '0', limit = 100 }: { after?: string; limit?: number } = {}): Promise<ChangePage> {
    const page = this.committed.filter(({ position }) => position > Number(after)).slice(0, limit)
    return { events: page.map(({ event }) => event), position: String(page.at(-1)?.position ?? after) }
  }

  async position(): Promise<string> {
    return String(this.lastPosition)
  }

  readonly #blobs = new Map<string, string>()
  readonly blobs: BlobOperations = {
    put: async (content) => {
      const hash = createHash('sha256')
        .update(content.isWellFormed() ? content : JSON.stringify(content))
        .digest('hex')
      this.#blobs.set(hash, content)
      return hash
    },
    get: async (hash) => this.#blobs.get(hash),
  }

  readonly #leases = new Map<SessionId, Lease>()
  readonly #fences = new Map<SessionId, number>()
  readonly leases: LeaseOperations = {
    acquire: async (id, holder, { ttlMs, now, steal, isGone }) => {
      const held = this.#leases.get(id)
      if (held && !steal && held.expiresAt > now && !isGone(held)) throw leasedBy(held)
      const fence = (this.#fences.get(id) ?? 0) + 1
      this.#fences.set(id, fence)
      return this.#hold({ ...holder, sessionId: id, fence, expiresAt: now + ttlMs })
    },
    renew: async (lease, { ttlMs, now }) => {
      const held = this.#leases.get(lease.sessionId)
      if (held?.fence !== lease.fence) throw leasedBy(held ?? lease)
      return this.#hold({ ...lease, expiresAt: now + ttlMs })
    },
    release: async ({ sessionId, fence }) => {
      if (this.#leases.get(sessionId)?.fence === fence) this.#leases.delete(sessionId)
    },
    holderOf: async (id) => this.#leases.get(id),
  }

  #hold(lease: Lease): Lease {
    this.#leases.set(lease.sessionId, lease)
    return lease
  }

  // What follows is apart so that a broken store can be broken in one place.

  protected find(id: SessionId): ArraySession {
    const session = this.sessions.get(id)
    if (!session) throw new HalterError('ERR_SESSION_UNKNOWN', `No session ${id}.`)
    return session
  }

  protected add(made: NewSession, prefix: StoredEvent[]): CommitResult {
    const taken = this.sessions.get(made.sessionId)
    if (taken?.commitId === made.commitId) return { head: taken.log.length }
    if (taken) throw new HalterError('ERR_SESSION_EXISTS', `${made.sessionId} is taken.`)
    this.checkOrder(made.events, prefix.length)
    const session = { log: prefix, summary: made.summary, commitId: made.commitId }
    this.sessions.set(made.sessionId, session)
    this.append(session, made.events)
    return { head: session.log.length }
  }

  protected prefixOf(origin: ArraySession, fork: { sessionId: SessionId; at: number }): StoredEvent[] {
    return origin.log.slice(0, fork.at).map((event) => ({ ...event, sessionId: fork.sessionId }))
  }

  protected isRepeated(session: ArraySession, batch: CommitBatch): boolean {
    return session.commitId === batch.commitId
  }

  protected checkHead({ log }: ArraySession, { expectedHead }: CommitBatch): void {
    if (expectedHead !== log.length)
      throw new HalterError('ERR_COMMIT_CONFLICT', 'The log has moved on.', {
        data: { expectedHead, actualHead: log.length },
      })
  }

  protected checkOrder(events: readonly StoredEvent[], head: number): void {
    if (events.some(({ seq }, index) => seq !== head + 1 + index))
      throw new HalterError('ERR_COMMIT_INVALID', 'The batch has a gap.')
  }

  protected append(session: ArraySession, events: readonly StoredEvent[]): void {
    session.log.push(...events)
    for (const event of events) this.committed.push({ position: (this.lastPosition += 1), event })
  }

  protected sortKey({ updatedAt, sessionId }: SessionSummary): string {
    return `${String(updatedAt).padStart(20, '0')} ${sessionId}`
  }

  protected page(found: SessionSummary[], query: SessionQuery): SessionPage {
    const { cursor, limit = 50 } = query
    const rest = found.filter((each) => cursor === undefined || this.sortKey(each) < cursor)
    const sessions = rest.slice(0, limit)
    const last = sessions.at(-1)
    return { sessions, ...(last && rest.length > limit && { next: this.sortKey(last) }) }
  }

  protected matches(summary: SessionSummary, query: SessionQuery): boolean {
    const { parentId, status, metadata = {}, workingDir, since = -Infinity, until = Infinity } = query
    return (
      (parentId === undefined || (summary.parentId ?? null) === parentId) &&
      (status === undefined || summary.status === status) &&
      this.matchesTitle(summary.title, query.title) &&
      Object.entries(metadata).every(
        ([key, value]) => Object.hasOwn(summary.metadata, key) && summary.metadata[key] === value,
      ) &&
      (workingDir === undefined || summary.workingDir === workingDir) &&
      summary.updatedAt >= since &&
      summary.updatedAt <= until
    )
  }

  protected matchesTitle(title: string, part = ''): boolean {
    return title.toLowerCase().includes(part.toLowerCase())
  }
}

function leasedBy(lease: Lease): HalterError {
  return new HalterError('ERR_SESSION_LEASED', `Held by ${lease.owner}.`, { data: { lease } })
}
