import type { Budget, BudgetRequest, Reservation } from '@halter/core'
import type { Limits } from '@halter/protocol'
import { Account, amountOf, type Amount } from './account.ts'
import { amountExhausted, pricesMissing, stepsExhausted, timeExhausted } from './budget-errors.ts'

/** A session within its tree. */
class Member extends Account {
  /** Of its newest request: a smaller one means that another turn has begun. */
  elapsedMs = Infinity
  /** How long the root's turn had run, at least, when this member's turn began. */
  rootMsBefore = 0
}

/** A root session and its descendants. */
class Tree extends Account {
  readonly members = new Map<string, Member>()
  /** Of the root, once it has asked. */
  limits: Limits | undefined
  /** Of the root's newest request. */
  rootMs = 0
}

/** Trees that are remembered; beyond that, the one goes that has no call in flight and was idle the longest. */
const KEPT_TREES = 1000

/**
 * Slot `budget`. Every call sets aside the most that it can cost before it is made, in the account of its session and in that
 * of its tree, so that parallel calls never count on the same rest. The limits of the root bound the whole tree, those of a
 * session its own account; a tree whose root has not asked yet is bound by the limits of whoever asks.
 */
export function createBudget(): Budget {
  const trees = new Map<string, Tree>()
  return {
    reserve(request) {
      const tree = treeOf(trees, request)
      const member = memberOf(tree, request)
      checkSteps(request)
      checkTime(tree, member, request)
      checkPrices(tree, request)
      const asked = amountOf(request.estimate)
      if (request.sessionId !== request.rootId) checkAmount(member, request.limits, asked)
      checkAmount(tree, tree.limits ?? request.limits, asked)
      return reservation(asked, [tree, member])
    },
  }
}

function treeOf(trees: Map<string, Tree>, request: BudgetRequest): Tree {
  const { rootId, sessionId, limits, elapsedMs } = request
  const known = trees.get(rootId)
  if (known) trees.delete(rootId)
  else if (trees.size >= KEPT_TREES) forgetIdle(trees)
  const tree = known ?? new Tree()
  trees.set(rootId, tree) // the last of the map is the one used last
  if (sessionId === rootId) Object.assign(tree, { limits, rootMs: elapsedMs })
  return tree
}

function forgetIdle(trees: Map<string, Tree>): void {
  for (const [rootId, tree] of trees) {
    if (tree.open > 0) continue
    trees.delete(rootId)
    return
  }
}

/** Also takes in what was spent before this budget knew the session: what its log says and no account has yet. */
function memberOf(tree: Tree, { sessionId, rootId, spent, elapsedMs }: BudgetRequest): Member {
  const said = amountOf(spent)
  const known = tree.members.get(sessionId)
  const member = known ?? new Member()
  if (!known) tree.members.set(sessionId, member)
  if (sessionId === rootId) tree.raise(said)
  else if (!known) tree.add(said)
  member.raise(said)
  if (elapsedMs < member.elapsedMs) member.rootMsBefore = sessionId === rootId ? 0 : tree.rootMs
  member.elapsedMs = elapsedMs
  return member
}

function checkSteps({ limits, steps }: BudgetRequest): void {
  if (limits.steps !== undefined && steps >= limits.steps) throw stepsExhausted(limits.steps, steps)
}

/** A descendant's turn runs within its root's, so the root's time is the descendant's and what was before it. */
function checkTime(tree: Tree, member: Member, { limits, elapsedMs }: BudgetRequest): void {
  if (limits.timeMs !== undefined && elapsedMs >= limits.timeMs) throw timeExhausted(limits.timeMs, elapsedMs)
  const rootMs = member.rootMsBefore + elapsedMs
  const rootLimit = tree.limits?.timeMs
  if (rootLimit !== undefined && rootMs >= rootLimit) throw timeExhausted(rootLimit, rootMs)
}

function checkPrices(tree: Tree, { limits, estimate }: BudgetRequest): void {
  const limit = limits.usd ?? tree.limits?.usd
  if (limit !== undefined && estimate.costUsd === undefined) throw pricesMissing(limit)
}

function checkAmount(account: Account, limits: Limits, asked: Amount): void {
  for (const unit of ['tokens', 'usd'] as const) {
    const limit = limits[unit]
    const spent = account.spent[unit]
    const reserved = account.reserved[unit]
    if (limit !== undefined && spent + reserved + asked[unit] > limit)
      throw amountExhausted({ unit, limit, spent, reserved, asked: asked[unit] })
  }
}

/** Counts once: what comes after the first `settle` or `release` changes nothing. */
function reservation(asked: Amount, accounts: readonly Account[]): Reservation {
  for (const account of accounts) account.reserve(asked)
  let isOpen = true
  const close = (spent?: Amount): void => {
    if (!isOpen) return
    isOpen = false
    for (const account of accounts) account.settle(asked, spent)
  }
  return {
    // A call whose price is not known is taken to have cost what was set aside.
    settle: (usage) => close(amountOf(usage, asked.usd)),
    release: () => close(),
  }
}
