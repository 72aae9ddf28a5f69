import type { ModelRequest } from '@halter/core'
import type { Message, Usage } from '@halter/protocol'
import type { CompiledReply } from './compile-reply.ts'

/** Newest messages that one call may look at: its cost must not follow the session's length. */
const MAX_LOOK = 32
/** A part whose size is not known without writing it down: media, JSON, tool input. */
const UNMEASURED_TOKENS = 50

/** What the calls of one session are taken to have cost. */
export class UsageEstimate {
  #messages = 0
  #inputTokens = 0

  /**
   * Usage of a call that states none: about four characters a token. The input is what the call before had, and what was said
   * since; after a compaction it starts again.
   */
  next({ messages }: ModelRequest, { length }: CompiledReply): Usage {
    const isShorter = messages.length < this.#messages
    const fresh = isShorter ? messages.length : messages.length - this.#messages
    if (isShorter) this.#inputTokens = 0
    if (fresh > 0)
      for (const message of messages.slice(-Math.min(fresh, MAX_LOOK))) this.#inputTokens += tokensOf(message)
    this.#messages = messages.length
    return { inputTokens: this.#inputTokens, outputTokens: Math.ceil(length / 4) }
  }
}

function tokensOf(message: Message): number {
  let tokens = 4
  for (const part of message.parts)
    tokens += 'text' in part ? Math.ceil(part.text.length / 4) : UNMEASURED_TOKENS
  return tokens
}
