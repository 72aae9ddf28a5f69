import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseTemplate, type Fragment, type Piece } from '../../src/commands/template.ts'

/** A template as one line: text as it is, everything else in `‹›`. */
function show(pieces: readonly Piece[]): string {
  return pieces
    .map((piece) => {
      if (piece.kind === 'shell') return `‹run ${showFragments(piece.command)}›`
      if (piece.kind === 'file') return `‹file ${showFragments(piece.path)}›`
      return showFragments([piece])
    })
    .join('')
}

function showFragments(fragments: readonly Fragment[]): string {
  return fragments.map((each) => (each.kind === 'text' ? each.text : `‹${each.which}›`)).join('')
}

describe('arguments', () => {
  test.each([
    ['Fix $ARGUMENTS now.', 'Fix ‹all› now.'],
    ['Fix $1 and $2.', 'Fix ‹0› and ‹1›.'],
    ['Move $0 from $1 to $2.', 'Move ‹0› from ‹1› to ‹2›.'],
    ['First $ARGUMENTS[0], then $ARGUMENTS[1] and $1.', 'First ‹0›, then ‹1› and ‹0›.'],
    ['$10 is the tenth, $100 is money', '‹9› is the tenth, $100 is money'],
    ['$ARGUMENTS_ALL and $ARGUMENT', '$ARGUMENTS_ALL and $ARGUMENT'],
    ['\\$1 and \\$ARGUMENTS and \\$0 stay', '$1 and $ARGUMENTS and $0 stay'],
    ['$1 with \\$0', '‹0› with $0'],
    ['$HOME $x ${1} $', '$HOME $x ${1} $'],
    ['$$1', '$‹0›'],
    [
      'In ${CLAUDE_PROJECT_DIR}, ${CLAUDE_SESSION_ID}, ${CLAUDE_OTHER}',
      'In ‹project›, ‹session›, ${CLAUDE_OTHER}',
    ],
    ['\\${CLAUDE_PROJECT_DIR}', '${CLAUDE_PROJECT_DIR}'],
  ])('%j', (body, shown) => {
    expect(show(parseTemplate(body).pieces)).toBe(shown)
  })
})

describe('commands', () => {
  test.each([
    ['Status: !`git status`', 'Status: ‹run git status›'],
    ['!`a`!`b`', '‹run a›!`b`'],
    ['- (!`git log -$1`)', '- (‹run git log -‹0››)'],
    ['say wow!`no`', 'say wow!`no`'],
    ['say \\!`no`', 'say !`no`'],
    ['in code: `!`x``', 'in code: `!`x``'],
    ['not !`over\nlines`', 'not !`over\nlines`'],
    ['none: !``', 'none: !``'],
    ['```!\ngit status\ngit diff $1\n```\nrest', '‹run git status\ngit diff ‹0››\nrest'],
    ['```!\n```', '‹run ›'],
    ['```!\necho \\$1 ```x\n```', '‹run echo $1 ```x›'],
    ['  ```!\nindented\n```', '  ```!\nindented\n```'],
    ['```!\nnever closed', '```!\nnever closed'],
    ['\\```!\nescaped\n```', '```!\nescaped\n```'],
    ['```\n!`date`\n```', '```\n‹run date›\n```'],
    ["!`awk '{print \\$1}' f`", "‹run awk '{print $1}' f›"],
  ])('%j', (body, shown) => {
    expect(show(parseTemplate(body).pieces)).toBe(shown)
  })
})

describe('files', () => {
  test.each([
    ['Read @src/a.ts.', 'Read ‹file src/a.ts›.'],
    ['(@src/a.ts, @b)', '(‹file src/a.ts›, ‹file b›)'],
    ['@"a file.md" and "@b.md"', '‹file a file.md› and "‹file b.md›"'],
    ['Review @$1 and @docs/$2.md', 'Review ‹file ‹0›› and ‹file docs/‹1›.md›'],
    ['@$ARGUMENTS[0]', '‹file ‹0››'],
    ['ann@example.com', 'ann@example.com'],
    ['\\@ann', '@ann'],
    ['`@decorator`', '`@decorator`'],
    ['**@a.md**', '**@a.md**'],
    ['@ alone', '@ alone'],
    ['@...', '@...'],
  ])('%j', (body, shown) => {
    expect(show(parseTemplate(body).pieces)).toBe(shown)
  })
})

test('a body without places for arguments says so', () => {
  expect(parseTemplate('Do it: !`date` @a').takesArguments).toBe(false)
  expect(parseTemplate('In ${CLAUDE_PROJECT_DIR}').takesArguments).toBe(false)
  for (const body of ['$1', '!`x $1`', '@$1', '$ARGUMENTS'])
    expect(parseTemplate(body).takesArguments).toBe(true)
})

test('text without any of the signs comes back as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      fc.pre(!/[\\$`!@]/.test(text))
      expect(show(parseTemplate(text).pieces)).toBe(text)
    }),
  )
})

test('no body is read twice, lost or made up: escapes aside, what is written is what is there', () => {
  const unit = fc.constantFrom(
    '$1',
    '$ARGUMENTS',
    '!`',
    '`',
    '@a',
    '```!\n',
    '\n```\n',
    '\n',
    ' ',
    'x',
    '$',
    '@',
    '!',
    '$0',
  )
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 30 }), (units) => {
      const body = units.join('')
      const written = parseTemplate(body).pieces.map((piece) => {
        if (piece.kind === 'text') return piece.text
        if (piece.kind !== 'file') return piece.written
        return piece.written.map((each) => (each.kind === 'text' ? each.text : each.written)).join('')
      })
      expect(written.join('')).toBe(body)
    }),
    { numRuns: 1000 },
  )
})

test('a large body is read at once', () => {
  const body = 'a $1 !`x` @b `code` \\$2 '.repeat(5_000)
  const started = performance.now()
  expect(parseTemplate(body).pieces.length).toBeGreaterThan(25_000)
  expect(performance.now() - started).toBeLessThan(10_000)
})

test.each(['```!\n', '!`', '@"', '$ARGUMENTS[', '\\', '```!\nx\n``', '`'])(
  'a body made to be slow is read at once, too: %j',
  (unit) => {
    const body = unit.repeat(300_000 / unit.length)
    const started = performance.now()
    parseTemplate(body)
    parseTemplate(`${body}\n\`\`\`\n`)
    expect(performance.now() - started).toBeLessThan(10_000)
  },
)
