import type { ApprovalAnswer, PendingEvent, StoredEvent, ToolCallId } from '@halter/protocol'
import type { ApprovalReply, ApprovalRequest } from '../contracts/approvals.ts'
import type { ToolCall } from '../contracts/hooks.ts'
import type { SessionApprovals } from '../contracts/runtime.ts'
import { HalterError, toErrorWire } from '../errors.ts'
import { runAs } from '../kernel/attribution.ts'
import type { GuardDecision } from '../kernel/dispatch.ts'
import type { CallSite } from '../turn/call-site.ts'
import type { Session } from './session.ts'

/** A question about a call. */
export interface ApprovalQuestion {
  readonly call: ToolCall
  readonly scope: string
  readonly reason: string
  readonly plugin: string | undefined
}

/** A question that somebody here deals with, until its answer is recorded. */
class OpenQuestion {
  readonly callId: ToolCallId
  readonly #reply = Promise.withResolvers<ApprovalReply>()
  readonly #recorded = Promise.withResolvers<void>()
  isAnswered = false
  /** True when only `resolve` can answer it. */
  isAtRest = false

  constructor(callId: ToolCallId) {
    this.callId = callId
    this.#reply.promise.catch(() => {}) // where the question itself cannot be stored, nobody waits for its answer
  }

  get reply(): Promise<ApprovalReply> {
    return this.#reply.promise
  }

  get recorded(): Promise<void> {
    return this.#recorded.promise
  }

  answer(reply: ApprovalReply): void {
    this.isAnswered = true
    this.#reply.resolve(reply)
  }

  /** Nobody waits for the answer any more. */
  giveUp(reason: Error): void {
    this.#reply.reject(reason)
  }

  close(): void {
    this.#recorded.resolve()
  }
}

/**
 * Asks whoever may say yes to a tool call, and records question and answer. Of a guard, an approver and `resolve`, the first answer
 * counts. No timer runs. A question that a dead process left open is one like any other once its turn goes on.
 */
export class ApprovalDesk implements SessionApprovals {
  readonly #session: Session
  readonly #open = new Map<ToolCallId, OpenQuestion>()

  constructor(session: Session) {
    this.#session = session
  }

  /** True when the model's call waits for `resolve`, and for nothing else. */
  get isAtRest(): boolean {
    const [only, ...others] = this.#open.values()
    return only?.isAtRest === true && !only.isAnswered && others.length === 0
  }

  list(): readonly StoredEvent<'approval.requested'>[] {
    return [...this.#session.state.approvals.values()]
  }

  async resolve(callId: ToolCallId, answer: ApprovalAnswer, reason?: string): Promise<void> {
    const reply = { answer, ...(reason !== undefined && { reason }) }
    const open = this.#open.get(callId)
    if (open && !open.isAnswered) {
      open.answer(reply)
      return open.recorded
    }
    const stored = this.#session.state.approvals.get(callId)
    if (!open && stored && this.#session.turns.isGoingOn) return this.#answerAhead(stored, reply)
    throw new HalterError(
      'ERR_SESSION_INPUT',
      `No call "${callId}" of session ${this.#session.id} waits for an answer. It may have been answered, or its turn ended.`,
    )
  }

  /** The answer, recorded. The reply of the model that asks is stored with the question, since the answer may take days. */
  ask(site: CallSite, question: ApprovalQuestion): Promise<ApprovalReply> {
    return this.#wait(site, requestOf(site, question), () => site.commit(requested(site, question)))
  }

  /** The answer to a question that is stored: one that came before this process did, or while it came here; else as `ask`. */
  async goOn(site: CallSite, question: StoredEvent<'approval.requested'>): Promise<ApprovalReply> {
    const { callId, turnId, name, input, scope, reason } = question
    await this.#open.get(callId)?.recorded
    const given = this.#session.state.openCalls.get(callId)?.approval?.answer
    if (given) return given
    const request = { sessionId: site.session.id, turnId, callId, name, input, scope }
    return this.#wait(site, { ...request, ...(reason !== undefined && { reason }) })
  }

  async #wait(
    site: CallSite,
    request: ApprovalRequest,
    record?: () => Promise<unknown>,
  ): Promise<ApprovalReply> {
    const { callId, scope } = request
    const question = new OpenQuestion(callId)
    this.#open.set(callId, question)
    const asking = new AbortController()
    asking.signal.addEventListener('abort', () => question.giveUp(asking.signal.reason as Error), {
      once: true,
    })
    const release = site.abort.adopt(asking)
    try {
      await record?.()
      this.#consult(site, request, { question, signal: asking.signal }).then(
        (reply) => question.answer(reply),
        (error: unknown) => question.answer(failed(error)),
      )
      const reply = await question.reply
      await site.commit(resolved(callId, scope, reply))
      return reply
    } finally {
      this.#open.delete(callId)
      question.close()
      release()
      asking.abort()
    }
  }

