import type { SessionId } from '@halter/protocol'
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
  const { summary, head } = stored
  yield `${JSON.stringify({ type: 'export.header', v: EXPORT_VERSION, sessionId: id, head, summary })}\n`
  for await (const event of store.replay(id, { limit: head })) yield `${JSON.stringify(event)}\n`
  for await (const childId of childrenOf(store, id))
    if (!seen.has(childId)) yield* exportSession(store, childId, seen)
}

async function* childrenOf(store: SessionStore, parentId: SessionId): AsyncGenerator<SessionId> {
  let cursor: string | undefined
  do {
    const page = await store.list({ parentId, limit: 1000, ...(cursor !== undefined && { cursor }) })
    for (const { sessionId } of page.sessions) yield sessionId
    cursor = page.next
  } while (cursor !== undefined)
}
