import type { LanguageModelV4, LanguageModelV4CallOptions, LanguageModelV4StreamPart } from '@ai-sdk/provider'

/** A model that a program brings along: streams these pieces, and remembers what it was asked. */
export class ProgramModel implements LanguageModelV4 {
  readonly specificationVersion = 'v4'
  readonly provider: string
  readonly modelId = 'local'
  readonly supportedUrls = {}
  readonly asked: LanguageModelV4CallOptions[] = []
  readonly #replies: (readonly LanguageModelV4StreamPart[])[]

  constructor(replies: readonly (readonly LanguageModelV4StreamPart[])[], provider = 'program.chat') {
    this.#replies = [...replies]
    this.provider = provider
  }

  async doGenerate(): Promise<never> {
    throw new Error('The runtime only streams.')
  }

  async doStream(options: LanguageModelV4CallOptions) {
    this.asked.push(options)
    const parts = this.#replies.shift() ?? []
    return { stream: ReadableStream.from<LanguageModelV4StreamPart>(parts) }
  }
}

const NO_TOKENS = {
  inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: undefined, text: undefined, reasoning: undefined },
}

/** The end of a stream. */
export function finish(
  unified: Extract<LanguageModelV4StreamPart, { type: 'finish' }>['finishReason']['unified'] = 'stop',
): LanguageModelV4StreamPart {
  return { type: 'finish', finishReason: { unified, raw: undefined }, usage: NO_TOKENS }
}

/** A text, as one piece. */
export function textParts(text: string): readonly LanguageModelV4StreamPart[] {
  return [
    { type: 'text-start', id: '0' },
    { type: 'text-delta', id: '0', delta: text },
    { type: 'text-end', id: '0' },
  ]
}
