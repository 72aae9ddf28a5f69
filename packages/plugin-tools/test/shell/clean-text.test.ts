import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cleanText } from '../../src/shell/clean-text.ts'

const text = fc.string({ unit: fc.constantFrom('a', 'ü', '€', '𝄞', '\n', '\ufffd'), maxLength: 300 })

describe('clean text', () => {
  it('holds no control character but tab and line feed, and no mark that reorders it', () => {
    const unit = fc.constantFrom(
      '\u001b',
      '[',
      ']',
      '0',
      ';',
      'm',
      '\u0007',
      '\\',
      '\r',
      '\n',
      '\t',
      '\b',
      '\u009b',
      '\u202e',
      'x',
    )
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 60 }), (dirty) => {
        expect(cleanText(dirty)).not.toMatch(/[^\P{Cc}\t\n]|[\u202a-\u202e\u2066-\u2069]/u)
      }),
    )
  })

  it('leaves ordinary text as it is', () => {
    fc.assert(
      fc.property(text, (ordinary) => {
        expect(cleanText(ordinary)).toBe(ordinary)
      }),
    )
  })

  it('takes time in proportion to the text, whatever it holds', () => {
    const times = [
      '\u001b]',
      '\u001b[',
      '\u001b',
      '\u001b[0;',
      '\r',
      'x\b',
      '\u001b]x\u001b',
      '\r\n',
      '\b',
      '\u001b[ ',
    ].map((piece) => {
      const dirty = piece.repeat(200_000)
      const begin = performance.now()
      cleanText(dirty)
      return performance.now() - begin
    })
    expect(Math.max(...times)).toBeLessThan(1500)
  })

  it.each([
    ['\u001b[1;31mred\u001b[0m', 'red'],
    ['\u001b]8;;https://example.org\u0007link\u001b]8;;\u0007', 'link'],
    ['\u001b]52;c;aGk=\u001b\\x', 'x'],
    ['10%\r50%\r100%\ndone\r\n', '100%\ndone\n'],
    ['a\r\r\n\rb\r\r', 'a\nb'],
    ['N\bNA\bAM\bME\bE', 'NAME'],
    ['\u001b(Bplain\u001b=', 'plain'],
  ])('%j reads %j', (dirty, clean) => {
    expect(cleanText(dirty)).toBe(clean)
  })
})
