import type { ModelInfo, ModelPart } from '@halter/core'
import type { Message } from '@halter/protocol'
import { BenchModel, type PlainRequest } from './model.ts'

const SUMMARY =
  'The files were looked at one after the other; each holds an answer. The rest is to be looked at.'

/** A model with a window that a long turn outgrows: it says what its input was, and writes summaries. */
export class SmallModel extends BenchModel {
  readonly #window: number

  constructor(window: number) {
    super()
    this.#window = window
  }

  override info(model: string): ModelInfo & { readonly model: string } {
    return { ...super.info(model), window: this.#window }
  }

  override async *stream(request: PlainRequest): AsyncGenerator<ModelPart> {
    const usage = { inputTokens: tokensOf(request.messages), outputTokens: 20 }
    if (request.purpose === 'compaction') {
      yield* [
        { type: 'text.start', id: 'text' },
        { type: 'text.delta', id: 'text', text: `<summary>\n${SUMMARY}\n</summary>` },
        { type: 'text.end', id: 'text' },
        { type: 'usage', usage },
        { type: 'end', stopReason: 'end' },
      ] satisfies ModelPart[]
      return
    }
    for await (const part of super.stream(request))
      yield part.type === 'usage' ? { type: 'usage', usage } : part
  }
}

/** About four characters a token. */
function tokensOf(messages: Iterable<Message>): number {
  let length = 0
  for (const { parts } of messages) length += JSON.stringify(parts).length
  return Math.ceil(length / 4)
}
