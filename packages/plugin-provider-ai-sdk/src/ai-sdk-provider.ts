import type { Clock, ModelInfo, ModelPart, ModelRequest, Provider } from '@halter/core'
import type { LanguageModel, ModelSource } from './language-model.ts'

/** Settings of an {@link AiSdkProvider}. */
export interface AiSdkProviderOptions {
  /**
   * The id of one model, or a prefix that ends with `/` and stands before the ids of many. Without the `/` it is the provider's
   * name, by which it knows its own signatures and native parts again.
   */
  readonly id: string
  /** The model itself, or a function of what stands behind the prefix. A function is called once per model, at its first call. */
  readonly models: ModelSource
  /** Facts by the id as users write it; they count over the table's. */
  readonly info?: Readonly<Record<string, Partial<ModelInfo>>>
  /** Whether the models are bought from those who made them, so that the table's list prices are theirs. Default false. */
  readonly hasListPrices?: boolean
  /** The environment variable that the key comes from; for messages. */
  readonly keyVariable?: string
  /** Default: the system's time. */
  readonly clock?: Pick<Clock, 'now'>
}

/** Sessions whose warnings are remembered; the oldest goes first. */
const MAX_SESSIONS = 256

/** Makes models of the Vercel AI SDK a provider. What a call needs is loaded at the first call. */
export class AiSdkProvider implements Provider {
  readonly name: string
  readonly #options: AiSdkProviderOptions
  readonly #opened = new Map<string, Promise<LanguageModel>>()
  /** What each session has been warned of. */
  readonly #said = new Map<string, Set<string>>()

  constructor(options: AiSdkProviderOptions) {
    this.name = options.id.replace(/\/$/, '')
    this.#options = options
  }

  accepts(model: string): boolean {
    const { id } = this.#options
    return id.endsWith('/') ? model.startsWith(id) && model.length > id.length : model === id
  }

  async info(model: string): Promise<ModelInfo & { readonly model: string }> {
    const own = this.#ownId(model)
    return { ...(await this.#factsOf(own)), model: own }
  }

  async *stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelPart, void, undefined> {
    const { keyVariable, clock = Date } = this.#options
    const { model, sessionId } = request
    const [{ streamModel }, info] = await Promise.all([import('./stream-model.ts'), this.#factsOf(model)])
    yield* streamModel(
      () => this.#open(model),
      {
        request,
        info,
        call: { provider: this.name, model, keyVariable, now: clock.now() },
        isNews: (warning) => this.#isNews(sessionId, warning),
      },
      signal,
    )
  }

  async #factsOf(own: string): Promise<ModelInfo> {
    const { modelInfo } = await import('./known-models.ts')
    const { info = {}, hasListPrices = false, id } = this.#options
    return { ...modelInfo(own, { hasListPrices }), ...info[id.endsWith('/') ? id + own : id] }
  }

  /** The id as the model's own API knows it. */
  #ownId(model: string): string {
    const { id } = this.#options
    return id.endsWith('/') ? model.slice(id.length) : model
  }

  #open(own: string): Promise<LanguageModel> {
    const known = this.#opened.get(own)
    if (known) return known
    const { models } = this.#options
    const opened = Promise.try(() => (typeof models === 'function' ? models(own) : models))
    this.#opened.set(own, opened)
    // A failure may be gone at the next call: the key may be set by then.
    opened.catch(() => this.#opened.delete(own))
    return opened
  }

  #isNews(sessionId: string, warning: string): boolean {
    let said = this.#said.get(sessionId)
    if (!said) {
      const [oldest] = this.#said.keys()
      if (oldest !== undefined && this.#said.size >= MAX_SESSIONS) this.#said.delete(oldest)
      this.#said.set(sessionId, (said = new Set()))
    }
    const isNew = !said.has(warning)
    said.add(warning)
    return isNew
  }
}
