import type { Json, ModelErrorKind, StopReason, Usage } from '@halter/protocol'
import type { ModelInfo, ModelPart, ModelRequest, Provider } from '../contracts/provider.ts'
import type { Clock } from '../contracts/system.ts'
import { HalterError } from '../errors.ts'

/** One scripted reply: given in order, one per model call. */
export interface TestReply {
  /** One delta each. */
  readonly text?: string | readonly string[]
  readonly thinking?: string
  readonly toolCalls?: readonly {
    readonly name: string
    readonly input?: Json
    readonly id?: string
    /** What the model writes instead of `input`, as it is. */
    readonly rawInput?: string
  }[]
  readonly usage?: Usage
  readonly stopReason?: Exclude<StopReason, 'interrupted'>
  /** Before every part, by the session's clock. */
  readonly delayMs?: number
  readonly error?: { readonly kind: ModelErrorKind; readonly message: string; readonly retryAfterMs?: number }
  /** The stream ends without saying so. */
  readonly isCutOff?: boolean
  /** The stream stops here, and ignores its signal. */
  readonly hangs?: boolean
}

/** A whole script, or what to answer to each request. */
export type TestScript = readonly TestReply[] | ((request: ModelRequest) => TestReply)

const INFO: ModelInfo = { window: 100_000, maxOutput: 4_096, capabilities: {} }

/** Answers from a script, and remembers what it was asked. Its models are `test` and `test/…`. */
export class TestProvider implements Provider {
  readonly name = 'test'
  readonly requests: ModelRequest[] = []
  readonly #script: TestScript
  readonly #clock: Clock
  readonly #info: ModelInfo

  constructor(script: TestScript, clock: Clock, info: Partial<ModelInfo> = {}) {
    this.#script = script
    this.#clock = clock
    this.#info = { ...INFO, ...info }
  }

  accepts(model: string): boolean {
    return model === 'test' || model.startsWith('test/')
  }

  info(model: string): ModelInfo & { readonly model: string } {
    return { ...this.#info, model }
  }

  async *stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelPart> {
    const call = this.requests.push(request)
    const reply = typeof this.#script === 'function' ? this.#script(request) : this.#script[call - 1]
    if (!reply)
      throw new HalterError('ERR_MODEL_FAILED', `The test script has no reply for call ${call}. Add one.`, {
        kind: 'invalid-request',
      })
    if (reply.error) throw failure(reply.error)
    for (const part of partsOf(reply, call)) {
      if (reply.delayMs) await this.#clock.sleep(reply.delayMs, signal)
      yield part
    }
    if (reply.hangs) await new Promise(() => {})
    if (!reply.isCutOff)
      yield { type: 'end', stopReason: reply.stopReason ?? (reply.toolCalls ? 'tool-calls' : 'end') }
  }
}

function* partsOf(reply: TestReply, call: number): Generator<ModelPart> {
  if (reply.thinking !== undefined) {
    yield { type: 'thinking.start', id: 'thinking' }
    yield { type: 'thinking.delta', id: 'thinking', text: reply.thinking }
    yield { type: 'thinking.end', id: 'thinking', signature: 'signed' }
  }
  const texts = typeof reply.text === 'string' ? [reply.text] : (reply.text ?? [])
  for (const text of texts) yield { type: 'text.delta', id: 'text', text }
  for (const [index, { name, input, id, rawInput }] of (reply.toolCalls ?? []).entries()) {
    const block = `call-${index}`
    yield { type: 'toolInput.start', id: block, callId: id ?? `call-${call}-${index}`, name }
    yield { type: 'toolInput.delta', id: block, text: rawInput ?? JSON.stringify(input ?? {}) }
    if (!reply.isCutOff && reply.stopReason !== 'max-output') yield { type: 'toolInput.end', id: block }
  }
  yield { type: 'usage', usage: reply.usage ?? { inputTokens: 10, outputTokens: 5 } }
}

function failure({ kind, message, retryAfterMs }: NonNullable<TestReply['error']>): HalterError {
  return new HalterError('ERR_MODEL_FAILED', message, { kind, retryAfterMs })
}
