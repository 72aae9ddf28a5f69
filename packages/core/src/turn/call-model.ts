import { addUsage, NO_USAGE, type MessageId, type ModelPurpose, type Usage } from '@halter/protocol'
import {
  RETRYABLE_KINDS,
  type ModelReply,
  type ModelRequest,
  type ResolvedModel,
} from '../contracts/provider.ts'
import { HalterError, isHalterError } from '../errors.ts'
import type { Activity } from './activity.ts'
import { ReplyDraft, type DraftListener } from './reply-draft.ts'
import { reserveBudget, withCost } from './reserve-budget.ts'

/** One call of a model. */
export interface ModelCall {
  readonly purpose: ModelPurpose
  readonly model: ResolvedModel
  readonly messageId: MessageId
  /** Input tokens, as far as they are known; what a budget sets aside. */
  readonly estimatedTokens: number
  readonly listener: DraftListener
  /** Told of the request as hooks and budget left it, before it is sent. */
  readonly onRequest?: (request: ModelRequest) => void
  /** Told of a call that failed: what of the reply had come, and what it had cost. */
  readonly onFailure?: (draft: ReplyDraft, usage: Usage, model: ResolvedModel) => void
}

/** A finished call, and the model that answered: a hook or a fallback may have changed it. */
export interface CalledModel extends ModelReply {
  readonly model: ResolvedModel
}

/** For calls that nobody watches. */
export const NO_LISTENER: DraftListener = Object.freeze({
  callId: (raw: string) => raw,
  text() {},
  thinking() {},
  toolInput() {},
})

/**
 * The only way to a model. Asks `request.transform`, sets aside budget (for a shorter reply, where no more is left), streams, and tries again while that is safe: after a
 * retryable failure, and only as long as nothing of the reply has been seen.
 * @throws HalterError `ERR_BUDGET_EXHAUSTED`, `ERR_MODEL_FAILED` with its kind, `ERR_MODEL_TIMEOUT`, or the reason of an abort.
 */
export async function callModel(
  activity: Activity,
  request: ModelRequest,
  call: ModelCall,
): Promise<CalledModel> {
  const transformed = await activity.transform('request.transform', request)
  const model = await resolveAgain(activity, request, transformed, call.model)
  const asked = model === call.model ? transformed : { ...transformed, model: model.model }
  const { reservation, request: final } = await reserveBudget(activity, asked, call, model)
  call.onRequest?.(final)
  const tries = new Tries(activity, final, call, model)
  try {
    const draft = await tries.run()
    const message = draft.finish(activity.clock.now(), model.model)
    if (final !== asked && message.stopReason === 'max-output') warnOfShortReply(activity, final)
    return { message, usage: tries.usage, metadata: draft.metadata, warnings: draft.warnings, model }
  } catch (error) {
    call.onFailure?.(tries.draft, tries.usage, model)
    throw error
  } finally {
    if (tries.usage === NO_USAGE) reservation.release()
    else reservation.settle(tries.usage)
  }
}

/** A reply that the model would have made longer, had there been budget for it. */
function warnOfShortReply(activity: Activity, { maxOutputTokens }: ModelRequest): void {
  activity.warn(
    'ERR_BUDGET_EXHAUSTED',
    `The reply was cut off at ${maxOutputTokens} tokens: the budget left no more for it. Raise limits.tokens or limits.usd.`,
    undefined,
  )
}

async function resolveAgain(
  activity: Activity,
  before: ModelRequest,
  after: ModelRequest,
  model: ResolvedModel,
): Promise<ResolvedModel> {
  if (after.model === before.model) return model
  return activity.resolveModel(after.model, model.role)
}

/** The tries of one call, and what they have cost together. */
class Tries {
  readonly #activity: Activity
  readonly #request: ModelRequest
  readonly #call: ModelCall
  readonly #model: ResolvedModel
  draft!: ReplyDraft
  usage: Usage = NO_USAGE

  constructor(activity: Activity, request: ModelRequest, call: ModelCall, model: ResolvedModel) {
    this.#activity = activity
    this.#request = request
    this.#call = call
    this.#model = model
  }

