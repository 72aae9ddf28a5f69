import {
  HalterError,
  type CommitBatch,
  type CommitResult,
  type NewSession,
  type SessionPage,
  type SessionQuery,
  type SessionStore,
  type StoredSession,
} from '@halter/core'
import type { SessionId, StoredEvent } from '@halter/protocol'
import { endPage, matches, startPage, type IndexEntry } from './list.ts'
import type { Redis } from './redis.ts'
import { RedisLeases } from './redis-leases.ts'
import { COMMIT, CREATE } from './scripts.ts'

/** Events that are read at once. */
const READ_SIZE = 500
/** Summaries that are read at once. */
const LIST_SIZE = 200

/**
 * A hash with the head and the summary and a list of events per session, and one sorted set of all sessions by their newest activity.
 * What must happen at once is a script, so that Redis itself decides who of two writers wins.
 */
export class RedisSessionStore implements SessionStore {
  // What is left after Redis itself was killed is a matter of its own `appendfsync`.
  readonly durability = 'process'
  readonly keepsCheckpoints = true
  readonly leases: RedisLeases
  readonly #redis: Redis
  readonly #prefix: string

  constructor(redis: Redis, prefix: string) {
    this.#redis = redis
    this.#prefix = prefix
    this.leases = new RedisLeases(redis, (kind, id) => this.#key(kind, id), ask)
  }

  async create({ sessionId: id, commitId, events, summary }: NewSession): Promise<CommitResult> {
    checkOrder(id, events, 0)
    const { parentId, updatedAt } = summary
    const [outcome, head] = (await ask(
      this.#redis.eval(CREATE, {
        keys: [
          this.#key('session', id),
          this.#key('log', id),
          this.#index,
          this.#key('children', parentId ?? ''),
        ],
        arguments: [
          JSON.stringify(id),
          commitId,
          JSON.stringify(summary),
          String(updatedAt),
          parentId === undefined ? '' : '1',
          ...events.map((event) => JSON.stringify(event)),
        ],
      }),
    )) as [string, number]
    if (outcome === 'exists')
      throw new HalterError(
        'ERR_SESSION_EXISTS',
        `A session with the id ${JSON.stringify(id)} is already there. Resume it, or take another id.`,
      )
    return { head }
  }

  async load(id: SessionId): Promise<StoredSession | undefined> {
    const { head, summary, checkpoint } = await ask(this.#redis.hGetAll(this.#key('session', id)))
    if (head === undefined || summary === undefined) return undefined
    return {
      summary: JSON.parse(summary),
      head: Number(head),
      ...(checkpoint !== undefined && { checkpoint: JSON.parse(checkpoint) }),
    }
  }

  async commit(id: SessionId, batch: CommitBatch): Promise<CommitResult> {
    const { expectedHead, commitId, events, summary, checkpoint, fence } = batch
    checkOrder(id, events, expectedHead)
    const [outcome, actualHead] = (await ask(
      this.#redis.eval(COMMIT, {
        keys: [this.#key('session', id), this.#key('log', id), this.#index, this.#key('fence', id)],
        arguments: [
          JSON.stringify(id),
          commitId,
          String(expectedHead),
          summary ? JSON.stringify(summary) : '',
          summary ? String(summary.updatedAt) : '',
          checkpoint ? JSON.stringify(checkpoint) : '',
          fence === undefined ? '' : String(fence),
          ...events.map((event) => JSON.stringify(event)),
        ],
      }),
    )) as [string, number]
    switch (outcome) {
      case 'unknown':
        throw new HalterError('ERR_SESSION_UNKNOWN', `No session has the id ${JSON.stringify(id)}.`)
      case 'fenced':
        throw new HalterError(
          'ERR_SESSION_LEASED',
          `Session ${id} has been taken over: its lease is older than the newest. Resume it to go on.`,
        )
      case 'conflict':
        throw new HalterError(
          'ERR_COMMIT_CONFLICT',
          `Session ${id} is at event ${actualHead}, not at ${expectedHead}: somebody else has written to it. Load it again.`,
          { data: { expectedHead, actualHead }, retryable: true },
        )
    }
    return { head: actualHead }
  }

  async *replay(
    id: SessionId,
    { after = 0, limit = Infinity }: { readonly after?: number; readonly limit?: number } = {},
  ): AsyncGenerator<StoredEvent> {
    const end = after + limit
    for (let from = after; from < end; from += READ_SIZE) {
      const last = Math.min(from + READ_SIZE, end) - 1
      const rows = await ask(this.#redis.lRange(this.#key('log', id), from, last))
      for (const [index, row] of rows.entries()) yield readEvent(id, from + index + 1, row)
      if (rows.length < READ_SIZE) return
    }
  }

  /** Reads the whole index, a few bytes per session, so that the page is of one moment; then only the summaries that it needs. */
  async list(query: SessionQuery = {}): Promise<SessionPage> {
    const { since, until } = query
    const index = await ask(
      this.#redis.zRangeWithScores(this.#index, until ?? '+inf', since ?? '-inf', { BY: 'SCORE', REV: true }),
    )
    const rest = startPage(index, query.cursor)
    const found: { readonly entry: IndexEntry; readonly summary: StoredSession['summary'] }[] = []
    const limit = Math.max(1, Math.min(query.limit ?? 50, 1000))
    for (let at = 0; at < rest.length && found.length <= limit; at += LIST_SIZE) {
      const entries = rest.slice(at, at + LIST_SIZE)
      const keys = entries.map(({ value }) => this.#key('session', JSON.parse(value)))
      const rows = await ask(Promise.all(keys.map((key) => this.#redis.hGet(key, 'summary'))))
      for (const [place, row] of rows.entries()) {
        const summary = row == null ? undefined : JSON.parse(row)
        if (summary && matches(summary, query)) found.push({ entry: entries[place]!, summary })
      }
    }
    return endPage(found, limit)
  }

  async delete(id: SessionId, options: { readonly cascade?: boolean } = {}): Promise<void> {
    const key = this.#key('session', id)
    const stored = await this.load(id)
    const [removed] = await ask(
      this.#redis
        .multi()
        .del(key)
        .del(this.#key('log', id))
        .zRem(this.#index, JSON.stringify(id))
        .sRem(this.#key('children', stored?.summary.parentId ?? ''), JSON.stringify(id))
        .execTyped(),
    )
    if (!options.cascade || removed === 0) return
    const children = await ask(this.#redis.sMembers(this.#key('children', id)))
    for (const child of children) await this.delete(JSON.parse(child), options)
  }

  /** As JSON, an id is never more than data, lone surrogates included. */
  #key(kind: string, id: string): string {
    return `${this.#prefix}${kind}:${JSON.stringify(id)}`
  }

  get #index(): string {
    return `${this.#prefix}sessions`
  }
}

/** What Redis says, or that it could not be asked. */
async function ask<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (cause) {
    throw new HalterError(
      'ERR_STORE_FAILED',
      `Redis did not do what it was asked to: ${(cause as Error).message}`,
      { cause, retryable: true },
    )
  }
}

function readEvent(id: SessionId, seq: number, row: string): StoredEvent {
  try {
    return JSON.parse(row)
  } catch (cause) {
    throw new HalterError('ERR_SESSION_DAMAGED', `Event ${seq} of session ${id} is not JSON.`, {
      cause,
      data: { seq },
    })
  }
}

function checkOrder(id: SessionId, events: readonly StoredEvent[], head: number): void {
  const wrong = events.findIndex(({ sessionId, seq }, index) => sessionId !== id || seq !== head + 1 + index)
  if (wrong !== -1)
    throw new HalterError(
      'ERR_COMMIT_INVALID',
      `Event ${wrong + 1} of a batch for session ${id} is not number ${head + 1 + wrong} of that session. Nothing was stored.`,
    )
}
