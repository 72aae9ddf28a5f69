import {
  HalterError,
  type ChangePage,
  type CommitBatch,
  type CommitResult,
  type NewSession,
  type SessionPage,
  type SessionQuery,
  type SessionStore,
  type StoredSession,
} from '@halter/core'
import type { Checkpoint, CommitId, SessionId, SessionSummary, StoredEvent } from '@halter/protocol'
import { decodeCursor, encodeCursor, matches, newestFirst } from './query.ts'

/** A session in memory. A fork keeps its origin's record, which only grows, and how much of it is the fork's too. */
interface Session {
  readonly number: number
  readonly origin?: { readonly session: Session; readonly at: number }
  /** Its own events; the first has `seq` `origin.at + 1`, or 1. */
  readonly own: StoredEvent[]
  summary: SessionSummary
  commitId: CommitId
  checkpoint?: Checkpoint
}

/**
 * Keeps sessions for as long as the process lives; the store to copy when you write yours. Events are immutable by contract,
 * so they are shared, not cloned. Each method runs to its end without an `await`: that is all the locking there is.
 */
export class MemorySessionStore implements SessionStore {
  readonly durability = 'none'
  readonly keepsCheckpoints = true
  readonly #sessions = new Map<SessionId, Session>()
  /** Every committed event in order; a position is an index. A deleted session leaves holes, so positions never move. */
  readonly #changes: (StoredEvent | undefined)[] = []
  #created = 0

  async create(session: NewSession): Promise<CommitResult> {
    return this.#add(session)
  }

  async fork(fork: NewSession & { readonly from: SessionId; readonly at: number }): Promise<CommitResult> {
    const { from, at } = fork
    const session = this.#find(from)
    if (at < 1 || at > headOf(session))
      throw new HalterError(
        'ERR_SESSION_INPUT',
        `Session ${from} cannot be forked at ${at}: its log has ${headOf(session)} events.`,
      )
    return this.#add(fork, { session, at })
  }

  async load(id: SessionId): Promise<StoredSession | undefined> {
    const session = this.#sessions.get(id)
    if (!session) return undefined
    const { summary, checkpoint } = session
    return { summary, head: headOf(session), ...(checkpoint && { checkpoint }) }
  }

  async commit(id: SessionId, batch: CommitBatch): Promise<CommitResult> {
    const session = this.#find(id)
    const { expectedHead, commitId, events, summary, checkpoint } = batch
    const actualHead = headOf(session)
    if (commitId === session.commitId) return { head: actualHead }
    if (expectedHead !== actualHead)
      throw new HalterError(
        'ERR_COMMIT_CONFLICT',
        `Session ${id} is at event ${actualHead}, not at ${expectedHead}: somebody else has written to it. Load it again.`,
        { data: { expectedHead, actualHead }, retryable: true },
      )
    checkOrder(id, events, actualHead)
    session.own.push(...events)
    this.#changes.push(...events)
    session.commitId = commitId
    session.summary = summary ?? session.summary
    if (checkpoint) session.checkpoint = checkpoint
    return { head: headOf(session) }
  }

  async *replay(
    id: SessionId,
    range: { readonly after?: number; readonly limit?: number } = {},
  ): AsyncGenerator<StoredEvent> {
    const session = this.#sessions.get(id)
    if (!session) return
    const { after = 0, limit = Infinity } = range
    for (let seq = after + 1; seq <= Math.min(headOf(session), after + limit); seq++)
      yield eventAt(session, seq, id)
  }

  async list(query: SessionQuery = {}): Promise<SessionPage> {
    const limit = Math.max(1, Math.min(query.limit ?? 50, 1000))
    const start = query.cursor === undefined ? undefined : decodeCursor(query.cursor)
    const found = [...this.#sessions.values()]
      .map(({ summary, number }) => ({ summary, updatedAt: summary.updatedAt, number }))
      .filter(({ summary }) => matches(summary, query))
      .sort(newestFirst)
      .filter((each) => start === undefined || newestFirst(start, each) < 0)
    const page = found.slice(0, limit)
    const last = page.at(-1)
    return {
      sessions: page.map(({ summary }) => summary),
      ...(last && found.length > limit && { next: encodeCursor(last) }),
    }
  }

  async delete(id: SessionId, options: { readonly cascade?: boolean } = {}): Promise<void> {
    this.#remove(id, options.cascade ?? false)
  }

  async changes(range: { readonly after?: string; readonly limit?: number } = {}): Promise<ChangePage> {
    const { limit = 100 } = range
    const events: StoredEvent[] = []
    let position = Number(range.after ?? 0)
    for (; position < this.#changes.length && events.length < limit; position++) {
      const event = this.#changes[position]
      if (event) events.push(event)
    }
    return { events, position: String(position) }
  }

  async position(): Promise<string> {
    return String(this.#changes.length)
  }

  #find(id: SessionId): Session {
    const session = this.#sessions.get(id)
    if (!session) throw new HalterError('ERR_SESSION_UNKNOWN', `No session has the id ${JSON.stringify(id)}.`)
    return session
  }

  #remove(id: SessionId, cascade: boolean): void {
    if (!this.#sessions.delete(id)) return
    for (const [position, event] of this.#changes.entries())
      if (event?.sessionId === id) this.#changes[position] = undefined
    if (!cascade) return
    const children = [...this.#sessions].filter(([, { summary }]) => summary.parentId === id)
    for (const [child] of children) this.#remove(child, cascade)
  }

  #add(made: NewSession, origin?: Session['origin']): CommitResult {
    const { sessionId, commitId, events, summary } = made
    const taken = this.#sessions.get(sessionId)
    if (taken?.commitId === commitId) return { head: headOf(taken) }
    if (taken)
      throw new HalterError(
        'ERR_SESSION_EXISTS',
        `A session with the id ${JSON.stringify(sessionId)} is already there. Resume it, or take another id.`,
      )
    checkOrder(sessionId, events, origin?.at ?? 0)
    const session = {
      number: ++this.#created,
      own: [...events],
      summary,
      commitId,
      ...(origin && { origin }),
    }
    this.#sessions.set(sessionId, session)
    this.#changes.push(...events)
    return { head: headOf(session) }
  }
}

function headOf({ origin, own }: Session): number {
  return (origin?.at ?? 0) + own.length
}

function eventAt({ origin, own }: Session, seq: number, id: SessionId): StoredEvent {
  const before = origin?.at ?? 0
  if (origin && seq <= before) return { ...eventAt(origin.session, seq, id), sessionId: id }
  return own[seq - before - 1] as StoredEvent
}

function checkOrder(id: SessionId, events: readonly StoredEvent[], head: number): void {
  const wrong = events.findIndex(({ sessionId, seq }, index) => sessionId !== id || seq !== head + 1 + index)
  if (wrong !== -1)
    throw new HalterError(
      'ERR_COMMIT_INVALID',
      `Event ${wrong + 1} of a batch for session ${id} is not number ${head + 1 + wrong} of that session. Nothing was stored.`,
    )
}
