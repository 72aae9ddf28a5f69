import type { MessageOrigin, UserPart } from '@halter/protocol'
import type { PromptDraft } from '../contracts/hooks.ts'
import { problemOfParts } from '../session/whole-parts.ts'
import { saysSomething } from './says-something.ts'
import type { Turn } from './turn.ts'

/**
 * Asks the prompt hooks and stores the user's message, or why it was refused. True when the model is to see it.
 */
export async function submitPrompt(
  turn: Turn,
  input = turn.input,
  origin: MessageOrigin = 'user',
): Promise<boolean> {
  const draft = await turn.transform('prompt.transform', { parts: input, notes: [] })
  const decision = await turn.guard('prompt.guard', draft)
  turn.abort.throwIfAborted()
  const problem = problemOfParts(draft.parts)
  if (problem) throw problem
  if (decision?.kind === 'deny') {
    const { reason, plugin } = decision
    await turn.commit({ type: 'prompt.refused', turnId: turn.id, reason, plugin })
    return false
  }
  if (!saysSomething(draft.parts)) {
    await turn.commit({ type: 'prompt.refused', turnId: turn.id, reason: 'The prompt is empty.' })
    return false
  }
  appendUserMessage(turn, draft.parts, origin)
  appendNotes(turn, draft)
  await turn.commit()
  return true
}

/** Puts a user message into the next commit. */
export function appendUserMessage(turn: Turn, parts: readonly UserPart[], origin: MessageOrigin): void {
  turn.append({
    type: 'message.appended',
    turnId: turn.id,
    message: {
      role: 'user',
      id: turn.service('ids').next('message'),
      at: turn.clock.now(),
      parts,
      ...(origin !== 'user' && { origin }),
    },
  })
}

/** Takes in what was steered into the turn since the last safe point. True when the model has something new to read. */
export async function takeSteeredInput(turn: Turn): Promise<boolean> {
  let hasNew = false
  while (turn.steered.length > 0) {
    const isAccepted = await submitPrompt(turn, turn.steered.shift(), 'steer')
    hasNew ||= isAccepted
  }
  if (hasNew) turn.output?.reopen()
  return hasNew
}

function appendNotes(turn: Turn, draft: PromptDraft): void {
  for (const text of draft.notes)
    turn.append({
      type: 'context.injected',
      id: turn.service('ids').next('segment'),
      text,
      scope: 'turn',
      plugin: 'prompt.transform',
    })
}