  async run(): Promise<ReplyDraft> {
    const activity = this.#activity
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once()
      } catch (error) {
        activity.abort.throwIfAborted()
        const failure = asModelError(error, this.#model)
        if (!mayRetry(failure, this.draft) || attempt >= activity.maxModelTries) throw failure
        await activity.clock.sleep(retryDelay(activity, failure, attempt), activity.signal)
      }
    }
  }

  async #once(): Promise<ReplyDraft> {
    const { messageId, listener } = this.#call
    this.draft = new ReplyDraft(messageId, this.#model.provider.name, listener)
    try {
      await stream(this.#activity, this.#request, this.#model, this.draft)
      return this.draft
    } finally {
      const { usage } = this.draft
      if (usage !== NO_USAGE) this.usage = addUsage(this.usage, withCost(usage, this.#model.info.prices))
    }
  }
}

/** One try. The provider's iteration may be left behind when it ignores an abort; its later parts go nowhere. */
async function stream(
  activity: Activity,
  request: ModelRequest,
  model: ResolvedModel,
  draft: ReplyDraft,
): Promise<void> {
  const controller = new AbortController()
  const { signal } = controller
  const release = activity.abort.adopt(controller)
  const silence = new SilenceWatch(activity, model, controller)
  const pump = async (): Promise<void> => {
    for await (const part of model.provider.stream(request, signal)) {
      if (signal.aborted) throw signal.reason
      silence.hasBeat = true
      draft.take(part)
    }
  }
  try {
    await activity.abort.settle(pump(), (giveUp) => silence.start(giveUp))
  } finally {
    release()
  }
  if (!draft.isEnded)
    throw new HalterError(
      'ERR_MODEL_PROTOCOL',
      `${model.provider.name} ended the stream of "${model.id}" without saying so: the reply may be cut off.`,
      { kind: 'transient', retryable: true },
    )
}

/** Ends a stream that has sent no part for too long. Looked at once a second at most, so a part costs one assignment. */
class SilenceWatch {
  hasBeat = false
  readonly #activity: Activity
  readonly #model: ResolvedModel
  readonly #controller: AbortController
  #silentMs = 0
  #stop!: () => void

  constructor(activity: Activity, model: ResolvedModel, controller: AbortController) {
    this.#activity = activity
    this.#model = model
    this.#controller = controller
  }

  /** Returns how to stop. */
  start(giveUp: (reason: Error) => void): () => void {
    this.#wait(giveUp)
    return () => this.#stop()
  }

  #wait(giveUp: (reason: Error) => void): void {
    const { modelSilence: limitMs } = this.#activity.timeouts
    const tickMs = Math.min(limitMs, 1000)
    this.#stop = this.#activity.deadlines.start(tickMs, () => {
      this.#silentMs = this.hasBeat ? 0 : this.#silentMs + tickMs
      this.hasBeat = false
      if (this.#silentMs < limitMs) return this.#wait(giveUp)
      const { provider, id } = this.#model
      const error = new HalterError(
        'ERR_MODEL_TIMEOUT',
        `${provider.name} sent nothing of "${id}" for ${limitMs} ms. Try again, or raise timeouts.modelSilence.`,
        { kind: 'transient', retryable: true },
      )
      this.#controller.abort(error)
      giveUp(error)
    })
  }
}

function mayRetry(error: HalterError, draft: ReplyDraft): boolean {
  if (draft.hasContent) return false
  return error.kind === undefined ? error.retryable : RETRYABLE_KINDS.has(error.kind)
}

/** What the provider asked for, or else 0.5 s doubled per try, with jitter; never more than 30 s. */
function retryDelay(activity: Activity, error: HalterError, attempt: number): number {
  if (error.retryAfterMs !== undefined) return Math.min(error.retryAfterMs, 30_000)
  const base = 500 * 2 ** (attempt - 1)
  return Math.min(base * (0.5 + activity.service('random').next()), 30_000)
}

/** What a provider threw, as an error of ours that names it. */
export function asModelError(error: unknown, model: ResolvedModel): HalterError {
  if (isHalterError(error)) return error
  const message = error instanceof Error ? error.message : String(error)
  return new HalterError('ERR_MODEL_FAILED', `${model.provider.name} failed on "${model.id}": ${message}`, {
    cause: error,
    kind: 'invalid-request',
  })
}
