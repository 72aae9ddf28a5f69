import type { SessionRuntime } from '@halter/core'
import type { SessionSummary } from '@halter/protocol'
import type { OptionValues } from './command-spec.ts'
import type { SESSIONS_DELETE } from './commands/sessions.ts'
import { confirm } from './confirm.ts'
import { allSessions, findSession } from './find-session.ts'
import { openRuntime } from './open-runtime.ts'
import type { Output } from './output.ts'
import { printableLine } from './printable.ts'
import { UsageError } from './usage-error.ts'

/** `halter sessions delete` */
export async function deleteSession(
  options: OptionValues<(typeof SESSIONS_DELETE)['options']>,
  [id]: readonly string[],
  output: Output,
): Promise<number> {
  const { runtime } = await openRuntime(options, output)
  try {
    const session = await findSession(runtime, id!)
    const descendants = await descendantsOf(runtime, session)
    const going = options.cascade ? [session, ...descendants] : [session]
    const running = going.find(({ status }) => status === 'running')
    if (running)
      throw new UsageError(`The session ${running.sessionId} is running. Interrupt it, then delete it.`)
    if (!options.yes && !(await confirm(question(session, descendants, options), 'sessions delete', output)))
      return 0
    await runtime.deleteSession(session.sessionId, { cascade: options.cascade ?? false })
    for (const { sessionId } of going)
      if (options.json) output.json({ sessionId, deleted: true })
      else output.data(`${sessionId}\n`)
    return 0
  } finally {
    await runtime.shutdown()
  }
}

function question(
  { sessionId, title }: SessionSummary,
  descendants: readonly SessionSummary[],
  { cascade }: { readonly cascade?: boolean },
): string {
  const name = `${sessionId} (${printableLine(title)})`
  if (descendants.length === 0) return `Delete ${name}?`
  const count = `${descendants.length} that it has opened`
  return cascade
    ? `Delete ${name} and ${count}?`
    : `Delete ${name}? It leaves ${count}; --cascade deletes them too.`
}

/** The sessions that a session has opened, and theirs, and so on. */
async function descendantsOf(
  runtime: SessionRuntime,
  root: SessionSummary,
): Promise<readonly SessionSummary[]> {
  const found: SessionSummary[] = []
  const queue = [root]
  for (let parent = queue.pop(); parent; parent = queue.pop())
    for await (const child of allSessions(runtime, { parentId: parent.sessionId })) {
      found.push(child)
      queue.push(child)
    }
  return found
}
