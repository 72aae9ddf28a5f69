import type { ModelInfo, ModelPart, ModelRequest, Provider } from '@halter/core'
import type { Message } from '@halter/protocol'

/** What the model answers to its n-th call, counted from 0. */
export type Answers = (call: number) => readonly ModelPart[]

/** All that the model looks at: an array of messages will do for a loop that has no transcript. */
export type PlainRequest = Pick<ModelRequest, 'messages'>

/**
 * A model that answers at once, so that everything measured is the loop around it. Like the plugin of a real API it first puts
 * the whole transcript into its own shape; floor and runtime both pay for that.
 */
export class BenchModel implements Provider {
  readonly name = 'bench'
  /** Of the newest request. Kept, so that making it cannot be optimised away. */
  wire: readonly unknown[] = []
  #answers: Answers = () => []
  #calls = 0

  /** Answers from the beginning of a new script. */
  play(answers: Answers): void {
    this.#answers = answers
    this.#calls = 0
  }

  accepts(model: string): boolean {
    return model === 'bench'
  }

  info(model: string): ModelInfo & { readonly model: string } {
    return { model, window: 100_000_000, maxOutput: 1_000, capabilities: {} }
  }

  async *stream(request: PlainRequest): AsyncGenerator<ModelPart> {
    this.wire = encode(request.messages)
    for (const part of this.#answers(this.#calls++)) yield part
  }
}

function encode(messages: Iterable<Message>): readonly unknown[] {
  const wire: unknown[] = []
  for (const { role, parts } of messages) wire.push({ role, content: parts })
  return wire
}
