import { toolCallsOf, type AssistantMessage } from '@halter/protocol'
import { checkOutput } from './structured-output.ts'
import { appendUserMessage, takeSteeredInput } from './submit-prompt.ts'
import type { Turn } from './turn.ts'

/** How often `turn.guard` may keep one turn going. */
const MAX_CONTINUATIONS = 8

/** True when the turn is over. Otherwise what the model is to read next is in the transcript. */
export async function mayStop(turn: Turn, reply: AssistantMessage): Promise<boolean> {
  const hasAnswered = turn.output
    ? (await checkOutput(turn, turn.output, reply)) === 'accepted'
    : toolCallsOf(reply).length === 0
  if (!hasAnswered) return false
  if (turn.hooks.has('turn.guard') && !(await guardsAgree(turn, reply))) return false
  turn.isClosing = true // what is steered from now on starts a turn of its own
  if (turn.steered.length === 0) return true
  turn.isClosing = false
  return !(await takeSteeredInput(turn))
}

async function guardsAgree(turn: Turn, lastMessage: AssistantMessage): Promise<boolean> {
  await turn.commit() // the guard judges what is stored
  const stop = { steps: turn.state.turn?.steps ?? 0, lastMessage, stopHookActive: turn.continuations > 0 }
  const decision = await turn.guard('turn.guard', stop)
  turn.abort.throwIfAborted()
  if (decision?.kind !== 'deny') return true
  if (turn.continuations >= MAX_CONTINUATIONS) {
    const message = `${decision.plugin} kept the turn going ${MAX_CONTINUATIONS} times; it ends now.`
    turn.warn('ERR_HOOK_FAILED', message, decision.plugin)
    return true
  }
  turn.continuations += 1
  turn.output?.reopen()
  appendUserMessage(turn, [{ kind: 'text', text: decision.reason.trim() || 'Continue.' }], 'hook')
  await turn.commit()
  return false
}
