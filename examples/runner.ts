// The smallest way to use agents: name one, run it, get an answer. A conversation is a session, so everything else is there when it is
// needed: it survives the process, it can be forked, replayed and looked at. Runs offline.
import { join } from 'node:path'
import { createRuntime } from 'halter'
import type { RuntimeOptions, Schema, SessionRuntime, Tool } from '@halter/core'
import type { SessionId, Usage } from '@halter/protocol'

/** Who answers: what it is told, and what it may use. */
export interface Agent {
  readonly name: string
  readonly instructions: string
  /** Default: the runner's. */
  readonly model?: string
  readonly tools?: readonly Tool[]
}

/** How one answer is wanted. */
export interface RunOptions<Output> {
  /** Go on with this one; default: a new one. */
  readonly conversation?: SessionId
  /** The answer is JSON of this shape. */
  readonly output?: Schema<Output>
  /** Gets the text as it comes. */
  readonly onText?: (text: string) => void
  readonly signal?: AbortSignal
}

/** An answer. */
export interface Answer<Output> {
  readonly text: string
  /** Present when a shape was asked for. */
  readonly output: Output | undefined
  readonly conversation: SessionId
  readonly usage: Usage
}

/** Runs agents. `await using runner = await Runner.start()` stops it at the end of the block. */
export class Runner implements AsyncDisposable {
  readonly #runtime: SessionRuntime

  private constructor(runtime: SessionRuntime) {
    this.#runtime = runtime
  }

  static async start(options?: RuntimeOptions): Promise<Runner> {
    return new Runner(await createRuntime(options))
  }

  /** @throws HalterError with the turn's own code, when no answer came of it. */
  async run<Output = never>(
    agent: Agent,
    prompt: string,
    options: RunOptions<Output> = {},
  ): Promise<Answer<Output>> {
    await using session = await this.#open(agent, options.conversation)
    const { output: schema, signal, onText } = options
    const turn = session.submitTurn(prompt, {
      ...(signal && { signal }),
      ...(schema && { output: { schema } }),
    })
    if (onText) for await (const event of turn) if (event.type === 'text.delta') onText(event.text)
    const { text, output, usage } = await turn.orThrow()
    return { text, output: output as Output | undefined, conversation: session.id, usage }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#runtime.shutdown()
  }

  async #open({ name, instructions, model, tools }: Agent, conversation: SessionId | undefined) {
    const attached = { ...(tools && { tools }) }
    if (conversation === undefined)
      return await this.#runtime.newSession({
        title: name,
        systemPrompt: instructions,
        ...(model !== undefined && { model }),
        ...attached,
      })
    const session = await this.#runtime.resume(conversation, attached)
    if (!session) throw new Error(`There is no conversation ${conversation}.`)
    return session
  }
}

if (import.meta.main) {
  await using runner = await Runner.start({
    defaultModel: `scripted/${join(import.meta.dirname, 'scripts/echo.mjs')}`,
  })
  const parrot: Agent = { name: 'parrot', instructions: 'Say what you hear.' }
  const first = await runner.run(parrot, 'Good morning!', { onText: (text) => process.stdout.write(text) })
  console.log()
  const second = await runner.run(parrot, 'And good night.', { conversation: first.conversation })
  console.log(second.text, `(${second.usage.inputTokens} tokens in)`)
}
