import { HalterError } from '@halter/core'

/** A limit of tokens or dollars that the next call could break. */
export interface AmountShortage {
  readonly unit: 'tokens' | 'usd'
  readonly limit: number
  readonly spent: number
  /** For calls in flight. */
  readonly reserved: number
  /** The most that the next call can cost. */
  readonly asked: number
}

/** The turn has made as many model calls as it may. */
export function stepsExhausted(limit: number, spent: number): HalterError {
  return new HalterError(
    'ERR_BUDGET_EXHAUSTED',
    `The turn has made ${spent} model calls, and limits.steps is ${limit}. Raise it, or split the task.`,
    { data: { limit: 'steps', value: limit, spent } },
  )
}

/** The turn has run for as long as it may. */
export function timeExhausted(limit: number, spent: number): HalterError {
  return new HalterError(
    'ERR_BUDGET_EXHAUSTED',
    `The turn has run for ${Math.round(spent)} ms, and limits.timeMs is ${limit}. Raise it, or split the task.`,
    { data: { limit: 'timeMs', value: limit, spent } },
  )
}

/** The next call could cost more than is left. */
export function amountExhausted({ unit, limit, spent, reserved, asked }: AmountShortage): HalterError {
  const show = (amount: number): string => (unit === 'usd' ? `$${+amount.toFixed(6)}` : `${amount} tokens`)
  const inFlight = reserved > 0 ? `, ${show(reserved)} are set aside for calls in flight` : ''
  return new HalterError(
    'ERR_BUDGET_EXHAUSTED',
    `limits.${unit} is ${show(limit)}: ${show(spent)} are spent${inFlight}, and the next call can cost up to ${show(asked)}. ` +
      'Raise the limit, or lower maxOutputTokens, which is part of what a call can cost.',
    { data: { limit: unit, value: limit, spent, reserved, asked } },
  )
}

/** Dollars are limited and the model has no prices to count them by. */
export function pricesMissing(limit: number): HalterError {
  return new HalterError(
    'ERR_BUDGET_PRICES',
    `limits.usd is $${limit}, and the model's provider states no prices, so nobody can tell when it is reached. ` +
      'Choose a model with prices, or limit tokens instead.',
    { data: { limit: 'usd', value: limit } },
  )
}
