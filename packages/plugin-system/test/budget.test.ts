import { isHalterError, type BudgetRequest, type Reservation } from '@halter/core'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createBudget } from '../src/budget.ts'

describe('budget', () => {
  test('a call that fits passes, one that may not fit is refused before it is made', () => {
    const budget = createBudget()
    const limits = { tokens: 100 }
    budget.reserve(request({ limits, estimate: tokens(60) })).settle(tokens(50))
    const refused = refusal(() =>
      budget.reserve(request({ limits, spent: tokens(50), estimate: tokens(51) })),
    )
    expect(refused.message).toMatch(/limits\.tokens is 100 tokens: 50 tokens are spent, .* up to 51 tokens/)
    expect(refused.data).toEqual({ limit: 'tokens', value: 100, spent: 50, reserved: 0, asked: 51 })
    budget.reserve(request({ limits, spent: tokens(50), estimate: tokens(50) }))
  })

  test('the error names steps and time with their value and what was used', () => {
    const budget = createBudget()
    const steps = refusal(() => budget.reserve(request({ limits: { steps: 3 }, steps: 3 })))
    expect(steps.message).toMatch(/3 model calls, and limits\.steps is 3/)
    const time = refusal(() => budget.reserve(request({ limits: { timeMs: 500 }, elapsedMs: 501.2 })))
    expect(time.message).toMatch(/501 ms, and limits\.timeMs is 500/)
    expect(time.data).toMatchObject({ limit: 'timeMs', value: 500 })
  })

  test('dollars without prices are refused', () => {
    const limits = { usd: 1 }
    const error = refusal(() => createBudget().reserve(request({ limits })), 'ERR_BUDGET_PRICES')
    expect(error.message).toContain('limits.usd is $1')
    createBudget().reserve(request({ limits, estimate: { ...tokens(1), costUsd: 0.9 } }))
  })

  test('dollars are counted', () => {
    const budget = createBudget()
    const limits = { usd: 1 }
    const ask = () => budget.reserve(request({ limits, estimate: { ...tokens(1), costUsd: 0.4 } }))
    ask().settle({ ...tokens(1), costUsd: 0.5 })
    ask().settle(tokens(1)) // no price came back: taken to have cost the 0.4 set aside
    expect(refusal(ask).message).toMatch(/\$0\.9 are spent.* up to \$0\.4/)
  })

  test('without limits nothing is refused', () => {
    const budget = createBudget()
    const calls = Array.from({ length: 100 }, (_, step) =>
      request({ steps: step, elapsedMs: step * 1e6, estimate: tokens(1e9) }),
    )
    expect(() => calls.forEach((call) => budget.reserve(call).settle(tokens(1e9)))).not.toThrow()
  })

  test('fifty children in parallel never reserve more than their root may spend', () => {
    const budget = createBudget()
    const limits = { tokens: 1000 }
    budget.reserve(request({ limits, estimate: tokens(100) })).settle(tokens(100))
    const ask = (child: string) =>
      attempt(() => budget.reserve(request({ sessionId: child, limits, estimate: tokens(100) })))
    const reserved = Array.from({ length: 50 }, (_, child) => ask(`child-${child}`)).filter(
      (reservation) => reservation !== undefined,
    )
    expect(reserved).toHaveLength(9)
    reserved[0]!.release()
    expect(ask('late')).toBeDefined()
    expect(ask('later')).toBeUndefined()
  })

  test('each session whose limits bind a call has an account of its own', () => {
    const budget = createBudget()
    const own = { sessionId: 'child', rootId: 'child', limits: { tokens: 200 } }
    budget.reserve(request({ ...own, estimate: tokens(200) })).settle(tokens(150))
    expect(refusal(() => budget.reserve(request({ ...own, estimate: tokens(60) }))).data).toMatchObject({
      value: 200,
      spent: 150,
    })
    budget.reserve(request({ sessionId: 'child', limits: { tokens: 200 }, estimate: tokens(200) }))
  })

  test('what went through here and is in the log by now is not counted twice', () => {
    const budget = createBudget()
    const limits = { tokens: 1000 }
    budget.reserve(request({ limits, estimate: tokens(100) })).settle(tokens(100))
    budget.reserve(request({ sessionId: 'child', limits, estimate: tokens(400) })).settle(tokens(400))
    budget.reserve(request({ limits, spent: tokens(500), estimate: tokens(500) })).release()
    expect(
      refusal(() => budget.reserve(request({ limits, spent: tokens(500), estimate: tokens(501) }))).data,
    ).toMatchObject({ spent: 500 })
  })

  test('what a resumed session had spent counts', () => {
    const limits = { tokens: 1000 }
    const alone = request({ limits, spent: tokens(950), estimate: tokens(51) })
    expect(refusal(() => createBudget().reserve(alone)).data).toMatchObject({ spent: 950 })
  })

  test('a reservation counts once, however often it is ended', () => {
    const budget = createBudget()
    const limits = { tokens: 100 }
    const reservation = budget.reserve(request({ limits, estimate: tokens(50) }))
    reservation.settle(tokens(10))
    reservation.settle(tokens(10))
    reservation.release()
    budget.reserve(request({ limits, estimate: tokens(90) }))
    expect(attempt(() => budget.reserve(request({ limits, estimate: tokens(1) })))).toBeUndefined()
  })

  test('ten thousand sessions, one after the other, do not add up in memory or in time', () => {
    const budget = createBudget()
    for (let index = 0; index < 10_000; index++) {
      const id = `session-${index}`
      budget.reserve(request({ sessionId: id, rootId: id, estimate: tokens(5) })).settle(tokens(5))
    }
    // The first is forgotten; what its log says stands in.
    const first = { sessionId: 'session-0', rootId: 'session-0', limits: { tokens: 8 }, spent: tokens(5) }
    expect(attempt(() => budget.reserve(request({ ...first, estimate: tokens(4) })))).toBeUndefined()
    budget.reserve(request({ ...first, estimate: tokens(3) }))
  })

  test('law: spent and set aside stay within the limit, but for calls that cost more than their estimate', () => {
    const step = fc.oneof(
      fc.record({
        do: fc.constant('reserve' as const),
        session: fc.integer({ min: 0, max: 5 }),
        asked: fc.integer({ min: 1, max: 60 }),
      }),
      fc.record({
        do: fc.constant('settle' as const),
        pick: fc.nat(),
        cost: fc.integer({ min: 0, max: 90 }),
      }),
      fc.record({ do: fc.constant('release' as const), pick: fc.nat() }),
    )
    const law = (
      limit: number,
      steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[],
    ) => {
      const budget = createBudget()
      const limits = { tokens: limit }
      const open: { reservation: Reservation; asked: number; session: string }[] = []
      const ledger = new Map<string, number>()
      let overrun = 0
      const total = () => sum(ledger.values()) + sum(open.map(({ asked }) => asked))
      for (const each of steps) {
        if (each.do === 'reserve') {
          const session = each.session === 0 ? 'root' : `child-${each.session}`
          const spent = tokens(sum(ledger.values()))
          const call = { sessionId: session, limits, spent, estimate: tokens(each.asked) }
          const before = total()
          const reservation = attempt(() => budget.reserve(request(call)))
          if (reservation) open.push({ reservation, asked: each.asked, session })
          // Not only never too much: never refused what fits.
          else expect(before + each.asked).toBeGreaterThan(limit)
        } else if (open.length > 0) {
          const [ended] = open.splice(each.pick % open.length, 1)
          if (each.do === 'release') ended!.reservation.release()
          else {
            ended!.reservation.settle(tokens(each.cost))
            ledger.set(ended!.session, (ledger.get(ended!.session) ?? 0) + each.cost)
            overrun += Math.max(0, each.cost - ended!.asked)
          }
        }
        expect(total()).toBeLessThanOrEqual(limit + overrun)
      }
    }
    fc.assert(fc.property(fc.integer({ min: 0, max: 400 }), fc.array(step, { maxLength: 60 }), law))
  })
})

function request(given: Partial<BudgetRequest>): BudgetRequest {
  return {
    sessionId: 'root',
    rootId: 'root',
    limits: {},
    steps: 0,
    spent: tokens(0),
    elapsedMs: 0,
    estimate: tokens(1),
    ...given,
  }
}

function tokens(inputTokens: number) {
  return { inputTokens, outputTokens: 0 }
}

function sum(numbers: Iterable<number>): number {
  let total = 0
  for (const each of numbers) total += each
  return total
}

function refusal(act: () => unknown, code = 'ERR_BUDGET_EXHAUSTED') {
  try {
    act()
  } catch (error) {
    if (isHalterError(error, code)) return error
    throw error
  }
  throw new Error('nothing was refused')
}

function attempt<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    if (isHalterError(error, 'ERR_BUDGET_EXHAUSTED')) return undefined
    throw error
  }
}
