import type { SessionId, SessionSummary } from '@halter/protocol'
import type { SessionStore } from '../contracts/session-store.ts'
import { HalterError } from '../errors.ts'

/** Version of the export format: a header line per session, then its events. */
export const EXPORT_VERSION = 1

/**
 * A session and its descendants as JSON Lines, depth first: a header per session, then its events. Works for any stored session.
 * @throws HalterError `ERR_SESSION_UNKNOWN`.
 */
export async function* exportSession(
  store: SessionStore,
  id: SessionId,
  seen: Set<SessionId> = new Set(),
): AsyncGenerator<string> {
  const stored = await store.load(id)
  if (!stored)
    throw new HalterError(
      'ERR_SESSION_UNKNOWN',
      `There is no session ${id} to export. List them with \`halter sessions list\`.`,
    )
  seen.add(id)
  const { head } = stored
  yield `${JSON.stringify({ type: 'export.header', v: EXPORT_VERSION, sessionId: id, head })}\n`
  for await (const event of store.replay(id, { limit: head })) yield `${JSON.stringify(event)}\n`
  for (const childId of await childrenOf(store, id))
    if (!seen.has(childId)) yield* exportSession(store, childId, seen)
}

/** In an order that only the sessions decide, so that the same sessions give the same export in every store. */
export async function childrenOf(store: SessionStore, parentId: SessionId): Promise<readonly SessionId[]> {
  const children: SessionSummary[] = []
  let cursor: string | undefined
  do {
    const page = await store.list({ parentId, limit: 1000, ...(cursor !== undefined && { cursor }) })
    children.push(...page.sessions)
    cursor = page.next
  } while (cursor !== undefined)
  children.sort((a, b) => a.createdAt - b.createdAt || (a.sessionId < b.sessionId ? -1 : 1))
  return children.map(({ sessionId }) => sessionId)
}
