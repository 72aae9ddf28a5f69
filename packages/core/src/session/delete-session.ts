import type { SessionId } from '@halter/protocol'
import { HalterError } from '../errors.ts'
import { childrenOf } from './export-session.ts'
import type { Runtime } from './runtime.ts'

/**
 * Deletes a session that nobody has open; with `cascade` its descendants too, and none of them may be open either.
 * @throws HalterError `ERR_SESSION_INPUT` for one that is open here, `ERR_SESSION_LEASED` for one that another process holds; then
 * nothing is deleted.
 */
export async function deleteSession(
  runtime: Runtime,
  id: SessionId,
  options: { readonly cascade?: boolean } = {},
): Promise<void> {
  const all = options.cascade ? [id, ...(await descendantsOf(runtime, id))] : [id]
  for (const each of all) await refuseWhenOpen(runtime, each, id)
  await runtime.store.delete(id, options)
}

async function refuseWhenOpen(runtime: Runtime, id: SessionId, asked: SessionId): Promise<void> {
  const what = id === asked ? `Session ${id}` : `Session ${id}, a descendant of ${asked},`
  if (await runtime.isOpenHere(id))
    throw new HalterError(
      'ERR_SESSION_INPUT',
      `${what} is open here. Shut it down or detach it, then delete it.`,
      { data: { sessionId: id } },
    )
  const holder = await runtime.leases?.holderOf(id)
  if (holder)
    throw new HalterError(
      'ERR_SESSION_LEASED',
      `${what} is held by process ${holder.pid} on ${holder.host}. End it there, then delete it.`,
      { data: { sessionId: id, lease: holder } },
    )
}

/** Children, their children, and so on. */
async function descendantsOf({ store }: Runtime, id: SessionId): Promise<ReadonlySet<SessionId>> {
  const found = new Set<SessionId>()
  const open = [id]
  for (let next = open.pop(); next !== undefined; next = open.pop())
    for (const child of await childrenOf(store, next))
      if (child !== id && !found.has(child)) {
        found.add(child)
        open.push(child)
      }
  return found
}
