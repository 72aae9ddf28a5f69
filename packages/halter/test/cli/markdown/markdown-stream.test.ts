import { stripVTControlCharacters } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MarkdownStream } from '../../../src/cli/markdown/markdown-stream.ts'
import { textWidth } from '../../../src/cli/text-width.ts'

/** What is shown of a text that comes in these pieces. */
function render(pieces: string | readonly string[], width = 40, hasColours = true): string {
  const stream = new MarkdownStream({ width, hasColours })
  let out = ''
  for (const piece of typeof pieces === 'string' ? [pieces] : pieces) out += stream.push(piece)
  return out + stream.end()
}

const plain = (text: string, width = 40): string => stripVTControlCharacters(render(text, width))

describe('what is shown', () => {
  test.each([
    ['a paragraph', 'one two', 'one two\n'],
    ['a line of its own', 'one\ntwo', 'one\ntwo\n'],
    ['many empty lines', '\n\none\n\n\n\ntwo\n\n', 'one\n\ntwo\n'],
    ['a heading', '# Title\ntext', '\u001B[1;4mTitle\u001B[0m\ntext\n'],
    ['a deeper heading', '### Title', '\u001B[1mTitle\u001B[0m\n'],
    ['no heading', '#Title', '#Title\n'],
    ['strong text', 'a **bold** word', 'a \u001B[1mbold\u001B[0m word\n'],
    ['emphasis', 'an *odd* _word_', 'an \u001B[3modd\u001B[0m \u001B[3mword\u001B[0m\n'],
    ['both', '***x***', '\u001B[1;3mx\u001B[0m\n'],
    ['one in the other', '**a *b***', '\u001B[1ma \u001B[0m\u001B[1;3mb\u001B[0m\n'],
    ['code', 'call `a*b*c` now', 'call \u001B[36ma*b*c\u001B[0m now\n'],
    ['code with a tick', '`` a`b ``', '\u001B[36ma`b\u001B[0m\n'],
    ['struck text', '~~no~~', '\u001B[9mno\u001B[0m\n'],
    ['an escape', String.raw`\*no\*`, '*no*\n'],
    ['a product', '2 * 3 * 4', '2 * 3 * 4\n'],
    ['a name in snake case', 'snake_case_name', 'snake_case_name\n'],
    ['a mark without another', 'a **b', 'a **b\n'],
    ['a link', '[docs](https://x.y)', '\u001B[4mdocs\u001B[0m\u001B[2m (https://x.y)\u001B[0m\n'],
    ['a link that says where it goes', '[https://x.y](https://x.y)', '\u001B[4mhttps://x.y\u001B[0m\n'],
    ['a link with parentheses', '[a](b(c)d)', '\u001B[4ma\u001B[0m\u001B[2m (b(c)d)\u001B[0m\n'],
    ['brackets', 'see [1] and [x]', 'see [1] and [x]\n'],
    ['a list', '- one\n* two\n  + three', '• one\n• two\n  • three\n'],
    ['a numbered list', '1. one\n10) two', '1. one\n10) two\n'],
    ['a year', '1984 was', '1984 was\n'],
    ['a task', '- [ ] do', '• [ ] do\n'],
    ['a quote', '> said', '\u001B[2m│ \u001B[0msaid\n'],
    ['a rule', 'a\n\n---\n', `a\n\n\u001B[2m${'─'.repeat(40)}\u001B[0m\n`],
    ['bold text at a line’s start', '**a** b', '\u001B[1ma\u001B[0m b\n'],
  ])('%s', (_, text, shown) => {
    expect(render(text)).toBe(shown)
  })

  test('code keeps its marks, its language, its spaces and its length', () => {
    const long = 'x'.repeat(100)
    expect(render(`\`\`\`ts\nif (a) {\n\n  b **c**\n${long}\n}\n\`\`\`\nend`)).toBe(
      `\u001B[2m\`\`\`ts\u001B[0m\nif (a) {\n\n  b **c**\n${long}\n}\n\u001B[2m\`\`\`\u001B[0m\nend\n`,
    )
  })

  test('a longer fence holds a shorter one, and one that never ends ends with the text', () => {
    expect(plain('````\n```\n````\n*a*')).toBe('````\n```\n````\na\n')
    expect(plain('```\n*a*')).toBe('```\n*a*\n')
  })

  test('a table is aligned', () => {
    expect(plain('| name | n |\n|:--|--:|\n| apple | 1 |\n| 梨 | **200** |\nafter')).toBe(
      ['name  │   n', '──────┼────', 'apple │   1', '梨    │ 200', 'after', ''].join('\n'),
    )
  })

  test('a table that is too wide for the terminal has cells of several rows', () => {
    const text = '| key | what it is |\n|---|---|\n| a | one two three four five six seven |\n'
    expect(plain(text, 24)).toBe(
      [
        'key │ what it is',
        `────┼${'─'.repeat(19)}`,
        'a   │ one two three four',
        '    │ five six seven',
        '',
      ].join('\n'),
    )
  })

  test('columns that would be too narrow become lines', () => {
    expect(plain('| a | b | c |\n|---|---|---|\n| lorem | ipsum | dolor |', 14)).toBe(
      'a: lorem\nb: ipsum\nc: dolor\n\n',
    )
  })

  test('a line with pipes that is no table is text', () => {
    expect(plain('| not a table\nnext')).toBe('| not a table\nnext\n')
    expect(plain('| a | b |\n|---|')).toBe('| a | b |\n|---|\n')
  })

  test('rows of a long table are shown before it ends', () => {
    const stream = new MarkdownStream({ width: 40, hasColours: false })
    stream.push('| a | b |\n|---|---|\n')
    expect(stream.push('| 1 | 2 |\n'.repeat(500))).toContain('1   │ 2')
  })
})

