/**
 * A model of the AI SDK, of version 3 or 4 of its interface: as much of it as is used here. It is written down and not imported, so
 * that a program's own copy of the SDK may be of any version, and nobody needs the SDK's types.
 */
export interface LanguageModel {
  readonly specificationVersion: 'v4' | 'v3'
  /** Names the API: `openai.responses`. */
  readonly provider: string
  readonly modelId: string
  doStream(options: never): PromiseLike<{ readonly stream: ReadableStream<unknown> }>
}

/** Where the models of one provider come from: one model, or a function of the part of the id behind the prefix. */
export type ModelSource = LanguageModel | ((id: string) => LanguageModel | Promise<LanguageModel>)

/** What has to be known of the API behind a model, as far as the models' common interface leaves it open. */
export interface Wire {
  /** Anthropic's Messages API, whoever hosts it: it caches by marker, and signs thinking. */
  readonly isAnthropic: boolean
  readonly isOpenAiChat: boolean
  readonly isOpenAiResponses: boolean
  /**
   * The model wants the request up to a signed thinking block to be what it was when it wrote it, and refuses it otherwise:
   * https://platform.claude.com/docs/en/build-with-claude/preserved-thinking (Claude Fable 5.1, Opus 5.5, Sonnet 5.5, Haiku 5.5
   * and what came after).
   */
  readonly bindsThinking: boolean
  /** A tool's result may hold pictures and files. Others get them in a message behind the results. */
  readonly takesMediaInResults: boolean
}

/** What the model's provider id, such as `openai.responses` or `googleVertex.anthropic.messages`, says of its API. */
export function wireOf({ provider, modelId }: Pick<LanguageModel, 'provider' | 'modelId'>): Wire {
  const isAnthropic = /\banthropic\b/.test(provider)
  const isOpenAiResponses = /openai.*responses/.test(provider)
  return {
    isAnthropic,
    isOpenAiChat: /openai.*chat/.test(provider),
    isOpenAiResponses,
    bindsThinking: isAnthropic && modelId.includes('claude-') && !isEarlierClaude(modelId),
    takesMediaInResults: isAnthropic || isOpenAiResponses,
  }
}

/** Claude models that came before thinking was bound to what stands before it; later ones are taken to bind it. */
function isEarlierClaude(modelId: string): boolean {
  const name = modelId.slice(modelId.indexOf('claude-')).replace(/[-@]\d{8}.*$/, '')
  return /^claude-(?:\d|instant|v2|(?:opus|sonnet|haiku)-4(?:-\d+)?$|(?:opus|sonnet|fable|mythos)-5$)/.test(
    name,
  )
}
