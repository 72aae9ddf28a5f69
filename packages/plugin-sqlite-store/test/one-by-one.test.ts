import { expect, test } from 'vitest'
import { OneByOne } from '../src/one-by-one.ts'

async function* chunks(log: string[] = []) {
  try {
    yield [1, 2]
    yield []
    yield [3]
  } finally {
    log.push('ended')
  }
}

test('elements come in the order of their chunks', async () => {
  expect(await Array.fromAsync(new OneByOne(chunks()))).toEqual([1, 2, 3])
})

test('a reader who asks for several at once gets each of them once', async () => {
  const elements = new OneByOne(chunks())
  const asked = await Promise.all([1, 2, 3, 4, 5].map(() => elements.next()))
  expect(asked.map(({ value }) => value)).toEqual([1, 2, 3, undefined, undefined])
})

test('one who leaves early ends the chunks', async () => {
  const log: string[] = []
  for await (const element of new OneByOne(chunks(log))) if (element === 1) break
  expect(log).toEqual(['ended'])
})

test('an error comes after the elements before it, and then nothing', async () => {
  const elements = new OneByOne<number>(
    (async function* () {
      yield [1]
      throw new Error('broken')
    })(),
  )
  expect(await elements.next()).toEqual({ done: false, value: 1 })
  await expect(elements.next()).rejects.toThrow('broken')
  expect(await elements.next()).toEqual({ done: true, value: undefined })
})
