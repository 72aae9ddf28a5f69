import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseBudget } from '../../src/cli/parse-budget.ts'
import { UsageError } from '../../src/cli/usage-error.ts'

describe('--budget', () => {
  test.each([
    ['usd=2,tokens=50k,steps=20,time=10m', { usd: 2, tokens: 50_000, steps: 20, timeMs: 600_000 }],
    ['usd=0.05', { usd: 0.05 }],
    ['tokens=1.1k', { tokens: 1_100 }],
    ['tokens=1.5M', { tokens: 1_500_000 }],
    [' steps = 3 , time = 1.5h ', { steps: 3, timeMs: 5_400_000 }],
    ['time=250ms', { timeMs: 250 }],
    ['steps=0', { steps: 0 }],
  ])('%s', (text, expected) => {
    expect(parseBudget(text)).toEqual(expected)
  })

  test.each([
    ['time=10', /time takes a number with its unit: ms, s, m or h/],
    ['steps=1.5', /steps takes a whole number/],
    ['tokens=0.0001k', /tokens takes a whole number/],
    ['usd=-1', /usd takes a number of dollars/],
    ['usd=$2', /usd takes a number of dollars/],
    ['usd=', /usd takes a number of dollars/],
    ['tokens=1e9', /tokens takes a whole number/],
    ['usd=1,usd=2', /names usd twice/],
    ['50k', /limits usd, tokens, steps, time, not "50k"/],
    ['__proto__=1', /not "__proto__"/],
    ['', /not ""/],
  ])('%j is refused', (text, message) => {
    expect(() => parseBudget(text)).toThrow(message)
  })

  test('names all that is wrong at once, and what was meant', () => {
    const problems = problemsOf('token=5,time=soon,steps=2')
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('"token"'),
      expect.stringContaining('time=soon'),
    ])
    expect(problems[0]!.unknown).toMatchObject({ word: 'token' })
  })

  test('law: any text is a budget of finite amounts, or a usage error', () => {
    const pieces = fc.tuple(
      fc.constantFrom('usd', 'tokens', 'steps', 'time', 'x', ''),
      fc.constantFrom('=', '', '=='),
      fc.oneof(fc.double().map(String), fc.nat().map(String), fc.string()),
      fc.constantFrom('', 'k', 'm', 'ms', 'h', ' '),
    )
    const texts = fc.array(pieces.map((parts) => parts.join(''))).map((all) => all.join(','))
    fc.assert(
      fc.property(texts, (text) => {
        try {
          for (const amount of Object.values(parseBudget(text))) {
            expect(Number.isFinite(amount)).toBe(true)
            expect(amount).toBeGreaterThanOrEqual(0)
          }
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError)
        }
      }),
    )
  })
})

function problemsOf(text: string) {
  try {
    parseBudget(text)
  } catch (error) {
    if (error instanceof UsageError) return error.problems
  }
  throw new Error('nothing was refused')
}
