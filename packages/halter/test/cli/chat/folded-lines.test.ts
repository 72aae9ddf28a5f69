import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { FoldedLines } from '../../../src/cli/chat/folded-lines.ts'

function folded(...pieces: string[]): string[] {
  const lines = new FoldedLines()
  for (const piece of pieces) lines.push(piece)
  return lines.folded()
}

const numbers = (count: number): string =>
  Array.from({ length: count }, (_, index) => `${index + 1}\n`).join('')

test('ten lines are all shown; of more, the first four, the last six and the number of those between', () => {
  expect(folded(numbers(10))).toHaveLength(10)
  expect(folded(numbers(11))).toEqual(['1', '2', '3', '4', '… 1 more line', '6', '7', '8', '9', '10', '11'])
  expect(folded(numbers(100_000))[4]).toBe('… 99990 more lines')
})

test('a line without an end counts, and what was drawn over is gone', () => {
  expect(folded('10%\r50%\r100%\ndone')).toEqual(['100%', 'done'])
})

test('control characters are shown', () => {
  expect(folded('a\u001B[2Jb\u0007')).toEqual(['a␛[2Jb␇'])
})

test('an output in other pieces is folded the same', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-c\n]{0,8}$/)), (pieces) => {
      expect(folded(...pieces)).toEqual(folded(pieces.join('')))
    }),
  )
})

test('the newest lines are there while it runs', () => {
  const lines = new FoldedLines()
  lines.push('one\ntwo\nthr')
  expect(lines.tail(2)).toEqual(['two', 'thr'])
  lines.push('ee\n')
  expect(lines.tail(2)).toEqual(['two', 'three'])
})
