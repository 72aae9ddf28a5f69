import * as fc from 'fast-check'
import { RE2JS } from 're2js'
import { describe, expect, it } from 'vitest'
import { matchesByLine, matchesOfText } from '../../src/search/match-lines.ts'
import type { LineMatch } from '../../src/search/match-lines.ts'
import { shownLines } from '../../src/search/shown-lines.ts'

const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '\n', '\n', '\r\n'), maxLength: 60 })
const pattern = fc.constantFrom('a', 'ab', '^a', 'b$', 'a.*b', '^$', 'c+', '[ab]{2,3}')
const spread = fc.record({ before: fc.nat(3), after: fc.nat(3) })

/** Line numbers as shown: positive for a match, negative for context, 0 for a gap. */
function shown(
  content: string,
  matches: Iterable<LineMatch>,
  around: { before: number; after: number },
): number[] {
  return [...shownLines(content, matches, around)].map((line) => {
    if (line === 'gap') return 0
    // Offsets are of whole lines.
    expect(line.start === 0 || content[line.start - 1] === '\n').toBe(true)
    expect(line.end === content.length || content[line.end] === '\n').toBe(true)
    expect(content.slice(0, line.start).split('\n').length).toBe(line.line)
    return line.isMatch ? line.line : -line.line
  })
}

/** The same by the plainest means. */
function expected(
  total: number,
  matching: ReadonlySet<number>,
  { before, after }: { before: number; after: number },
): number[] {
  const result: number[] = []
  let last = 0
  for (let line = 1; line <= total; line++) {
    const isNear = [...matching].some((match) => line >= match - before && line <= match + after)
    if (!isNear) continue
    if (last > 0 && line > last + 1) result.push(0)
    result.push(matching.has(line) ? line : -line)
    last = line
  }
  return result
}

function linesOf(content: string): string[] {
  return content === '' ? [] : content.replace(/\n$/, '').split('\n')
}

describe('the lines of a search', () => {
  it('are those that a plain loop finds, each once, with their context', () => {
    fc.assert(
      fc.property(text, pattern, spread, (content, source, around) => {
        const native = new RegExp(source)
        const lines = linesOf(content)
        const matching = new Set(
          lines.flatMap((line, index) => (native.test(line.replace(/\r$/, '')) ? [index + 1] : [])),
        )
        const found = shown(content, matchesByLine(content, RE2JS.compile(source)), around)
        expect(found).toEqual(expected(lines.length, matching, around))
      }),
      { numRuns: 500 },
    )
  })

  it('are all lines that a match over several lines touches', () => {
    const spanning = fc.constantFrom('a.b', 'a[^c]*b', 'b\\n+a', 'a\\r?\\nb', '(?:a.)+c')
    fc.assert(
      fc.property(text, spanning, spread, (content, source, around) => {
        const matching = new Set<number>()
        for (const match of content.matchAll(new RegExp(source, 'gs'))) {
          const first = content.slice(0, match.index).split('\n').length
          const last = content.slice(0, match.index + match[0].length - 1).split('\n').length
          for (let line = first; line <= last; line++) matching.add(line)
        }
        const compiled = RE2JS.compile(source, RE2JS.DOTALL | RE2JS.MULTILINE)
        const found = shown(content, matchesOfText(content, compiled), around)
        expect(found).toEqual(expected(linesOf(content).length, matching, around))
      }),
      { numRuns: 500 },
    )
  })
})
