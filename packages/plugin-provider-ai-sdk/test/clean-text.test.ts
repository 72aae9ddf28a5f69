import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { cleanJson, cleanText } from '../src/clean-text.ts'

test('NUL goes, half characters become U+FFFD, and all else stays', () => {
  expect(cleanText('a\0b\ud800c')).toBe('ab\ufffdc')
  expect(cleanText('Größe 👩‍👩‍👧')).toBe('Größe 👩‍👩‍👧')
})

test('what is clean is the same object', () => {
  const value = { a: ['x', { b: null }], c: 1 }
  expect(cleanJson(value)).toBe(value)
})

test('law: no text or key of any value is refused afterwards, and clean values are not changed', () => {
  const dirty = fc.string({ unit: 'binary' })
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      dirty,
      fc.constant(null),
      fc.double({ noNaN: true }),
      fc.array(tie('any')),
      fc.dictionary(dirty, tie('any')),
    ),
  })).any
  fc.assert(
    fc.property(value, (value) => {
      const text = JSON.stringify(cleanJson(value))
      expect(text).not.toMatch(/\\u(?:0000|d[89a-f])/i)
      expect(JSON.stringify(cleanJson(cleanJson(value)))).toBe(text)
    }),
  )
})
