import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { lfLines } from '../../src/cli/lf-lines.ts'

async function lines(chunks: Iterable<string | Buffer>): Promise<string[]> {
  const stream = async function* (): AsyncGenerator<string | Buffer> {
    yield* chunks
  }
  return await Array.fromAsync(lfLines(stream()))
}

test('a line ends with LF or CR and LF, and nowhere else', async () => {
  expect(await lines(['a\nb\r\nc\u2028d\re\n\nlast'])).toEqual(['a', 'b', 'c\u2028d\re', '', 'last'])
})

test('the same bytes in other pieces are the same lines', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 5 }), async (text, size) => {
      const bytes = Buffer.from(`${text}\nend`)
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.subarray(index * size, (index + 1) * size),
      )
      expect(await lines(pieces)).toEqual(await lines([bytes]))
    }),
  )
})
