import type { LanguageModelV4Message, LanguageModelV4Prompt } from '@ai-sdk/provider'
import type { ModelRequest } from '@halter/core'
import type { Message, PromptSegment } from '@halter/protocol'
import { cleanText } from './clean-text.ts'
import type { EncodedMedia } from './encode-media.ts'
import { encodeAssistant, encodeUser } from './encode-message.ts'
import { encodeResult } from './encode-result.ts'
import type { Target } from './target.ts'

/** Marks the end of what Anthropic is to cache. Others cache on their own, or not at all. */
export const CACHED = Object.freeze({ anthropic: { cacheControl: { type: 'ephemeral' } } })

/** Lays a request out as the prompt of the AI SDK: system, messages, tail. */
export function encodePrompt(request: ModelRequest, target: Target): LanguageModelV4Prompt {
  const { system, messages, tail, breakpoints } = request
  const marked = (after: 'system' | 'message'): ReadonlySet<number> =>
    new Set(
      target.wire.isAnthropic
        ? breakpoints.flatMap((each) => (each.after === after ? [each.index] : []))
        : [],
    )
  const body = new PromptBody(target)
  let index = 0
  const markedMessages = marked('message')
  for (const message of messages) {
    body.add(message)
    if (markedMessages.has(index++)) body.mark()
  }
  return [...encodeSystem(system, marked('system'), target), ...body.withTail(tail)]
}

/** One message per segment where segments are cached apart, else one message: many servers take no second one. */
function encodeSystem(
  segments: readonly PromptSegment[],
  marked: ReadonlySet<number>,
  { wire }: Target,
): LanguageModelV4Message[] {
  const texts = segments.map(({ text }) => cleanText(text))
  const said = texts.filter((text) => text.trim() !== '')
  if (said.length === 0) return []
  if (!wire.isAnthropic) return [{ role: 'system', content: said.join('\n\n') }]
  return texts.flatMap((content, index): LanguageModelV4Message[] =>
    content.trim() === ''
      ? []
      : [{ role: 'system', content, ...(marked.has(index) && { providerOptions: CACHED }) }],
  )
}

/** The messages of a prompt, while they are laid out. Messages that say nothing are left out. */
class PromptBody {
  readonly #target: Target
  readonly #messages: LanguageModelV4Message[] = []
  /** What results could not hold; goes behind the last result of the batch. */
  #media: EncodedMedia[] = []
  /** How many messages there are up to the newest one of the user. */
  #upToUser = 0

  constructor(target: Target) {
    this.#target = target
  }

  add(message: Message): void {
    if (message.role === 'tool') {
      const { part, media } = encodeResult(message, this.#target)
      this.#media.push(...media)
      const last = this.#messages.at(-1)
      if (last?.role === 'tool') last.content.push(part)
      else this.#messages.push({ role: 'tool', content: [part] })
      return
    }
    this.#flushMedia()
    if (message.role === 'user') this.#push('user', encodeUser(message, this.#target))
    else this.#push('assistant', encodeAssistant(message, this.#target))
    if (message.role === 'user') this.#upToUser = this.#messages.length
  }

  /** Marks the newest part for caching. */
  mark(): void {
    const content = this.#messages.at(-1)?.content
    if (typeof content !== 'object') return
    const last = content.at(-1)
    if (last) last.providerOptions = { ...last.providerOptions, ...CACHED }
  }

  /**
   * The messages, and the text that changes from turn to turn. It goes behind the last message, except for models that bind their
   * thinking to what stands before it: there it stays behind the newest prompt for as long as the turn runs.
   */
  withTail(segments: readonly PromptSegment[]): readonly LanguageModelV4Message[] {
    this.#flushMedia()
    const texts = segments.map(({ text }) => cleanText(text)).filter((text) => text.trim() !== '')
    if (texts.length === 0) return this.#messages
    const text = `<context>\n${texts.join('\n\n')}\n</context>`
    const at = this.#target.wire.bindsThinking && this.#upToUser > 0 ? this.#upToUser : this.#messages.length
    return this.#messages.toSpliced(at, 0, { role: 'user', content: [{ type: 'text', text }] })
  }

  #flushMedia(): void {
    if (this.#media.length > 0) this.#messages.push({ role: 'user', content: this.#media })
    this.#media = []
  }

  #push<Role extends 'user' | 'assistant'>(
    role: Role,
    content: Extract<LanguageModelV4Message, { role: Role }>['content'],
  ): void {
    if (content.length > 0) this.#messages.push({ role, content } as LanguageModelV4Message)
  }
}