  /** Records an answer before the turn that goes on has come to its question. */
  async #answerAhead(
    { callId, scope }: StoredEvent<'approval.requested'>,
    reply: ApprovalReply,
  ): Promise<void> {
    const question = new OpenQuestion(callId)
    question.answer(reply)
    this.#open.set(callId, question)
    try {
      await this.#session.log.append([resolved(callId, scope, reply)])
    } finally {
      this.#open.delete(callId)
      question.close()
    }
  }

  async #consult(
    site: CallSite,
    request: ApprovalRequest,
    { question, signal }: { readonly question: OpenQuestion; readonly signal: AbortSignal },
  ): Promise<ApprovalReply> {
    const decision = await site.guard('approval.guard', request)
    if (decision && decision.kind !== 'ask') return replyOf(decision)
    const session = this.#session
    const { approver } = session
    const { sessionId, turnId } = request
    if (approver === 'wait') {
      question.isAtRest = site.caller === undefined
      session.runtime.onIdle(session)
      return new Promise(() => {}) // until `resolve`
    }
    if (approver) {
      const reply = await runAs({ plugin: 'session', sessionId, turnId }, () => approver(request, signal))
      return typeof reply === 'string' ? { answer: reply } : reply
    }
    const slot = site.optional('approvals')
    const reply = await runAs({ plugin: 'approvals', sessionId, turnId }, () => slot?.ask(request, signal))
    return reply ?? { answer: 'deny', by: 'nobody', reason: NOBODY }
  }
}

const NOBODY =
  'This call needs approval, and nobody is there to give it. Use another tool, or ask the user to allow this one beforehand.'

/** A guard's verdict, in the words of an answer. */
function replyOf(decision: Exclude<GuardDecision, { kind: 'ask' }>): ApprovalReply {
  const { kind, plugin: by, reason } = decision
  return { answer: kind === 'deny' ? 'deny' : 'once', by, ...(reason !== undefined && { reason }) }
}

function failed(error: unknown): ApprovalReply {
  return {
    answer: 'deny',
    by: 'nobody',
    reason: `The approval could not be asked for: ${toErrorWire(error).message}`,
  }
}

function requestOf(site: CallSite, { call, scope, reason }: ApprovalQuestion): ApprovalRequest {
  return { sessionId: site.session.id, turnId: site.id, ...call, scope, reason }
}

function requested(
  site: CallSite,
  { call, scope, reason, plugin }: ApprovalQuestion,
): PendingEvent<'approval.requested'> {
  const asker = plugin !== undefined && { plugin }
  return { type: 'approval.requested', turnId: site.id, ...call, scope, reason, ...asker }
}

function resolved(
  callId: ToolCallId,
  scope: string,
  { answer, reason, by = 'user' }: ApprovalReply,
): PendingEvent<'approval.resolved'> {
  return { type: 'approval.resolved', callId, answer, scope, by, ...(reason !== undefined && { reason }) }
}
