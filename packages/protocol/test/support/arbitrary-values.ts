import * as fc from 'fast-check'
import type { Json, Usage } from '../../src/index.ts'

/** Any JavaScript string, with the ones that break things more often than chance has it. */
export const arbitraryText: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'grapheme', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '\u0000',
      '\ud800',
      '\udc00\ud800',
      'a\r\nb',
      '\u2028',
      '__proto__',
      '👩‍👩‍👧',
      'x'.repeat(200),
    ),
  },
)

/** Any value that JSON can hold, as `JSON.parse` gives it. */
export const arbitraryJson: fc.Arbitrary<Json> = fc
  .jsonValue({ maxDepth: 3 })
  .map((value) => JSON.parse(JSON.stringify(value)) as Json)

const tokens = fc.oneof(fc.nat({ max: 200_000 }), fc.constantFrom(0, Number.MAX_SAFE_INTEGER))
const absent = { nil: undefined, freq: 2 }

/** Any usage, very large ones included. */
export const arbitraryUsage: fc.Arbitrary<Usage> = fc
  .record({
    inputTokens: tokens,
    outputTokens: tokens,
    cacheReadTokens: fc.option(tokens, absent),
    cacheWriteTokens: fc.option(tokens, absent),
    costUsd: fc.option(
      fc.nat({ max: 1000 }).map((cents) => cents / 128),
      absent,
    ),
  })
  .map((usage) => JSON.parse(JSON.stringify(usage)) as Usage)
