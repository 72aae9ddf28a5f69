import { describe, expect, test } from 'vitest'
import { EVENT_VERSIONS } from '../src/index.ts'
import { upcast, UPCASTERS, type RawEvent, type Upcaster } from '../src/upcast.ts'

const steps = new Map<string, Upcaster>([
  ['note.made@1', ({ text, ...rest }) => ({ ...rest, lines: [text] })],
  ['note.made@2', (event) => ({ ...event, author: 'unknown' })],
  ['memo.made@1', (event) => ({ ...event, type: 'note.made', lines: [] })],
])
const first: RawEvent = { sessionId: 's1', seq: 4, at: 9, type: 'note.made', v: 1, text: 'hello' }

describe('upcast', () => {
  test('takes an event through every version up to the newest', () => {
    expect(upcast(first, steps)).toEqual({
      sessionId: 's1',
      seq: 4,
      at: 9,
      type: 'note.made',
      v: 3,
      lines: ['hello'],
      author: 'unknown',
    })
  })

  test('begins at the version that the event has', () => {
    expect(upcast({ ...first, v: 2, lines: [] }, steps)).toMatchObject({ v: 3, lines: [], author: 'unknown' })
  })

  test('follows an event that was renamed', () => {
    expect(upcast({ ...first, type: 'memo.made' }, steps)).toMatchObject({
      type: 'note.made',
      v: 3,
      lines: [],
    })
  })

  test('leaves the stored value alone', () => {
    const before = structuredClone(first)
    upcast(Object.freeze(first), steps)
    expect(first).toStrictEqual(before)
  })

  test.each([
    ['newer', { ...first, v: 3 }],
    ['unknown', { ...first, type: '__proto__' }],
    ['of no whole version', { ...first, v: 1.5 }],
  ])('gives an event that is %s back as it is', (_, event) => {
    expect(upcast(event, steps)).toBe(event)
  })
})

test('every older version of every event has its step, and nothing else has one', () => {
  const needed = Object.entries(EVENT_VERSIONS).flatMap(([type, version]) =>
    Array.from({ length: version - 1 }, (_, index) => `${type}@${index + 1}`),
  )
  expect([...UPCASTERS.keys()].filter((key) => !key.includes('@')).length).toBe(0)
  expect(needed.filter((key) => !UPCASTERS.has(key))).toEqual([])
  const newest = Object.entries(EVENT_VERSIONS).map(([type, version]) => `${type}@${version}`)
  expect(newest.filter((key) => UPCASTERS.has(key))).toEqual([])
})
