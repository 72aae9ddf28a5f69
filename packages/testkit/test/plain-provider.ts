import {
  HalterError,
  RETRYABLE_KINDS,
  type ModelInfo,
  type ModelPart,
  type ModelRequest,
  type Provider,
} from '@halter/core'
import { NO_USAGE, type ModelErrorKind } from '@halter/protocol'
import type { ActedReply, OpenProvider, ProviderScene } from '@halter/testkit'

/** The model and its provider in one: keeps every rule, and lets subclasses break one each. */
export class PlainProvider implements Provider {
  readonly name = 'plain'
  readonly #scenes: readonly ProviderScene[]
  calls = 0
  openCalls = 0

  constructor(scenes: readonly ProviderScene[]) {
    this.#scenes = scenes
  }

  accepts(model: string): boolean {
    return model === 'plain/model'
  }

  info(): ModelInfo & { readonly model: string } {
    return {
      model: 'model',
      window: 1_000,
      maxOutput: 100,
      capabilities: {},
      prices: { input: 1, output: 2 },
    }
  }

  async *stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelPart> {
    this.checkSignal(signal)
    this.look(request)
    const scene = this.#scenes[this.calls++]
    this.openCalls += 1
    try {
      yield* this.act(scene, signal)
    } finally {
      this.letGo()
    }
  }

  protected letGo(): void {
    this.openCalls -= 1
  }

  protected checkSignal(signal: AbortSignal): void {
    if (signal.aborted) throw this.failure('cancelled')
  }

  /** Where a subclass may do something to the request. */
  protected look(_request: ModelRequest): void {}

  protected async *act(scene: ProviderScene | undefined, signal: AbortSignal): AsyncGenerator<ModelPart> {
    switch (scene?.act) {
      case 'reply':
        return yield* this.reply(scene.reply)
      case 'break':
        yield* text([scene.text])
        throw this.failure('transient')
      case 'hang':
        if (scene.text !== undefined) yield* text([scene.text])
        return await this.hang(signal)
      case 'fail':
        if (scene.afterText !== undefined) yield* text([scene.afterText])
        throw this.failure(scene.kind, scene.retryAfterMs)
      case undefined:
        throw this.failure('invalid-request')
    }
  }

  protected *reply({
    thinking,
    text: texts = [],
    toolCalls = [],
    usage,
    stopReason,
  }: ActedReply): Generator<ModelPart> {
    if (thinking !== undefined) yield* this.thinking(thinking)
    yield* text(texts)
    for (const [index, { id: callId, name, input }] of toolCalls.entries()) {
      const id = `call ${index}`
      yield { type: 'toolInput.start', id, callId, name }
      yield { type: 'toolInput.delta', id, text: input }
      yield { type: 'toolInput.end', id }
    }
    yield { type: 'usage', usage: usage ?? NO_USAGE }
    yield { type: 'end', stopReason: stopReason ?? (toolCalls.length > 0 ? 'tool-calls' : 'end') }
  }

  protected *thinking(text: string): Generator<ModelPart> {
    yield { type: 'thinking.start', id: 'thinking' }
    yield { type: 'thinking.delta', id: 'thinking', text }
    yield { type: 'thinking.end', id: 'thinking', signature: 'signed' }
  }

  protected hang(signal: AbortSignal): Promise<never> {
    return new Promise((_resolve, reject) => {
      const giveUp = () => reject(this.failure('cancelled'))
      if (signal.aborted) giveUp()
      else signal.addEventListener('abort', giveUp, { once: true })
    })
  }

  protected failure(kind: ModelErrorKind, retryAfterMs?: number): HalterError {
    const retryable = RETRYABLE_KINDS.has(kind)
    return new HalterError('ERR_MODEL_FAILED', `It failed: ${kind}.`, { kind, retryable, retryAfterMs })
  }
}

function* text(pieces: readonly string[]): Generator<ModelPart> {
  yield { type: 'text.start', id: 'text' }
  for (const piece of pieces) yield { type: 'text.delta', id: 'text', text: piece }
  yield { type: 'text.end', id: 'text' }
}

/** Opens a provider of this class as the suite wants it. */
export function openPlain(Class: typeof PlainProvider, scenes: readonly ProviderScene[]): OpenProvider {
  const provider = new Class(scenes)
  return {
    provider,
    model: 'plain/model',
    calls: () => provider.calls,
    openCalls: () => provider.openCalls,
    close: async () => {},
  }
}
