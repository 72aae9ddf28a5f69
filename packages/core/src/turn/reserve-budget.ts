import type { Usage } from '@halter/protocol'
import type { ModelPrices, ModelRequest, ResolvedModel } from '../contracts/provider.ts'
import type { Budget, BudgetRest, Reservation } from '../contracts/system.ts'
import { ruleOfThumb } from '../session/token-estimate.ts'
import type { Activity, Spending } from './activity.ts'

/** Output tokens below which a reply is not worth its call: with less left, the budget is exhausted. */
const LEAST_OUTPUT = 256
/** The same while other calls hold a part of the budget: with less left, a call waits for what they do not use. */
const LEAST_OUTPUT_BESIDE_OTHERS = 4096

/** Room for a call, and the call as it fits in: the request that was given, or one with fewer `maxOutputTokens`. */
export interface ReservedCall {
  readonly reservation: Reservation
  readonly request: ModelRequest
}

/**
 * Sets aside the most that a call can cost, in the limits of the session and of each of its ancestors: in all of them, or in none.
 * Where less is left, the reply gets less; where calls in flight hold what is missing, they are waited for.
 * @throws HalterError `ERR_BUDGET_EXHAUSTED`, `ERR_BUDGET_PRICES`, or the reason of an abort.
 */
export async function reserveBudget(
  activity: Activity,
  request: ModelRequest,
  call: { readonly estimatedTokens: number },
  model: ResolvedModel,
): Promise<ReservedCall> {
  const budget = activity.service('budget')
  const inputTokens = call.estimatedTokens + unseenTokens(activity, request)
  const wanted = request.maxOutputTokens ?? model.info.maxOutput
  const { prices } = model.info
  for (;;) {
    const spending = activity.spending()
    const rests = budget.left ? spending.map((limit) => budget.left!(limit)) : []
    const outputTokens = affordableOutput(rests, { inputTokens, wanted, prices })
    const estimate = withCost({ inputTokens, outputTokens }, prices)
    if (!budget.freed || !rests.some((rest) => rest.inFlight > 0 && !fits(estimate, rest))) {
      const reservation = reserveInAll(budget, spending, estimate)
      const isLess = outputTokens < wanted
      return { reservation, request: isLess ? { ...request, maxOutputTokens: outputTokens } : request }
    }
    await activity.abort.settle(budget.freed())
  }
}

interface ReplyCost {
  readonly inputTokens: number
  readonly wanted: number
  readonly prices: ModelPrices | undefined
}

/** How long the reply may be, in all of the limits. At least as long as is worth a call, so that a refusal names that much. */
function affordableOutput(rests: readonly BudgetRest[], { inputTokens, wanted, prices }: ReplyCost): number {
  const room = Math.min(...rests.map((rest) => outputOf(rest, inputTokens, prices)))
  const least = rests.some(({ inFlight }) => inFlight > 0) ? LEAST_OUTPUT_BESIDE_OTHERS : LEAST_OUTPUT
  return Math.min(wanted, Math.max(room, least))
}

/** Output tokens that a rest pays for when the input is paid. */
function outputOf({ tokens, usd }: BudgetRest, inputTokens: number, prices: ModelPrices | undefined): number {
  const byTokens = tokens === undefined ? Infinity : tokens - inputTokens
  if (usd === undefined || !prices || prices.output <= 0) return byTokens
  const inputUsd = withCost({ inputTokens, outputTokens: 0 }, prices).costUsd!
  return Math.min(byTokens, Math.floor(((usd - inputUsd) * 1_000_000) / prices.output))
}

function fits({ inputTokens, outputTokens, costUsd = 0 }: Usage, { tokens, usd }: BudgetRest): boolean {
  return (
    (tokens === undefined || inputTokens + outputTokens <= tokens) && (usd === undefined || costUsd <= usd)
  )
}

function reserveInAll(budget: Budget, spending: readonly Spending[], estimate: Usage): Reservation {
  const taken: Reservation[] = []
  try {
    for (const limit of spending) taken.push(budget.reserve({ ...limit, estimate }))
  } catch (error) {
    for (const reservation of taken) reservation.release()
    throw error
  }
  return {
    settle: (usage) => taken.forEach((reservation) => reservation.settle(usage)),
    release: () => taken.forEach((reservation) => reservation.release()),
  }
}

/** What is around the messages, as long as no provider has counted it; from then on it is in the estimate. */
function unseenTokens({ state }: Activity, { purpose, system, tail }: ModelRequest): number {
  if (purpose !== 'turn' || state.anchor) return 0
  return [...system, ...tail].reduce((sum, { text }) => sum + ruleOfThumb(text), 0)
}

/** Usage with its price, where the model has prices. */
export function withCost(usage: Usage, prices: ModelPrices | undefined): Usage {
  if (!prices || usage.costUsd !== undefined) return usage
  const read = usage.cacheReadTokens ?? 0
  const written = usage.cacheWriteTokens ?? 0
  const plain = Math.max(0, usage.inputTokens - read - written)
  const perMillion =
    plain * prices.input +
    usage.outputTokens * prices.output +
    read * (prices.cacheRead ?? prices.input) +
    written * (prices.cacheWrite ?? prices.input)
  return { ...usage, costUsd: perMillion / 1_000_000 }
}
