import type { ApprovalAnswer, PendingEvent, StoredEvent, ToolCallId } from '@halter/protocol'
import type { ApprovalReply, ApprovalRequest } from '../contracts/approvals.ts'
import type { ToolCall } from '../contracts/hooks.ts'
import type { SessionApprovals } from '../contracts/runtime.ts'
import { HalterError, toErrorWire } from '../errors.ts'
import type { CallSite } from '../turn/call-site.ts'
import type { GuardDecision } from '../kernel/dispatch.ts'
import type { Session } from './session.ts'

/** A question about a call. */
export interface ApprovalQuestion {
  readonly call: ToolCall
  readonly scope: string
  readonly reason: string
  readonly plugin: string | undefined
}

/** A question that waits, and when it is over. */
interface OpenQuestion {
  readonly answer: (reply: ApprovalReply) => void
  readonly recorded: Promise<void>
}

/**
 * Asks whoever may say yes to a tool call, and records question and answer. Of an approver and `resolve`, the first answer
 * counts. No timer runs.
 */
export class ApprovalDesk implements SessionApprovals {
  readonly #session: Session
  readonly #waiting = new Map<ToolCallId, OpenQuestion>()

  constructor(session: Session) {
    this.#session = session
  }

  list(): readonly StoredEvent<'approval.requested'>[] {
    return [...this.#session.state.approvals.values()]
  }

  async resolve(callId: ToolCallId, answer: ApprovalAnswer, reason?: string): Promise<void> {
    const question = this.#waiting.get(callId)
    if (!question)
      throw new HalterError(
        'ERR_SESSION_INPUT',
        `No call "${callId}" of session ${this.#session.id} waits for an answer. It may have been answered, or its turn ended.`,
      )
    question.answer({ answer, ...(reason !== undefined && { reason }) })
    await question.recorded
  }

  /** The answer, recorded. The reply of the model that asks is stored with the question, since the answer may take days. */
  async ask(turn: CallSite, question: ApprovalQuestion): Promise<ApprovalReply> {
    const { call, scope } = question
    await turn.commit(requested(turn, question))
    const { promise, resolve, reject } = Promise.withResolvers<ApprovalReply>()
    const recorded = Promise.withResolvers<void>()
    const answered = (reply: ApprovalReply): void => {
      this.#waiting.delete(call.callId)
      resolve(reply)
    }
    this.#waiting.set(call.callId, { answer: answered, recorded: recorded.promise })
    const asking = new AbortController()
    asking.signal.addEventListener('abort', () => reject(asking.signal.reason as Error), { once: true })
    const release = turn.abort.adopt(asking)
    try {
      this.#consult(turn, question, asking.signal).then(answered, (error: unknown) => answered(failed(error)))
      const reply = await promise
      const { answer, reason, by = 'user' } = reply
      await turn.commit({
        type: 'approval.resolved',
        callId: call.callId,
        answer,
        scope,
        by,
        ...(reason !== undefined && { reason }),
      })
      return reply
    } finally {
      this.#waiting.delete(call.callId)
      recorded.resolve()
      release()
      asking.abort()
    }
  }

  async #consult(turn: CallSite, question: ApprovalQuestion, signal: AbortSignal): Promise<ApprovalReply> {
    const request = requestOf(turn, question)
    const decision = await turn.guard('approval.guard', request)
    if (decision && decision.kind !== 'ask') return replyOf(decision)
    const approver = this.#session.approver
    if (approver === 'wait') return new Promise(() => {}) // until `resolve`
    if (approver) {
      const reply = await approver(request, signal)
      return typeof reply === 'string' ? { answer: reply } : reply
    }
    const reply = await turn.optional('approvals')?.ask(request, signal)
    return reply ?? { answer: 'deny', by: 'nobody', reason: NOBODY }
  }
}

/** A guard's verdict, in the words of an answer. */
function replyOf(decision: Exclude<GuardDecision, { kind: 'ask' }>): ApprovalReply {
  const { kind, plugin: by, reason } = decision
  return { answer: kind === 'deny' ? 'deny' : 'once', by, ...(reason !== undefined && { reason }) }
}

const NOBODY =
  'This call needs approval, and nobody is there to give it. Use another tool, or ask the user to allow this one beforehand.'

function failed(error: unknown): ApprovalReply {
  return {
    answer: 'deny',
    by: 'nobody',
    reason: `The approval could not be asked for: ${toErrorWire(error).message}`,
  }
}

function requestOf(turn: CallSite, { call, scope, reason }: ApprovalQuestion): ApprovalRequest {
  return { sessionId: turn.session.id, turnId: turn.id, ...call, scope, reason }
}

function requested(
  turn: CallSite,
  { call, scope, reason, plugin }: ApprovalQuestion,
): PendingEvent<'approval.requested'> {
  const asker = plugin !== undefined && { plugin }
  return { type: 'approval.requested', turnId: turn.id, ...call, scope, reason, ...asker }
}
