import type { SessionId, SessionSummary, StoredEvent } from '@halter/protocol'
import type {
  ChangePage,
  CommitBatch,
  CommitResult,
  NewSession,
  SessionPage,
  SessionQuery,
  SessionStore,
  StoredSession,
} from '../contracts/session-store.ts'
import { HalterError } from '../errors.ts'

/** The smallest store that keeps the contract's required part, and tells sinks of changes: for tests that import no plugin. */
export class TestStore implements SessionStore {
  readonly durability: SessionStore['durability'] = 'none'
  readonly #sessions = new Map<
    SessionId,
    { summary: SessionSummary; events: StoredEvent[]; commitId: string }
  >()
  /** Every committed event, in order; a position is an index. */
  readonly #changes: StoredEvent[] = []

  async create({ sessionId, commitId, events, summary }: NewSession): Promise<CommitResult> {
    const known = this.#sessions.get(sessionId)
    if (known && known.commitId !== commitId)
      throw new HalterError('ERR_SESSION_EXISTS', `Session ${sessionId} is already there. Choose another id.`)
    if (known) return { head: events.length }
    this.#sessions.set(sessionId, { summary, events: [...events], commitId })
    this.#changes.push(...events)
    return { head: events.length }
  }

  async load(id: SessionId): Promise<StoredSession | undefined> {
    const session = this.#sessions.get(id)
    return session && { summary: session.summary, head: session.events.length }
  }

  async commit(id: SessionId, batch: CommitBatch): Promise<CommitResult> {
    const session = this.#sessions.get(id)
    if (!session) throw new HalterError('ERR_SESSION_UNKNOWN', `There is no session ${id}.`)
    if (session.commitId === batch.commitId) return { head: session.events.length }
    const actualHead = session.events.length
    if (actualHead !== batch.expectedHead)
      throw new HalterError(
        'ERR_COMMIT_CONFLICT',
        `Session ${id} is at ${actualHead}, not at ${batch.expectedHead}.`,
        {
          data: { expectedHead: batch.expectedHead, actualHead },
        },
      )
    session.events.push(...batch.events)
    this.#changes.push(...batch.events)
    session.summary = batch.summary ?? session.summary
    session.commitId = batch.commitId
    return { head: session.events.length }
  }

  async *replay(
    id: SessionId,
    { after = 0, limit = Infinity }: { readonly after?: number; readonly limit?: number } = {},
  ): AsyncGenerator<StoredEvent> {
    const events = this.#sessions.get(id)?.events ?? []
    for (const event of events.slice(after, after + Math.min(limit, events.length))) yield event
  }

  async list(query: SessionQuery = {}): Promise<SessionPage> {
    const { limit = 50, cursor = '0' } = query
    const all = [...this.#sessions.values()].map(({ summary }) => summary).toReversed()
    const found = all
      .filter((summary) => isAsked(summary, query))
      .toSorted((a, b) => b.updatedAt - a.updatedAt)
    const end = Number(cursor) + limit
    return { sessions: found.slice(Number(cursor), end), ...(end < found.length && { next: String(end) }) }
  }

  async delete(id: SessionId, { cascade = false }: { readonly cascade?: boolean } = {}): Promise<void> {
    this.#sessions.delete(id)
    if (!cascade) return
    for (const { summary } of this.#sessions.values())
      if (summary.parentId === id) await this.delete(summary.sessionId, { cascade })
  }

  async changes({
    after = '0',
    limit = 100,
  }: { readonly after?: string; readonly limit?: number } = {}): Promise<ChangePage> {
    const events: StoredEvent[] = []
    let position = Number(after)
    for (; position < this.#changes.length && events.length < limit; position++) {
      const event = this.#changes[position]!
      if (this.#sessions.has(event.sessionId)) events.push(event)
    }
    return { events, position: String(position) }
  }

  async position(): Promise<string> {
    return String(this.#changes.length)
  }
}

function isAsked(summary: SessionSummary, query: SessionQuery): boolean {
  const { parentId, status, title = '', metadata = {}, workingDir, since = 0, until = Infinity } = query
  return (
    (parentId === undefined || parentId === (summary.parentId ?? null)) &&
    (status === undefined || status === summary.status) &&
    (workingDir === undefined || workingDir === summary.workingDir) &&
    summary.title.toLowerCase().includes(title.toLowerCase()) &&
    Object.entries(metadata).every(([key, value]) => summary.metadata[key] === value) &&
    since <= summary.updatedAt &&
    summary.updatedAt <= until
  )
}
