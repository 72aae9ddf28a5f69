import { NO_USAGE } from '@halter/protocol'
import type { ModelRequest, ProviderCompaction, ResolvedModel } from '../contracts/provider.ts'
import { HalterError } from '../errors.ts'
import type { Activity } from './activity.ts'
import { asModelError } from './call-model.ts'
import { reserveBudget, withCost } from './reserve-budget.ts'

/** One compaction by a provider. */
export interface ProviderCompactionCall {
  readonly model: ResolvedModel
  readonly request: ModelRequest
  readonly instructions: string
  readonly estimatedTokens: number
}

/**
 * Has the provider compact messages in its own way, under the rules of every model call: `request.transform` first, budget set
 * aside, a deadline. Not tried again: whoever asks has another way.
 * @throws HalterError `ERR_BUDGET_EXHAUSTED`, `ERR_MODEL_FAILED`, `ERR_MODEL_TIMEOUT`, or the reason of an abort.
 */
export async function compactByProvider(
  activity: Activity,
  call: ProviderCompactionCall,
): Promise<ProviderCompaction> {
  const { model, instructions } = call
  const asked = await activity.transform('request.transform', call.request)
  const { reservation, request } = await reserveBudget(activity, asked, call, model)
  let usage = NO_USAGE
  try {
    const compaction = await withinSilence(activity, model, (signal) =>
      model.provider.compact!(request, instructions, signal),
    )
    if (!compaction.usage) return compaction
    usage = withCost(compaction.usage, model.info.prices)
    return { ...compaction, usage }
  } catch (error) {
    activity.abort.throwIfAborted()
    throw asModelError(error, model)
  } finally {
    if (usage === NO_USAGE) reservation.release()
    else reservation.settle(usage)
  }
}

/** A provider that answers in one piece may be as silent as one that streams. */
async function withinSilence<T>(
  activity: Activity,
  { provider, id }: ResolvedModel,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { modelSilence: limitMs } = activity.timeouts
  const controller = new AbortController()
  const release = activity.abort.adopt(controller)
  try {
    return await activity.abort.settle(work(controller.signal), (giveUp) =>
      activity.deadlines.start(limitMs, () => {
        const error = new HalterError(
          'ERR_MODEL_TIMEOUT',
          `${provider.name} did not compact for "${id}" within ${limitMs} ms. Try again, or raise timeouts.modelSilence.`,
          { kind: 'transient', retryable: true },
        )
        controller.abort(error)
        giveUp(error)
      }),
    )
  } finally {
    release()
  }
}
