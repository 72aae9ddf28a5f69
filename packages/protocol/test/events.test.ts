import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EVENT_VERSIONS, isStored, parseEvent, type StoredEvent } from '../src/index.ts'
import { liveEventSchema, messageSchema, parseStoredEvent, storedEventSchema } from '../src/schema.ts'
import { arbitraryLog } from './support/arbitrary-log.ts'
import { eventSamples, liveSamples, messageSamples } from './support/samples.ts'

describe.each(Object.keys(EVENT_VERSIONS))('%s', (type) => {
  const samples = eventSamples.filter((event) => event.type === type)

  test('comes back from its JSON text as it was', () => {
    expect(samples).toHaveLength(2)
    for (const event of samples) expect(parseEvent(JSON.stringify(event))).toStrictEqual(event)
  })

  test('passes its schema, as it is and from its JSON text, and loses nothing', () => {
    for (const event of samples) {
      expect(storedEventSchema.parse(event)).toStrictEqual(event)
      const copy: unknown = JSON.parse(JSON.stringify(event))
      expect(JSON.stringify(parseStoredEvent(copy))).toBe(JSON.stringify(event))
    }
  })

  test('with a key too many, or a required one too few, is refused', () => {
    for (const event of samples) {
      expect(() => parseStoredEvent({ ...event, extra: 1 })).toThrow(/Unrecognized key: "extra"/)
      expect(() =>
        parseStoredEvent(JSON.parse(JSON.stringify(event).replace('{', '{"__proto__":1,'))),
      ).toThrow(/Unrecognized key: "__proto__"/)
    }
    const [least] = samples
    for (const key of Object.keys(least!)) {
      const { [key]: _, ...rest } = least as unknown as Record<string, unknown>
      expect(() => parseStoredEvent(rest)).toThrow(TypeError)
    }
  })
})

test('every event of a generated log passes the strict parser and comes back as it was', () => {
  fc.assert(
    fc.property(arbitraryLog(), (log) => {
      for (const event of log) {
        const text = JSON.stringify(event)
        expect(parseEvent(text)).toStrictEqual(event)
        expect(parseStoredEvent(JSON.parse(text))).toStrictEqual(event)
      }
    }),
    { numRuns: 50 },
  )
})

test('every kind of message passes its schema', () => {
  for (const message of Object.values(messageSamples).flat())
    expect(messageSchema.parse(JSON.parse(JSON.stringify(message)))).toStrictEqual(message)
})

test('every live event passes its schema, and none is taken for a stored one', () => {
  for (const event of Object.values(liveSamples)) {
    expect(liveEventSchema.parse(JSON.parse(JSON.stringify(event)))).toStrictEqual(event)
    expect(isStored(event)).toBe(false)
    expect(liveEventSchema.safeParse({ ...event, seq: 1 }).success).toBe(false)
  }
  expect(eventSamples.every(isStored)).toBe(true)
})

describe('parseEvent', () => {
  test.each(['', '{', 'undefined'])('of %j, which is no JSON, throws a SyntaxError', (text) => {
    expect(() => parseEvent(text)).toThrow(SyntaxError)
  })

  test.each([
    'null',
    '1',
    '"event"',
    '[]',
    '{}',
    '{"type":"session.closed","v":1}',
    '{"type":1,"v":1,"seq":1}',
  ])('of %s, which is no event, throws a TypeError that shows it', (text) => {
    expect(() => parseEvent(text)).toThrow(TypeError)
    expect(() => parseEvent(text)).toThrow(text)
  })

  test('of a long text shows only its beginning', () => {
    const text = JSON.stringify({ type: 1, text: 'x'.repeat(10_000) })
    expect(() => parseEvent(text)).toThrow(/^not an event: .{80}…$/)
  })

  test('gives back what it does not know as it is', () => {
    const event = { sessionId: 's1', seq: 1, at: 1, type: 'toString', v: 7, what: 'ever' }
    expect(parseEvent(JSON.stringify(event))).toStrictEqual(event as unknown as StoredEvent)
  })
})