describe('without colours', () => {
  test('there is no escape sequence, and the marks tell what is meant', () => {
    const text = '# Title\n- **a** `b`\n> [x](y)\n```ts\nc\n```\n'
    expect(render(text, 40, false)).toBe(text)
  })
})

describe('the width', () => {
  test('words are not broken, and lists hang', () => {
    expect(plain('- one two three four five six', 12)).toBe('• one two\n  three four\n  five six\n')
  })

  test('a word that is longer than a row is broken', () => {
    expect(plain('ab 0123456789abcdef', 10)).toBe('ab\n0123456789\nabcdef\n')
  })

  test('wide letters take two columns, and a row may end between any of them', () => {
    expect(plain('你好世界你好世界', 10)).toBe('你好世界你\n好世界\n')
    expect(plain('a 👩‍👩‍👧👩‍👩‍👧 b', 5)).toBe('a 👩‍👩‍👧\n👩‍👩‍👧 b\n')
  })

  const block = fc.constantFrom('# ', '- ', '  - ', '1. ', '> ', '')
  const word = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.constantFrom('**a', 'b**', '`c d`', '你好'),
  )
  const lines = fc.array(fc.tuple(block, fc.array(word)).map(([mark, words]) => mark + words.join(' ')))

  test('no row but one of code is wider', () => {
    fc.assert(
      fc.property(lines, fc.integer({ min: 20, max: 60 }), (lines, width) => {
        for (const row of plain(lines.join('\n'), width).split('\n'))
          expect(textWidth(row)).toBeLessThanOrEqual(width)
      }),
    )
  })
})

const OUR_LOOKS = new RegExp(`${String.fromCodePoint(27)}\\[[\\d;]+m`, 'g')

/** Text that looks like Markdown often enough to be hard. */
const markup = fc
  .array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.constantFrom(
          ...Array.from('*_`~[]()#->|1.\\ \n\n\t'),
          '\r',
          '\r\n',
          '**',
          '```',
          '\n```ts\n',
        ),
      },
      { weight: 2, arbitrary: fc.constantFrom('| a | b |\n', '|---|---|\n', '\n- ', '\n## ', '---\n', '  ') },
      { weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
      { weight: 2, arbitrary: fc.constantFrom('word', '你', '👩‍👩‍👧', 'e\u0301', '\u001B[31m', '\u202E', '🇩🇪') },
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(''))

/** The same text in any pieces. */
const pieces = fc.tuple(markup, fc.array(fc.nat({ max: 20 }), { minLength: 1 })).map(([text, sizes]) => {
  const parts: string[] = []
  for (let at = 0, turn = 0; at < text.length; turn++) {
    const size = sizes[turn % sizes.length]! + 1
    parts.push(text.slice(at, at + size))
    at += size
  }
  return { text, parts }
})

describe('whatever comes', () => {
  test.each([true, false])('the same text in other pieces is shown the same (colours: %s)', (hasColours) => {
    fc.assert(
      fc.property(pieces, fc.integer({ min: 4, max: 30 }), ({ text, parts }, width) => {
        expect(render(parts, width, hasColours)).toBe(render(text, width, hasColours))
      }),
      { numRuns: 2_000 },
    )
  })

  test('what is pending is the beginning of the row that comes', () => {
    fc.assert(
      fc.property(pieces, ({ parts }) => {
        const stream = new MarkdownStream({ width: 20, hasColours: false })
        let pending = ''
        for (const part of [...parts, undefined]) {
          const out = part === undefined ? stream.end() : stream.push(part)
          const now = out + stream.pending
          // A long line of code is cut, and a table has only a sign.
          if (!pending.endsWith('…') && !now.endsWith('…'))
            expect(now.replace(/^\n/, '').startsWith(pending)).toBe(true)
          ;({ pending } = stream)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  test('no control character of the text comes through', () => {
    fc.assert(
      fc.property(pieces, fc.boolean(), ({ parts }, hasColours) => {
        // Our own looks are the only escape sequences.
        const rest = render(parts, 30, hasColours).replaceAll(OUR_LOOKS, '')
        expect(/(?!\n)[\p{Cc}\u202A-\u202E\u2066-\u2069]/u.test(rest)).toBe(false)
        if (!hasColours) expect(render(parts, 30, false)).not.toContain('\u001B')
      }),
      { numRuns: 1_000 },
    )
  })

  test.each([
    ['text', 'some **bold** words and `code` '],
    ['marks without another', '*a _b `c [d '],
    ['brackets', '['],
    ['ticks', '`'],
    ['stars', '*'],
    ['tildes and stars', '*~_'],
    ['a word without end', 'x'],
    ['wide letters', '你'],
    ['spaces', ' '],
    ['dashes', '- '],
    ['quotes', '> '],
    ['rows of a table', '| a | b |\n'],
    ['code', '```\n'],
  ])('time grows with the length, no faster: %s', (_, unit) => {
    // Of this thread, since other tests run beside it. The least of some, because the first ones compile.
    const time = (length: number): number => {
      const text = unit.repeat(Math.ceil(length / unit.length))
      const begun = process.threadCpuUsage()
      const stream = new MarkdownStream({ width: 80, hasColours: true })
      for (let at = 0; at < text.length; at += 7) {
        stream.push(text.slice(at, at + 7))
        if (at % 700 === 0) void stream.pending
      }
      stream.end()
      return process.threadCpuUsage(begun).user / 1_000
    }
    const least = (length: number): number => Math.min(time(length), time(length), time(length))
    const [short, long] = [least(20_000), least(160_000)]
    // 8 times the text; a quadratic way would take 64 times as long.
    expect(long / Math.max(short, 2)).toBeLessThan(30)
  })
})
