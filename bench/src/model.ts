import type { ModelInfo, ModelPart, ModelRequest, Provider } from '@halter/core'
import type { Message } from '@halter/protocol'

/** What the model answers to the n-th call of a session, counted from 0. */
export type Answers = (call: number) => readonly ModelPart[]

/** All that the model looks at: an array of messages will do for a loop that has no transcript, and no session. */
export type PlainRequest = Pick<ModelRequest, 'messages'> &
  Partial<Pick<ModelRequest, 'sessionId' | 'purpose'>>

/**
 * A model that answers at once, so that everything measured is the loop around it. Like the plugin of a real API it first puts
 * the whole transcript into its own shape; floor and runtime both pay for that.
 */
export class BenchModel implements Provider {
  readonly name = 'bench'
  /** Of the newest request. Kept, so that making it cannot be optimised away. */
  wire: readonly unknown[] = []
  #answers: Answers = () => []
  readonly #calls = new Map<string | undefined, number>()

  /** Answers from the beginning of a new script. */
  play(answers: Answers): void {
    this.#answers = answers
    this.#calls.clear()
  }

  accepts(model: string): boolean {
    return model === 'bench'
  }

  info(model: string): ModelInfo & { readonly model: string } {
    return { model, window: 100_000_000, maxOutput: 1_000, capabilities: {} }
  }

  async *stream(request: PlainRequest): AsyncGenerator<ModelPart> {
    const { sessionId, messages } = request
    this.wire = encode(messages)
    const call = this.#calls.get(sessionId) ?? 0
    this.#calls.set(sessionId, call + 1)
    for (const part of this.#answers(call)) yield part
  }
}

function encode(messages: Iterable<Message>): readonly unknown[] {
  const wire: unknown[] = []
  for (const { role, parts } of messages) wire.push({ role, content: parts })
  return wire
}
