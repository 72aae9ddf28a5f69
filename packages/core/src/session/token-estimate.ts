import type { Message, SessionState } from '@halter/protocol'
import type { ToolSpec } from '../contracts/provider.ts'

/** What a picture or a document costs, where nobody has reported it. Tokens. */
const MEDIA_TOKENS = 1500

/**
 * How large the next request will be: what the provider last reported, and an estimate of what came after it. Looks at each
 * message once. Rule of thumb for text: 3.7 characters per token.
 */
export class TokenEstimate {
  #anchor: SessionState['anchor']
  #compactions = 0
  /** Messages of the transcript that are in the anchor or in `#since`. */
  #counted = 0
  #since = 0
  readonly #schemas = new WeakMap<readonly ToolSpec[], number>()

  /** Input tokens of a request with the whole transcript and these tools. */
  tokens(state: SessionState, tools: readonly ToolSpec[]): number {
    const { anchor, transcript, compactions } = state
    if (anchor !== this.#anchor || compactions !== this.#compactions) {
      this.#anchor = anchor
      this.#compactions = compactions
      this.#counted = anchor?.messages ?? 0
      this.#since = 0
    }
    for (; this.#counted < transcript.length; this.#counted++)
      this.#since += messageTokens(transcript.at(this.#counted)!)
    return (anchor?.tokens ?? this.#schemaTokens(tools)) + this.#since
  }

  #schemaTokens(tools: readonly ToolSpec[]): number {
    const known = this.#schemas.get(tools)
    if (known !== undefined) return known
    const tokens = textTokens(JSON.stringify(tools))
    this.#schemas.set(tools, tokens)
    return tokens
  }
}

/** Estimated tokens of a text. */
export function textTokens(text: string): number {
  return Math.floor((text.length * 10) / 37)
}

/** Estimated tokens of a message, media included. */
export function messageTokens(message: Message): number {
  let tokens = 0
  for (const part of message.parts) tokens += partTokens(part)
  return tokens
}

function partTokens(part: Message['parts'][number]): number {
  switch (part.kind) {
    case 'text':
    case 'thinking':
      return textTokens(part.text)
    case 'json':
      return textTokens(JSON.stringify(part.value))
    case 'toolCall':
      return textTokens(part.name) + textTokens(part.malformed ?? JSON.stringify(part.input))
    case 'native':
      return textTokens(part.fallbackText)
    default:
      return MEDIA_TOKENS
  }
}
