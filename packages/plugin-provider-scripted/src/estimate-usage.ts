import type { ModelRequest } from '@halter/core'
import type { Message, Transcript, Usage } from '@halter/protocol'
import type { CompiledReply } from './compile-reply.ts'

/** Newest messages that one call may look at: its cost must not follow the session's length. */
const MAX_LOOK = 32
/** A part whose size is not known without writing it down: media, JSON, tool input. */
const UNMEASURED_TOKENS = 50
/** What a context manager may shorten where it stands. No window holds many of these, so each call can look at all. */
const LARGE_TOKENS = 256

interface Counted {
  readonly index: number
  readonly message: Message
  readonly tokens: number
}

/** What the calls of one session are taken to have cost. */
export class UsageEstimate {
  #messages = 0
  #inputTokens = 0
  #large: Counted[] = []

  /**
   * Usage of a call that states none: about four characters a token. The input is what the call before had, less what was
   * cleared since, and what was said since; after a compaction it starts again.
   */
  next({ messages }: ModelRequest, { length }: CompiledReply): Usage {
    if (messages.length < this.#messages) this.#restart()
    this.#recount(messages)
    for (let at = Math.max(this.#messages, messages.length - MAX_LOOK); at < messages.length; at++)
      this.#count(at, messages.at(at)!)
    this.#messages = messages.length
    return { inputTokens: this.#inputTokens, outputTokens: Math.ceil(length / 4) }
  }

  #restart(): void {
    this.#messages = 0
    this.#inputTokens = 0
    this.#large = []
  }

  /** What is another message than it was stands for the old one. */
  #recount(messages: Transcript): void {
    const changed = this.#large.filter(({ index, message }) => messages.at(index) !== message)
    if (changed.length === 0) return
    this.#large = this.#large.filter((counted) => !changed.includes(counted))
    for (const { index, tokens } of changed) {
      this.#inputTokens -= tokens
      this.#count(index, messages.at(index)!)
    }
  }

  #count(index: number, message: Message): void {
    const tokens = tokensOf(message)
    this.#inputTokens += tokens
    if (tokens >= LARGE_TOKENS) this.#large.push({ index, message, tokens })
  }
}

function tokensOf(message: Message): number {
  let tokens = 4
  for (const part of message.parts)
    tokens += 'text' in part ? Math.ceil(part.text.length / 4) : UNMEASURED_TOKENS
  return tokens
}
