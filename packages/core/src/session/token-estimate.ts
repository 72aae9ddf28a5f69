import type { Message, SessionState } from '@halter/protocol'
import type { TokenEstimator } from '../contracts/context-manager.ts'
import type { ToolSpec } from '../contracts/provider.ts'

/** What a picture or a document costs, where nobody has reported it. Tokens. */
const MEDIA_TOKENS = 1500

/** The size of the next request, and from which message on it is a guess. */
export interface ContextSize {
  /** Input tokens. */
  readonly tokens: number
  /** Index of the first message that was not counted by the provider; 0: none was. */
  readonly estimatedFrom: number
}

interface Anchor {
  readonly messages: number
  readonly tokens: number
}

/** 3.7 characters per token. */
export const ruleOfThumb: TokenEstimator = (piece) =>
  typeof piece === 'string' ? Math.floor((piece.length * 10) / 37) : MEDIA_TOKENS

/**
 * How large the next request will be: what the provider last reported, and an estimate of what came after it. Looks at each
 * message once.
 */
export class TokenEstimate {
  #seen: SessionState['anchor']
  #anchor: Anchor | undefined
  #compactions = 0
  #estimator: TokenEstimator = ruleOfThumb
  /** Messages of the transcript that are in the anchor or in `#since`. */
  #counted = 0
  #since = 0
  readonly #schemas = new WeakMap<readonly ToolSpec[], number>()

  /** Of a request with the whole transcript and these tools. */
  size(
    state: SessionState,
    tools: readonly ToolSpec[],
    estimator: TokenEstimator = ruleOfThumb,
  ): ContextSize {
    this.#follow(state, estimator)
    const { transcript } = state
    for (; this.#counted < transcript.length; this.#counted++)
      this.#since += messageTokens(transcript.at(this.#counted)!, estimator)
    const known = this.#anchor?.tokens ?? this.#schemaTokens(tools, estimator)
    return { tokens: known + this.#since, estimatedFrom: this.#anchor?.messages ?? 0 }
  }

  /**
   * Takes the size that a compaction led to, until the next report: what the prompt around the messages costs is in it, and would
   * be forgotten otherwise. To be called when the state has the compaction.
   */
  compacted(state: SessionState, tokens: number): void {
    this.#follow(state, this.#estimator)
    if (!(tokens > 0)) return
    this.#anchor = { messages: state.transcript.length, tokens }
    this.#counted = this.#anchor.messages
    this.#since = 0
  }

  #follow(state: SessionState, estimator: TokenEstimator): void {
    const { anchor, compactions } = state
    const isReported = anchor !== this.#seen && isUsable(anchor, state)
    const isOther = compactions !== this.#compactions || estimator !== this.#estimator
    this.#seen = anchor
    this.#compactions = compactions
    this.#estimator = estimator
    if (!isReported && !isOther) return
    this.#anchor = isUsable(anchor, state) ? anchor : undefined
    this.#counted = this.#anchor?.messages ?? 0
    this.#since = 0
  }

  #schemaTokens(tools: readonly ToolSpec[], estimator: TokenEstimator): number {
    const known = this.#schemas.get(tools)
    if (known !== undefined) return known
    const tokens = estimator(JSON.stringify(tools))
    this.#schemas.set(tools, tokens)
    return tokens
  }
}

/** Nothing at all is no report, and what was cut off midway says nothing of the whole. */
function isUsable(anchor: SessionState['anchor'], { transcript }: SessionState): anchor is Anchor {
  if (!anchor || anchor.tokens <= 0) return false
  const reply = transcript.at(anchor.messages - 1)
  return reply?.role === 'assistant' && reply.stopReason !== 'interrupted'
}

/** Estimated tokens of a message, media included. */
export function messageTokens(message: Message, estimator: TokenEstimator = ruleOfThumb): number {
  let tokens = 0
  for (const part of message.parts) tokens += partTokens(part, estimator)
  return tokens
}

function partTokens(part: Message['parts'][number], estimator: TokenEstimator): number {
  switch (part.kind) {
    case 'text':
    case 'thinking':
      return estimator(part.text)
    case 'json':
      return estimator(JSON.stringify(part.value))
    case 'toolCall':
      return estimator(part.name) + estimator(part.malformed ?? JSON.stringify(part.input ?? {}))
    case 'native':
      return estimator(part.fallbackText)
    default:
      return estimator(part)
  }
}
