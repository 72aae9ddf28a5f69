import type { SessionQuery, SessionRuntime } from '@halter/core'
import type { SessionId, SessionSummary } from '@halter/protocol'
import { UsageError } from './usage-error.ts'

/**
 * The session that an id, or enough of its beginning, names.
 * @throws UsageError when none has it, or more than one.
 */
export async function findSession(runtime: SessionRuntime, id: string): Promise<SessionSummary> {
  const matches: SessionSummary[] = []
  for await (const session of allSessions(runtime)) {
    if (session.sessionId === id) return session
    if (session.sessionId.startsWith(id)) matches.push(session)
  }
  const [match, ...others] = matches
  if (!match) throw new UsageError(`No session has the id ${id}. halter sessions list --children shows all.`)
  if (others.length > 0) {
    const some = matches.slice(0, 5).map(({ sessionId, title }) => `  ${sessionId}  ${title}`)
    throw new UsageError(`${matches.length} sessions begin with ${id}; write more of it:\n${some.join('\n')}`)
  }
  return match
}

/** As `findSession`; one that no list shows, because its summary is damaged, is found by its whole id. */
export async function findSessionId(runtime: SessionRuntime, id: string): Promise<SessionId> {
  try {
    return (await findSession(runtime, id)).sessionId
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    for await (const { sessionId } of runtime.replay(id, { limit: 1 })) return sessionId
    throw error
  }
}

/** Every session that a query finds, children included unless it says otherwise, page after page; the newest first. */
export async function* allSessions(
  runtime: SessionRuntime,
  query: SessionQuery = {},
): AsyncIterable<SessionSummary> {
  for (let cursor: string | undefined; ;) {
    const page = await runtime.listSessions({
      limit: 1_000,
      ...query,
      ...(cursor !== undefined && { cursor }),
    })
    yield* page.sessions
    if (page.next === undefined) return
    cursor = page.next
  }
}
