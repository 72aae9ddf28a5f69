import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { addUsage, contextTokens, NO_USAGE, type Usage } from '../src/index.ts'
import { arbitraryUsage } from './support/arbitrary-values.ts'

const counts = (usage: Usage) => [
  usage.inputTokens,
  usage.outputTokens,
  usage.cacheReadTokens ?? 0,
  usage.cacheWriteTokens ?? 0,
]

test('adding usages saturates: every count stays an exact integer and never shrinks', () => {
  fc.assert(
    fc.property(arbitraryUsage, arbitraryUsage, (a, b) => {
      const sum = addUsage(a, b)
      for (const [index, count] of counts(sum).entries()) {
        expect(Number.isSafeInteger(count)).toBe(true)
        expect(count).toBe(Math.min(counts(a)[index]! + counts(b)[index]!, Number.MAX_SAFE_INTEGER))
      }
    }),
  )
})

test('adding usages in any order and grouping gives the same sum', () => {
  fc.assert(
    fc.property(arbitraryUsage, arbitraryUsage, arbitraryUsage, (a, b, c) => {
      expect(addUsage(a, b)).toStrictEqual(addUsage(b, a))
      expect(addUsage(addUsage(a, b), c)).toStrictEqual(addUsage(a, addUsage(b, c)))
      expect(addUsage(a, NO_USAGE)).toStrictEqual(a)
    }),
  )
})

test('an optional count is there when either side has it', () => {
  const cached: Usage = { ...NO_USAGE, cacheReadTokens: 0 }
  expect(Object.keys(addUsage(NO_USAGE, NO_USAGE))).toEqual(['inputTokens', 'outputTokens'])
  expect(addUsage(NO_USAGE, cached).cacheReadTokens).toBe(0)
  expect(addUsage({ ...NO_USAGE, costUsd: 0.5 }, NO_USAGE).costUsd).toBe(0.5)
})

test('context is input plus output: the cache counts are part of the input and come to nothing extra', () => {
  expect(
    contextTokens({ inputTokens: 100, outputTokens: 20, cacheReadTokens: 90, cacheWriteTokens: 10 }),
  ).toBe(120)
  expect(contextTokens({ inputTokens: Number.MAX_SAFE_INTEGER, outputTokens: 1 })).toBe(
    Number.MAX_SAFE_INTEGER,
  )
})

test('no usage cannot be changed', () => {
  expect(Object.isFrozen(NO_USAGE)).toBe(true)
})
