import type { Budget, BudgetRequest, Reservation } from '@halter/core'
import { Account, amountOf, type Amount } from './account.ts'
import { amountExhausted, pricesMissing, stepsExhausted, timeExhausted } from './budget-errors.ts'

/** Accounts that are remembered; beyond that, the one goes that has no call in flight and was idle the longest. */
const KEPT_ACCOUNTS = 1000

/**
 * Slot `budget`. Every call sets aside the most that it can cost before it is made, so that parallel calls never count on the same
 * rest. A call is asked for once per session whose limits bind it, its own and each ancestor's: one account each.
 */
export function createBudget(): Budget {
  const accounts = new Map<string, Account>()
  let waiting: (() => void)[] = []
  const wake = (): void => {
    const woken = waiting
    waiting = []
    for (const resolve of woken) resolve()
  }
  return {
    reserve(request) {
      checkSteps(request)
      checkTime(request)
      checkPrices(request)
      const account = accountOf(accounts, request)
      const asked = amountOf(request.estimate)
      checkAmount(account, request, asked)
      return reservation(account, asked, wake)
    },
    left(request) {
      const { spent, reserved, open } = accountOf(accounts, request)
      const { tokens, usd } = request.limits
      return {
        inFlight: open,
        ...(tokens !== undefined && { tokens: Math.max(0, tokens - spent.tokens - reserved.tokens) }),
        ...(usd !== undefined && { usd: Math.max(0, usd - spent.usd - reserved.usd) }),
      }
    },
    freed: () => new Promise((resolve) => waiting.push(resolve)),
  }
}

/** The account of the session whose limits these are. */
function accountOf(
  accounts: Map<string, Account>,
  { rootId, spent }: Pick<BudgetRequest, 'rootId' | 'spent'>,
): Account {
  const known = accounts.get(rootId)
  if (known) accounts.delete(rootId)
  else if (accounts.size >= KEPT_ACCOUNTS) forgetIdle(accounts)
  const account = known ?? new Account()
  accounts.set(rootId, account) // the last of the map is the one used last
  account.raise(amountOf(spent)) // what the log says, and no reservation of ours
  return account
}

function forgetIdle(accounts: Map<string, Account>): void {
  for (const [id, { open }] of accounts) {
    if (open > 0) continue
    accounts.delete(id)
    return
  }
}

function checkSteps({ limits, steps }: BudgetRequest): void {
  if (limits.steps !== undefined && steps >= limits.steps) throw stepsExhausted(limits.steps, steps)
}

function checkTime({ limits, elapsedMs }: BudgetRequest): void {
  if (limits.timeMs !== undefined && elapsedMs >= limits.timeMs) throw timeExhausted(limits.timeMs, elapsedMs)
}

function checkPrices({ limits, estimate }: BudgetRequest): void {
  if (limits.usd !== undefined && estimate.costUsd === undefined) throw pricesMissing(limits.usd)
}

function checkAmount(account: Account, { limits }: BudgetRequest, asked: Amount): void {
  for (const unit of ['tokens', 'usd'] as const) {
    const limit = limits[unit]
    const spent = account.spent[unit]
    const reserved = account.reserved[unit]
    if (limit !== undefined && spent + reserved + asked[unit] > limit)
      throw amountExhausted({ unit, limit, spent, reserved, asked: asked[unit] })
  }
}

/** Counts once: what comes after the first `settle` or `release` changes nothing. */
function reservation(account: Account, asked: Amount, onEnd: () => void): Reservation {
  account.reserve(asked)
  let isOpen = true
  const close = (spent?: Amount): void => {
    if (!isOpen) return
    isOpen = false
    account.settle(asked, spent)
    onEnd()
  }
  return {
    // A call whose price is not known is taken to have cost what was set aside.
    settle: (usage) => close(amountOf(usage, asked.usd)),
    release: () => close(),
  }
}
