import {
  textOf,
  type ErrorWire,
  type PendingEvent,
  type TurnCompletion,
  type TurnFailure,
  type Usage,
} from '@halter/protocol'
import { RETRYABLE_KINDS } from '../contracts/provider.ts'
import { isHalterError, toErrorWire } from '../errors.ts'
import { endPluginCalls } from './plugin-tool-call.ts'
import { refuseCall } from './run-call.ts'
import { INTERRUPTED, NOT_STARTED } from './tool-answers.ts'
import type { Settled, Turn } from './turn.ts'
import { within } from './within.ts'

/** How long `turn.end` may hold up the result. Milliseconds. */
const END_TIMEOUT_MS = 1000

/** Records that the turn ended well. */
export async function closeTurn(turn: Turn): Promise<Settled> {
  turn.isClosing = true
  const reason = completionOf(turn)
  await endPluginCalls(turn)
  await endTurn(turn, (usage) => ({ type: 'turn.completed', turnId: turn.id, usage, reason }))
  const { accepted } = turn.output ?? {}
  return { status: 'completed', reason, ...resultOf(turn), ...(accepted && { output: accepted.value }) }
}

/**
 * Records that the turn ended badly: what was said is kept, every open call gets an answer, and one terminal event follows.
 * When even that cannot be stored, the result still tells.
 */
export async function failTurn(turn: Turn, thrown: unknown): Promise<Settled> {
  turn.isClosing = true
  const cause = turn.abort.isAborted ? turn.abort.reason : thrown
  const error = describe(cause)
  const reason = failureOf(turn, cause)
  const settled = { status: 'failed', reason } as const
  if (!turn.isOpen || turn.isLeft) return { ...settled, ...resultOf(turn), error }
  try {
    await endPluginCalls(turn)
    await answerOpenCalls(turn)
    const retryable = reason === 'interrupted' || error.retryable === true
    await endTurn(turn, (usage) => ({
      type: 'turn.failed',
      turnId: turn.id,
      reason,
      usage,
      error,
      retryable,
    }))
    return { ...settled, ...resultOf(turn), error }
  } catch (storeError) {
    return { ...settled, ...resultOf(turn), error: { ...toErrorWire(storeError), cause: error } }
  }
}

/** A provider need not say twice that trying again may help: the kind of its failure says it. */
function describe(cause: unknown): ErrorWire {
  const error = toErrorWire(cause)
  return error.kind && RETRYABLE_KINDS.has(error.kind) ? { ...error, retryable: true } : error
}

async function endTurn(
  turn: Turn,
  terminal: (usage: Usage) => PendingEvent<'turn.completed' | 'turn.failed'>,
): Promise<void> {
  await turn.end(terminal)
  turn.announceUnrun()
  const outcome = turn.state.lastTurn!.reason
  await within(
    END_TIMEOUT_MS,
    turn.hooks.observe('turn.end', { turnId: turn.id, outcome, usage: turn.usage }, turn),
  )
}

/**
 * What was about to be stored is, the reply and results that the store did not take at first, without the intents of calls that will not
 * run; every call that is open then gets an answer.
 */
async function answerOpenCalls(turn: Turn): Promise<void> {
  turn.dropIntents()
  await turn.commit()
  for (const { call, startedInput, answer: given } of turn.state.openCalls.values()) {
    if (given) continue
    if (startedInput === undefined) refuseCall(turn, call, { outcome: 'not-started', text: NOT_STARTED })
    else refuseCall(turn, call, { outcome: 'cancelled', text: INTERRUPTED, input: startedInput })
  }
}

function completionOf({ reply, state }: Turn): TurnCompletion {
  if (!reply && state.turn?.hasPrompt !== true) return 'refused'
  if (reply?.stopReason === 'max-output') return 'max-output'
  return reply?.stopReason === 'refused' ? 'refused' : 'stop'
}

function failureOf(turn: Turn, cause: unknown): TurnFailure {
  if (turn.isLeft || (turn.abort.isAborted && isHalterError(cause, 'ERR_TURN_INTERRUPTED')))
    return 'interrupted'
  if (isHalterError(cause, 'ERR_BUDGET_EXHAUSTED')) return 'budget-exhausted'
  return isHalterError(cause) && cause.data?.['reason'] === 'repeated-call' ? 'repeated-call' : 'error'
}

function resultOf({ messages, usage }: Turn): Pick<Settled, 'text' | 'messages' | 'usage'> {
  const reply = messages.findLast(({ role }) => role === 'assistant')
  return { text: reply ? textOf(reply) : '', messages, usage }
}
