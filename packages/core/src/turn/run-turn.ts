import { toolCallsOf } from '@halter/protocol'
import { HalterError } from '../errors.ts'
import { assembleRequest } from './assemble-request.ts'
import { closeTurn, failTurn } from './close-turn.ts'
import { mayStop } from './may-stop.ts'
import { openTurn } from './open-turn.ts'
import { planContext } from './plan-context.ts'
import { finishOpenCalls, runTools } from './run-tools.ts'
import { streamReply } from './stream-reply.ts'
import { submitPrompt, takeSteeredInput } from './submit-prompt.ts'
import type { Settled, Turn } from './turn.ts'

const INTERRUPTED = 'The turn was interrupted, and its process ended before it could say so.'

/** One user prompt, until the model has nothing more to do. Each line is a file; read them in this order. Never rejects. */
export async function runTurn(turn: Turn): Promise<Settled> {
  try {
    await openTurn(turn)
    const isAccepted = await submitPrompt(turn)
    if (isAccepted) await runSteps(turn)
    return await closeTurn(turn)
  } catch (error) {
    return await failTurn(turn, error)
  }
}

/** A turn that a dead process left open, from where it was. Never rejects. */
export async function continueTurn(turn: Turn): Promise<Settled> {
  try {
    await openTurn(turn)
    const isAccepted = turn.state.turn?.hasPrompt === true || (await submitPrompt(turn))
    if (isAccepted) {
      await finishOpenCalls(turn)
      if (!(await hasAnswered(turn))) await runSteps(turn)
    }
    return await closeTurn(turn)
  } catch (error) {
    return await failTurn(turn, error)
  }
}

/** True when the model had said all that it had to say, and only the end of the turn was not recorded. */
async function hasAnswered(turn: Turn): Promise<boolean> {
  const last = turn.state.transcript.at(-1)
  if (last?.role !== 'assistant' || toolCallsOf(last).length > 0) return false
  turn.reply = last
  if (last.stopReason === 'interrupted')
    turn.abort.abort(new HalterError('ERR_TURN_INTERRUPTED', INTERRUPTED))
  turn.abort.throwIfAborted()
  return mayStop(turn, last)
}

async function runSteps(turn: Turn): Promise<void> {
  for (;;) {
    turn.step = (turn.state.turn?.steps ?? 0) + 1 // the budget ends it, inside callModel
    if (turn.session.turns.hasTasks) await turn.session.turns.runTasks(turn)
    turn.abort.throwIfAborted()
    const plan = await planContext(turn)
    const request = await assembleRequest(turn, plan)
    const reply = await streamReply(turn, request, plan)
    if (toolCallsOf(reply).length > 0) await runTools(turn, reply)
    if (turn.steered.length > 0 && (await takeSteeredInput(turn))) continue
    if (await mayStop(turn, reply)) return
  }
}
