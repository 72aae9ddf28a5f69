import type { LanguageModelV3CallOptions, LanguageModelV4CallOptions } from '@ai-sdk/provider'
import type { ModelInfo, ModelPart, ModelRequest } from '@halter/core'
import { callOptions } from './call-options.ts'
import { StreamDecoder, type StreamPart } from './decode-stream.ts'
import { longPromptCost } from './known-models.ts'
import { wireOf, type LanguageModel } from './language-model.ts'
import { cancelled, cutOff, modelError, type FailedCall } from './model-error.ts'
import { toV3 } from './to-v3.ts'

/** One call, and who makes it. */
export interface ModelCall {
  readonly request: ModelRequest
  readonly info: ModelInfo
  /** The provider's name, its id of the model, and where its key comes from. */
  readonly call: FailedCall
  /** Whether this has not been said in the session yet. Warnings come with every call, and once is enough. */
  readonly isNews: (warning: string) => boolean
}

/**
 * Calls a model once. The connection is closed as soon as `signal` is aborted or nobody reads on.
 * @throws HalterError `ERR_MODEL_FAILED` with its kind.
 */
export async function* streamModel(
  open: () => LanguageModel | Promise<LanguageModel>,
  { request, info, call, isNews }: ModelCall,
  signal: AbortSignal,
): AsyncGenerator<ModelPart, void, undefined> {
  const connection = new Connection(signal)
  let isEnded = false
  try {
    const model = await open()
    if (model.specificationVersion === 'v3' && request.effort !== undefined && isNews(NO_EFFORT))
      yield { type: 'warning', message: NO_EFFORT }
    const decoder = new StreamDecoder((usage) => longPromptCost(call.model, usage))
    const stream = await connection.open(model, optionsOf(model, request, { info, call }))
    while (!isEnded) {
      const part = await connection.next(stream)
      if (!part) throw cutOff(call)
      for (const each of decoder.decode(part)) {
        if (each.type === 'warning' && !isNews(each.message)) continue
        isEnded = each.type === 'end'
        yield each
      }
    }
  } catch (failure) {
    throw signal.aborted ? cancelled(call, signal.reason) : modelError(failure, call)
  } finally {
    if (isEnded) connection.finish()
    else connection.close()
  }
}

const NO_EFFORT =
  "This model speaks version 3 of the AI SDK's interface, which has no effort: the model thinks as it likes."

type CallOptions = LanguageModelV4CallOptions | LanguageModelV3CallOptions

function optionsOf(
  model: LanguageModel,
  request: ModelRequest,
  { info, call }: Pick<ModelCall, 'info' | 'call'>,
): CallOptions {
  const wire = wireOf(model)
  const target = {
    provider: call.provider,
    model: call.model,
    wire,
    capabilities: info.capabilities,
    takesThinking: !wire.bindsThinking || request.effort !== 'none',
  }
  const options = callOptions(request, target, info.maxOutput)
  return model.specificationVersion === 'v3' ? toV3(options) : options
}

/** How long a server may take to end a response whose reply is whole. */
const LAST_BYTES_MS = 1_000

/** One request of a model, from the call to the last byte. Nothing of it outlives `close`. */
class Connection {
  /** Not the caller's own: a reader that just leaves closes the connection too. */
  readonly #controller = new AbortController()
  readonly #signal: AbortSignal
  readonly #onAbort: () => void
  #reader: ReadableStreamDefaultReader<StreamPart> | undefined
  #giveUp: ((reason: unknown) => void) | undefined

  constructor(signal: AbortSignal) {
    this.#signal = signal
    this.#onAbort = () => this.close()
    signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  /** Rejects as soon as the signal is aborted, whatever the model makes of it. */
  async open(model: LanguageModel, options: CallOptions): Promise<ReadableStreamDefaultReader<StreamPart>> {
    this.#signal.throwIfAborted()
    const asked = Promise.resolve(
      model.doStream({ ...options, abortSignal: this.#controller.signal } as never),
    ).then(({ stream }) => {
      this.#reader = (stream as ReadableStream<StreamPart>).getReader()
      if (this.#controller.signal.aborted) this.close() // it came too late, and nobody will read it
      return this.#reader
    })
    const left = new Promise<never>((_resolve, reject) => (this.#giveUp = reject))
    return await Promise.race([asked, left])
  }

  /** Undefined at the end of the stream. */
  async next(reader: ReadableStreamDefaultReader<StreamPart>): Promise<StreamPart | undefined> {
    const { done, value } = await reader.read()
    this.#signal.throwIfAborted()
    return done ? undefined : value
  }

  /** The reply is whole. What is left of the response is read away, so that the next call can use the connection again. */
  finish(): void {
    this.#signal.removeEventListener('abort', this.#onAbort)
    const timer = setTimeout(() => this.close(), LAST_BYTES_MS)
    timer.unref()
    const drain = async (): Promise<void> => {
      while (!(await this.#reader?.read())?.done);
    }
    void drain()
      .catch(() => {})
      .finally(() => clearTimeout(timer))
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#onAbort)
    this.#controller.abort(this.#signal.reason)
    this.#giveUp?.(this.#signal.reason)
    // Settles a read that waits. What the rest of the stream comes to is nobody's concern any more.
    this.#reader?.cancel().catch(() => {})
  }
}
