import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { printable, printableLine } from '../../src/cli/printable.ts'

test.each([
  ['a colour', '\u001B[31mred', '␛[31mred'],
  ['a window title', '\u001B]0;pwned\u0007', '␛]0;pwned␇'],
  ['the clipboard', '\u001B]52;c;ZWNobyBoaQ==\u0007', '␛]52;c;ZWNobyBoaQ==␇'],
  ['a one-byte control sequence', '\u009B2J', '<U+009B>2J'],
  ['an overwritten line', 'rm -rf /\rls', 'rm -rf /␍ls'],
  ['a turned text', 'ls \u202Ehs.live', 'ls <U+202E>hs.live'],
  ['an isolate', 'a\u2066b\u2069', 'a<U+2066>b<U+2069>'],
  ['NUL and DEL', '\u0000\u007F', '␀␡'],
])('%s is shown, not done', (_, text, shown) => {
  expect(printable(text)).toBe(shown)
})

test('ordinary text stays as it is, newlines, tabs, emoji and joiners too', () => {
  const text = 'Grüße,\tשלום 你好 👩‍👩‍👧\nnext\r\nlast'
  expect(printable(text)).toBe(text.replace('\r\n', '\n'))
})

test('whatever is given, a terminal gets nothing that it would act on', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      // Everything below space but tab and newline, DEL and C1, and what turns text.
      for (const character of printable(text)) {
        const code = character.codePointAt(0)!
        const isControl = (code < 0x20 && code !== 9 && code !== 10) || (code >= 0x7f && code < 0xa0)
        expect(isControl || (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069)).toBe(
          false,
        )
      }
    }),
  )
})

test('a stream gives the same in pieces as whole', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (pieces) => {
      fc.pre(!pieces.join('').includes('\r\n'))
      expect(pieces.map(printable).join('')).toBe(printable(pieces.join('')))
    }),
  )
})

test('a line is one line', () => {
  expect(printableLine('first \n  second\r\nthird')).toBe('first ⏎ second ⏎ third')
})
