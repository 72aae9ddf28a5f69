import type { Limits } from '@halter/protocol'
import { UsageError, type UsageProblem } from './usage-error.ts'

/** What `--budget` may limit. */
export type RunBudget = Pick<Limits, 'usd' | 'tokens' | 'steps' | 'timeMs'>

interface BudgetKey {
  readonly limit: keyof RunBudget
  /** What a value looks like: a number, and perhaps a unit behind it. */
  readonly form: RegExp
  readonly units: Readonly<Record<string, number>>
  readonly isWhole: boolean
  readonly cure: string
}

const NUMBER = String.raw`(\d{1,15}(?:\.\d{1,15})?)`
const KEYS: Readonly<Record<string, BudgetKey>> = {
  usd: {
    limit: 'usd',
    form: new RegExp(`^${NUMBER}()$`),
    units: { '': 1 },
    isWhole: false,
    cure: 'a number of dollars, such as 2 or 0.50',
  },
  tokens: {
    limit: 'tokens',
    form: new RegExp(`^${NUMBER}([km]?)$`, 'i'),
    units: { '': 1, k: 1_000, m: 1_000_000 },
    isWhole: true,
    cure: 'a whole number, such as 5000, 50k or 1.5m',
  },
  steps: {
    limit: 'steps',
    form: new RegExp(`^${NUMBER}()$`),
    units: { '': 1 },
    isWhole: true,
    cure: 'a whole number of model calls',
  },
  time: {
    limit: 'timeMs',
    form: new RegExp(`^${NUMBER}(ms|s|m|h)$`, 'i'),
    units: { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 },
    isWhole: false,
    cure: 'a number with its unit: ms, s, m or h, such as 90s or 10m',
  },
}

/**
 * Reads `usd=2,tokens=50k,steps=20,time=10m`.
 * @throws UsageError naming everything that is wrong with it.
 */
export function parseBudget(text: string): RunBudget {
  const budget: { -readonly [K in keyof RunBudget]: RunBudget[K] } = {}
  const problems: UsageProblem[] = []
  for (const piece of text.split(',')) {
    const [, name, value] = /^\s*([^=]*?)\s*=\s*(.*?)\s*$/.exec(piece) ?? []
    const key = name !== undefined && Object.hasOwn(KEYS, name) ? KEYS[name] : undefined
    if (!key) problems.push(unknownKey(name ?? piece.trim()))
    else if (budget[key.limit] !== undefined) problems.push({ message: `--budget names ${name} twice.` })
    else {
      const amount = amountOf(key, value!)
      if (amount === undefined)
        problems.push({ message: `--budget ${name}=${value}: ${name} takes ${key.cure}.` })
      else budget[key.limit] = amount
    }
  }
  if (problems.length > 0) throw new UsageError(problems, 'run')
  return budget
}

function unknownKey(word: string): UsageProblem {
  const known = Object.keys(KEYS)
  return {
    message: `--budget limits ${known.join(', ')}, not "${word}".`,
    unknown: { word, known },
    cure: 'Write --budget usd=2,tokens=50k,steps=20,time=10m, or some of it.',
  }
}

function amountOf({ form, units, isWhole }: BudgetKey, value: string): number | undefined {
  const [, digits, unit] = form.exec(value) ?? []
  if (digits === undefined || unit === undefined) return undefined
  // Cut to what a sum of decimals can mean, so that 1.1k is 1100.
  const amount = +(Number(digits) * units[unit.toLowerCase()]!).toFixed(6)
  return !isWhole || Number.isSafeInteger(amount) ? amount : undefined
}
