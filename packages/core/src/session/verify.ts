import { SessionFold, type SessionId, type StoredEvent, type ToolCallId } from '@halter/protocol'
import type { VerifyProblem, VerifyReport } from '../contracts/runtime.ts'
import type { SessionStore } from '../contracts/session-store.ts'
import { isHalterError, toErrorWire } from '../errors.ts'

/**
 * Reads a session's whole log and reports what is wrong with it: rows that cannot be trusted, gaps, results without calls, turns
 * without an end; behind the last event, what is kept beside the log and keeps it from being resumed. A last turn that is still
 * open is no problem: a resume closes it.
 */
export async function verifySession(store: SessionStore, id: SessionId): Promise<VerifyReport> {
  const check = new LogCheck(id)
  // First: a log that grows meanwhile has more events than its store told, never fewer.
  const told = await loadHead(store, id)
  try {
    for await (const event of store.replay(id)) check.take(event)
  } catch (error) {
    const seq = isHalterError(error, 'ERR_SESSION_DAMAGED') ? error.data?.['seq'] : undefined
    check.report(typeof seq === 'number' ? seq : check.state.head + 1, toErrorWire(error).message)
  }
  if (check.problems.length === 0) checkBeside(told, check)
  return { sessionId: id, events: check.state.head, problems: check.problems }
}

/** What the store says of the log without reading it, or why it cannot. */
async function loadHead(store: SessionStore, id: SessionId): Promise<number | string> {
  try {
    return (await store.load(id))?.head ?? 0
  } catch (error) {
    return toErrorWire(error).message
  }
}

/** A summary that cannot be read, or a head that the log does not reach. */
function checkBeside(told: number | string, check: LogCheck): void {
  const { head } = check.state
  if (typeof told === 'string') check.report(head + 1, told)
  else if (told > head) check.report(head + 1, `is not there: the store tells of ${told} events`)
}

class LogCheck {
  readonly state = new SessionFold()
  readonly problems: VerifyProblem[] = []
  readonly #id: SessionId

  constructor(id: SessionId) {
    this.#id = id
  }

  take(event: StoredEvent): void {
    const { state } = this
    const { seq } = event
    if (seq !== state.head + 1)
      this.report(
        state.head + 1,
        `is where seq ${seq} follows seq ${state.head}: events are missing or doubled`,
      )
    if (event.sessionId !== this.#id) this.report(seq, `belongs to session ${event.sessionId}`)
    if (seq === 1 && event.type !== 'session.started')
      this.report(seq, `is ${event.type}, not session.started`)
    this.#checkTurn(event)
    this.#checkCall(event)
    state.apply(event)
  }

  report(seq: number, problem: string): void {
    this.problems.push({ seq, problem })
  }

  #checkTurn(event: StoredEvent): void {
    const open = this.state.turn
    if (event.type === 'turn.started' && open)
      this.report(event.seq, `starts a turn while ${open.turnId} has no end`)
    if (event.type !== 'turn.completed' && event.type !== 'turn.failed') return
    if (open?.turnId !== event.turnId)
      this.report(event.seq, `ends turn ${event.turnId}, which is not running`)
    const unanswered = this.#unanswered()
    if (unanswered.length > 0)
      this.report(event.seq, `leaves calls without a result: ${unanswered.join(', ')}`)
  }

  #checkCall(event: StoredEvent): void {
    if (event.type !== 'toolCall.started' && event.type !== 'toolCall.finished') return
    if (event.by !== undefined) return this.#checkPluginCall(event)
    const open = this.state.openCalls.get(event.callId)
    if (!open) this.report(event.seq, `is about call ${event.callId}, which no reply asked for`)
    else if (open.answer) this.report(event.seq, `answers call ${event.callId} a second time`)
  }

  /** A plugin's call is in no reply: what was not run says itself what it was. */
  #checkPluginCall(event: StoredEvent<'toolCall.started' | 'toolCall.finished'>): void {
    const isRunning = this.state.pluginCalls.has(event.callId)
    if (event.type === 'toolCall.started' && isRunning)
      this.report(event.seq, `starts call ${event.callId} of ${event.by} a second time`)
    if (event.type === 'toolCall.finished' && !isRunning && !event.call)
      this.report(event.seq, `ends call ${event.callId} of ${event.by}, which did not start`)
  }

  #unanswered(): readonly ToolCallId[] {
    const { openCalls, pluginCalls } = this.state
    const ofModel = [...openCalls].filter(([, { answer }]) => !answer).map(([callId]) => callId)
    return [...ofModel, ...pluginCalls.keys()]
  }
}
