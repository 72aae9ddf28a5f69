import type { AssistantMessage, UserMessage } from '@halter/protocol'
import type { SessionHandle } from '@halter/core'

/** The newest thing a person said in a session that goes on, and what it answered. */
export function lastExchange({ state: { transcript } }: SessionHandle): {
  readonly prompt?: UserMessage
  readonly reply?: AssistantMessage
} {
  let reply: AssistantMessage | undefined
  for (let index = transcript.length - 1; index >= 0; index--) {
    const message = transcript.at(index)!
    if (message.role === 'assistant') reply ??= message
    if (message.role === 'user' && (message.origin ?? 'steer') === 'steer')
      return { prompt: message, ...(reply && { reply }) }
  }
  return reply ? { reply } : {}
}

/** What is said when a session begins or goes on. */
export function sessionHeading({ id, blueprint, state }: SessionHandle, isResumed: boolean): string {
  const turns = isResumed ? `, ${state.turns} turn${state.turns === 1 ? '' : 's'} so far` : ''
  return `session ${id}, model ${blueprint.model}${turns}`
}
