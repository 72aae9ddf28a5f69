import {
  foldSummary,
  SessionFold,
  type PendingEvent,
  type SessionBlueprint,
  type SessionId,
  type SeqRange,
  type SessionSummary,
  type StoredEvent,
} from '@halter/protocol'
import type { ResumeOptions, SessionAttachments } from '../contracts/runtime.ts'
import type { JsonSchema } from '../contracts/schema.ts'
import type { StoredSession } from '../contracts/session-store.ts'
import { HalterError, toErrorWire } from '../errors.ts'
import { EventLog } from './event-log.ts'
import type { HeldLease } from './leases.ts'
import { settleLostChildren } from './lost-children.ts'
import { pluginCallEnds, repairEvents } from './repair.ts'
import type { Runtime } from './runtime.ts'
import { Session, type ChildTies } from './session.ts'
import { stampEvents } from './stamp-events.ts'

/** Stores a new session and opens it. Reads nothing. @throws HalterError `ERR_SESSION_EXISTS`. */
export async function createSession(
  runtime: Runtime,
  blueprint: SessionBlueprint,
  attachments: SessionAttachments,
  ties?: ChildTies,
): Promise<Session> {
  const { sessionId } = blueprint
  const first: PendingEvent = { type: 'session.started', blueprint }
  const events = stampEvents(sessionId, 0, runtime.service('clock').now(), [first])
  const summary = events.reduce<SessionSummary | undefined>(foldSummary, undefined)!
  await runtime.store.create({ sessionId, commitId: runtime.service('ids').next('commit'), events, summary })
  const lease = await runtime.leases?.take(sessionId)
  const state = new SessionFold(runtime.reducers)
  for (const event of events) state.apply(event)
  runtime.announce(events)
  return open(runtime, state, summary, { attachments, lease, ties, startSource: 'startup' })
}

/**
 * A stored session, brought back: leased, folded, repaired where a process died in it, and marked as resumed. Undefined when there is
 * none.
 */
export async function resumeSession(
  runtime: Runtime,
  id: SessionId,
  options: ResumeOptions,
): Promise<Session | undefined> {
  if (!(await runtime.store.load(id))) return undefined
  const lease = await runtime.leases?.take(id, options.steal)
  try {
    const stored = await runtime.store.load(id) // again: until the lease was ours, its log could grow, or go
    if (!stored) {
      await lease?.release()
      return undefined
    }
    const { state, checkpointSeq } = await foldLog(runtime, stored)
    const rest = { attachments: options, lease, checkpointSeq, startSource: 'resume' } as const
    // Not every commit of usage brought a summary.
    const summary = { ...stored.summary, usage: state.usage.total }
    const session = open(runtime, state, summary, rest)
    if (!state.readOnly) await takeUp(session, options.interrupted ?? 'close')
    return session
  } catch (error) {
    await lease?.release()
    throw error
  }
}

/** Answers for whatever a dead process left open, or goes on with it. */
async function takeUp(session: Session, wish: NonNullable<ResumeOptions['interrupted']>): Promise<void> {
  const { state, runtime } = session
  const openTurn = state.turn
  const interrupted = openTurn ? wish : 'close'
  const ids = runtime.service('ids')
  const repair = interrupted === 'continue' ? pluginCallEnds(state, ids) : repairEvents(state, ids)
  const settled = await settleLostChildren(runtime.store, state)
  await session.log.append([...repair, ...settled, { type: 'session.resumed', interrupted }])
  if (!openTurn || interrupted !== 'continue') return
  const { turnId, input, output, settings } = await startOf(session)
  session.turns.continue(turnId, input, {
    ...settings,
    ...(output !== undefined && { output: { schema: output as JsonSchema } }),
  })
}

/** The state of a stored log, and the checkpoint that it was made from; 0: none was there, or of any use. */
async function foldLog(
  runtime: Runtime,
  stored: StoredSession,
): Promise<{ readonly state: SessionFold; readonly checkpointSeq: number }> {
  const { head, summary } = stored
  const { sessionId } = summary
  const { store } = runtime
  const state = (await restore(runtime, stored)) ?? new SessionFold(runtime.reducers)
  const checkpointSeq = state.head
  if (state.head === head) return { state, checkpointSeq }
  for await (const event of store.replay(sessionId, { after: state.head, limit: head - state.head })) {
    if (event.seq !== state.head + 1) throw gap(sessionId, state.head, event)
    state.apply(event)
  }
  if (state.head !== head) throw gap(sessionId, state.head, undefined)
  return { state, checkpointSeq }
}

/** What a checkpoint leads to, with the messages that it names. */
async function restore(
  { store, reducers, warn }: Runtime,
  { summary, head, checkpoint }: StoredSession,
): Promise<SessionFold | undefined> {
  if (!checkpoint || checkpoint.seq > head) return undefined
  const read = ({ from, to }: SeqRange): AsyncIterable<StoredEvent> =>
    store.replay(summary.sessionId, { after: from - 1, limit: to - from + 1 })
  try {
    return await SessionFold.restore(checkpoint, read, reducers)
  } catch (error) {
    const { message } = toErrorWire(error)
    warn({
      code: 'ERR_SESSION_DAMAGED',
      message: `The checkpoint of session ${summary.sessionId} cannot be used, so its whole log is read: ${message}`,
    })
    return undefined
  }
}

/** How the turn began that the log holds open. */
async function startOf({ id, state, runtime }: Session): Promise<StoredEvent<'turn.started'>> {
  const { startedSeq } = state.turn!
  for await (const event of runtime.store.replay(id, { after: startedSeq - 1, limit: 1 }))
    if (event.type === 'turn.started') return event
  throw gap(id, startedSeq - 1, undefined)
}

function open(
  runtime: Runtime,
  state: SessionFold,
  summary: SessionSummary,
  rest: {
    readonly attachments: SessionAttachments
    readonly lease: HeldLease | undefined
    readonly checkpointSeq?: number | undefined
    readonly ties?: ChildTies | undefined
    readonly startSource: 'startup' | 'resume'
  },
): Session {
  const { sessionId } = state
  const clock = runtime.service('clock')
  const ids = runtime.service('ids')
  const fence = rest.lease?.fence
  const checkpointSeq = rest.checkpointSeq ?? 0
  const openLog = (publish: (events: readonly StoredEvent[]) => void): EventLog =>
    new EventLog({
      sessionId,
      store: runtime.store,
      clock,
      ids,
      state,
      summary,
      fence,
      checkpointSeq,
      publish,
    })
  return new Session({ runtime, openLog, ...rest })
}

/** The log does not go on where it stopped. */
export function gap(sessionId: SessionId, head: number, next: StoredEvent | undefined): HalterError {
  const found = next ? `seq ${next.seq} follows ${head}` : `it ends at seq ${head}, before its head`
  return new HalterError(
    'ERR_SESSION_DAMAGED',
    `The log of session ${sessionId} has a gap: ${found}. Other sessions are not affected; check it with \`halter sessions verify ${sessionId}\`.`,
    { data: { seq: head + 1 } },
  )
}
