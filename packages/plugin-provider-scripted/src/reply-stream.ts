import { HalterError, RETRYABLE_KINDS, type Clock, type ModelPart } from '@halter/core'
import type { Usage } from '@halter/protocol'
import { OPEN_CALL_ID, type CompiledReply } from './compile-reply.ts'
import type { ScriptedError } from './script.ts'

/** A reply that is about to be streamed, and what is this call's own. */
export interface PreparedReply {
  readonly reply: CompiledReply
  /** Undefined: the call reports none. */
  readonly usage: Usage | undefined
  /** Begins the ids of the tool calls. */
  readonly callIdPrefix: string
}

type Step = IteratorResult<ModelPart, undefined>

/**
 * Streams a reply. Written by hand: without a delay, a part costs its step and a promise that is settled already, where an
 * async generator would queue and resume once per part.
 */
export class ReplyStream implements AsyncIterableIterator<ModelPart, undefined> {
  readonly #prepare: () => PreparedReply | Promise<PreparedReply>
  readonly #clock: Pick<Clock, 'sleep'>
  readonly #signal: AbortSignal
  #prepared: PreparedReply | undefined
  #next = 0
  #calls = 0
  /** The usage goes out before this part. */
  #usageAt = -1
  #hasWaited = false
  #isOver = false

  /** `prepare` is asked once, for the first part; what it throws is what the stream fails with. */
  constructor(
    prepare: () => PreparedReply | Promise<PreparedReply>,
    clock: Pick<Clock, 'sleep'>,
    signal: AbortSignal,
  ) {
    this.#prepare = prepare
    this.#clock = clock
    this.#signal = signal
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Step> {
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined })
    if (this.#signal.aborted) return this.#fail(cancelled(this.#signal))
    const prepared = this.#prepared
    if (!prepared) return this.#begin()
    const { parts, delayMs, failure } = prepared.reply
    const part = parts[this.#next]
    if (this.#next === this.#usageAt) {
      this.#usageAt = -1
      return Promise.resolve({ done: false, value: { type: 'usage', usage: prepared.usage! } })
    }
    if (delayMs > 0 && !this.#hasWaited && isDue(part, prepared.reply)) return this.#nextAfter(delayMs)
    this.#hasWaited = false
    if (!part) return failure ? this.#fail(asError(failure)) : this.return()
    this.#next += 1
    return Promise.resolve({ done: false, value: this.#own(part, prepared) })
  }

  return(): Promise<Step> {
    this.#isOver = true
    return Promise.resolve({ done: true, value: undefined })
  }

  async #begin(): Promise<Step> {
    const prepared = await this.#prepare()
    const { parts, failure } = prepared.reply
    this.#prepared = prepared
    if (prepared.usage) this.#usageAt = failure ? parts.length : parts.length - 1
    return this.next()
  }

  async #nextAfter(delayMs: number): Promise<Step> {
    try {
      await this.#clock.sleep(delayMs, this.#signal)
    } catch (error) {
      if (!this.#signal.aborted) throw error
    }
    this.#hasWaited = true
    return this.next()
  }

  #fail(failure: HalterError): Promise<Step> {
    this.#isOver = true
    return Promise.reject(failure)
  }

  #own(part: ModelPart, { callIdPrefix }: PreparedReply): ModelPart {
    if (part.type !== 'toolInput.start' || part.callId !== OPEN_CALL_ID) return part
    return { ...part, callId: `${callIdPrefix}-${this.#calls++}` }
  }
}

/** Whether a delay stands before this part: before each delta, or once before the end of a reply that has none. */
function isDue(part: ModelPart | undefined, { parts, failure }: CompiledReply): boolean {
  if (part && isDelta(part)) return true
  const isLast = failure ? part === undefined : part?.type === 'end'
  return isLast && !parts.some(isDelta)
}

function isDelta({ type }: ModelPart): boolean {
  return type === 'text.delta' || type === 'thinking.delta' || type === 'toolInput.delta'
}

function asError({ kind, message, retryAfterMs }: ScriptedError): HalterError {
  const retryable = RETRYABLE_KINDS.has(kind)
  return new HalterError('ERR_MODEL_FAILED', message, { kind, retryable, retryAfterMs })
}

function cancelled(signal: AbortSignal): HalterError {
  return new HalterError('ERR_MODEL_FAILED', 'The call of the scripted model was cancelled.', {
    kind: 'cancelled',
    cause: signal.reason,
  })
}

/** Waits without a clock; rejects with the signal's reason when that is aborted first. */
export function sleepByTimer(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal!.reason as Error)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
