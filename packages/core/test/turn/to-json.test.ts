import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toJson } from '../../src/turn/to-json.ts'

/** By way of its text: the meaning of `toJson`. */
function throughText(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown
}

describe('toJson', () => {
  test('gives what the text of a value gives, for any value that has one', () => {
    const anything = fc.anything({
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withSparseArray: true,
    })
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), anything), (value) => {
        fc.pre(JSON.stringify(value) !== undefined)
        const copy = toJson(value)
        expect(copy).toStrictEqual(throughText(value))
        expect(JSON.stringify(copy)).toBe(JSON.stringify(throughText(value)))
      }),
    )
  })

  test('shares nothing with the value', () => {
    const value = { list: [{ deep: ['text'] }], other: {} }
    const copy = toJson(value) as typeof value
    expect(copy.list).not.toBe(value.list)
    expect(copy.list[0]).not.toBe(value.list[0])
    expect(copy.list[0]?.deep).not.toBe(value.list[0]?.deep)
    expect(copy.other).not.toBe(value.other)
  })

  test('keeps a key named like the prototype a key, and nobody’s prototype', () => {
    const copy = toJson(JSON.parse('{"a":{"__proto__":{"isAdmin":true}}}')) as { a: { isAdmin?: boolean } }
    expect(JSON.stringify(copy)).toBe('{"a":{"__proto__":{"isAdmin":true}}}')
    expect(copy.a.isAdmin).toBeUndefined()
  })

  test('takes what is very deep', () => {
    const deep = JSON.parse('['.repeat(500) + ']'.repeat(500)) as unknown
    expect(JSON.stringify(toJson(deep))).toBe(JSON.stringify(deep))
  })

  test('fails for what has no text', () => {
    const circle: unknown[] = []
    circle.push(circle)
    expect(() => toJson(circle)).toThrow(TypeError)
    expect(() => toJson({ big: 1n })).toThrow(TypeError)
    expect(() => toJson(undefined)).toThrow(SyntaxError)
  })
})
