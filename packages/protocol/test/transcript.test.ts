import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { transcript, type Message } from '../src/index.ts'

const messages = fc
  .nat({ max: 12 })
  .map((length) =>
    Array.from({ length }, (_, index): Message => ({ role: 'user', id: `m${index}`, at: 0, parts: [] })),
  )
const bound = fc.option(fc.integer({ min: -15, max: 15 }), { nil: undefined })

test('a transcript reads as the array it was taken of, whatever is pushed afterwards', () => {
  fc.assert(
    fc.property(
      messages,
      messages,
      bound,
      bound,
      fc.integer({ min: -15, max: 15 }),
      (all, later, start, end, at) => {
        const list = [...all]
        const view = transcript(list)
        list.push(...later)
        expect([...view]).toStrictEqual(all)
        expect(view.length).toBe(all.length)
        expect(view.at(at)).toBe(all.at(at))
        expect(view.slice(start, end)).toStrictEqual(all.slice(start, end))
        expect(view.slice()).toStrictEqual(all)
      },
    ),
  )
})

test('a slice is the reader’s own', () => {
  const list: Message[] = [{ role: 'user', id: 'm', at: 0, parts: [] }]
  const view = transcript(list)
  view.slice().pop()
  expect(view.length).toBe(1)
  expect(view.at(0)).toBe(list[0])
})
