import assert from 'node:assert/strict'
import {
  isHalterError,
  type ErrorCode,
  type HalterError,
  type SessionQuery,
  type SessionStore,
} from '@halter/core'
import type { SessionId, SessionSummary, StoredEvent } from '@halter/protocol'

/** Strings that break what is careless: quotes, wildcards, prototype names, NUL, lone surrogates, other scripts. */
export const HOSTILE_TEXTS: readonly string[] = [
  `'`,
  `"`,
  `'; DROP TABLE sessions; --`,
  '%',
  '_',
  '\\',
  '$.a',
  '*',
  '__proto__',
  'constructor',
  'toString',
  'a\u0000b',
  'a\u0000c',
  '\ud800',
  '\udfff',
  'x\ud800y',
  '\ufffd',
  '\u2028\u2029\ufeff',
  '../../etc/passwd',
  'a\nb\r\tc',
  'ÄÖÜ ß 漢字 👩‍👩‍👧 e\u0301',
  ' leading and trailing ',
]

/** Rejects unless `attempt` is refused with this code; gives the error back. */
export async function assertRefused(attempt: Promise<unknown>, code: ErrorCode): Promise<HalterError> {
  const error = await attempt.then(
    () => assert.fail(`it was accepted, not refused with ${code}`),
    (reason: unknown) => reason,
  )
  return assertCode(error, code)
}

/** Throws `error` itself unless it is halter's; fails unless it has this code. */
export function assertCode(error: unknown, code: ErrorCode): HalterError {
  if (!isHalterError(error)) throw error
  assert.equal(error.code, code, `it was refused with ${error.code}: ${error.message}`)
  return error
}

/** Rejects unless the log of `id` is exactly `expected`, and `load` agrees on the head. */
export async function assertLog(
  store: SessionStore,
  id: SessionId,
  expected: readonly StoredEvent[],
): Promise<void> {
  assert.deepEqual(await replayAll(store, id), expected)
  assert.equal((await store.load(id))?.head, expected.length)
}

/** Everything that `replay` gives, as an array. */
export async function replayAll(
  store: SessionStore,
  id: SessionId,
  range?: { readonly after?: number; readonly limit?: number },
): Promise<StoredEvent[]> {
  return await Array.fromAsync(store.replay(id, range))
}

/** Every session that a query finds, page by page; `between` runs after each page. */
export async function listAll(
  store: SessionStore,
  query: SessionQuery = {},
  between: () => Promise<void> = async () => {},
): Promise<SessionSummary[]> {
  const found: SessionSummary[] = []
  let cursor: string | undefined
  do {
    const page = await store.list({ ...query, ...(cursor !== undefined && { cursor }) })
    found.push(...page.sessions)
    cursor = page.next
    await between()
  } while (cursor !== undefined)
  return found
}

/** The ids of summaries, in their order. */
export function idsOf(summaries: readonly SessionSummary[]): SessionId[] {
  return summaries.map(({ sessionId }) => sessionId)
}

/** Every change after a position, read in pages of `limit`, and where the store is then. */
export async function changesAfter(
  store: SessionStore,
  after: string | undefined,
  limit = 100,
): Promise<{ events: StoredEvent[]; position: string }> {
  assert(store.changes)
  const events: StoredEvent[] = []
  let position = after
  for (;;) {
    const page = await store.changes({ limit, ...(position !== undefined && { after: position }) })
    assert(page.events.length <= limit, `a page of at most ${limit} changes holds ${page.events.length}`)
    position = page.position
    if (page.events.length === 0) return { events, position }
    events.push(...page.events)
  }
}
