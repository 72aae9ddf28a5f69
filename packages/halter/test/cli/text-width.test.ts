import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { cutToWidth, padToWidth, textWidth } from '../../src/cli/text-width.ts'

test.each([
  ['abc', 3],
  ['é', 1],
  ['e\u0301', 1],
  ['你好', 4],
  ['👩‍👩‍👧', 2],
  ['🙂a', 3],
])('%s takes %i columns', (text, width) => {
  expect(textWidth(text)).toBe(width)
})

test('a cut text fits, is a beginning of the whole, and says that something is missing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 40 }), (text, width) => {
      const cut = cutToWidth(text, width)
      expect(textWidth(cut)).toBeLessThanOrEqual(width)
      if (cut !== text) expect([text.startsWith(cut.slice(0, -1)), cut.at(-1)]).toEqual([true, '…'])
    }),
  )
})

test('a padded text takes the width it is padded to', () => {
  expect(padToWidth('你', 4)).toBe('你  ')
  expect(padToWidth('long', 2)).toBe('long')
})
