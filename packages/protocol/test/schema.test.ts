import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { StoredEvent } from '../src/index.ts'
import {
  blueprintSchema,
  errorSchema,
  jsonSchemas,
  messageSchema,
  parseStoredEvent,
  summarySchema,
  usageSchema,
  type JsonSchemaName,
} from '../src/schema.ts'
import {
  blueprint,
  eventSamples,
  fullBlueprint,
  fullError,
  fullUsage,
  liveSamples,
  messageSamples,
  summarySample,
} from './support/samples.ts'

const closed = { sessionId: 's1', seq: 1, at: 1, type: 'session.closed', v: 1, reason: 'done' }

describe('parseStoredEvent', () => {
  test.each([null, undefined, 'text', 7, [], {}, { type: 'session.closed' }])('refuses %j', (value) => {
    expect(() => parseStoredEvent(value)).toThrow(/is not an event as it is stored/)
  })

  test('names the event and every key that is wrong', () => {
    expect(() => parseStoredEvent({ ...closed, seq: 12, at: 'noon', reason: 3 })).toThrow(
      /^event 12 \("session.closed", version 1\) .* at: .*expected number.*; reason: .*expected string/,
    )
  })

  test.each([
    ['a type from a later version', { ...closed, type: 'session.archived' }],
    ['a name that every object has', { ...closed, type: 'constructor' }],
    ['a later version of a type', { ...closed, v: 2 }],
    ['a version that never was', { ...closed, v: 0 }],
  ])('refuses %s with the cure', (_, event) => {
    expect(() => parseStoredEvent(event)).toThrow(
      /not known to this version of halter. Update halter to read it/,
    )
  })

  test.each([
    ['a seq of 0', { ...closed, seq: 0 }],
    ['a broken seq', { ...closed, seq: 1.5 }],
    ['a time that is no number', { ...closed, at: Number.NaN }],
    ['a key that is there but undefined', { ...closed, reason: undefined }],
  ])('refuses %s', (_, event) => {
    expect(() => parseStoredEvent(event)).toThrow(TypeError)
  })

  test('gives back the value itself, so that nothing of it is lost or reordered', () => {
    expect(parseStoredEvent(closed)).toBe(closed)
  })
})

describe('a message', () => {
  const [user] = messageSamples.user
  const [assistant] = messageSamples.assistant
  const call = { kind: 'toolCall', callId: 'c', name: 'read' }

  test.each([
    ['input and malformed text at once', { ...assistant, parts: [{ ...call, input: {}, malformed: '' }] }],
    ['a tool call with neither', { ...assistant, parts: [call] }],
    ['a part that only the other side has', { ...user, parts: [{ kind: 'thinking', text: '' }] }],
    ['a part of an unknown kind', { ...user, parts: [{ kind: 'video', data: '' }] }],
    ['an origin that is the default', { ...user, origin: 'user' }],
    ['a role of no message', { ...user, role: 'system' }],
    [
      'bytes that are no base64',
      { ...user, parts: [{ kind: 'image', mediaType: 'image/png', data: 'a b=' }] },
    ],
    [
      'base64 with its padding inside',
      { ...user, parts: [{ kind: 'image', mediaType: 'x/y', data: 'a=bc' }] },
    ],
    [
      'a data: prefix',
      { ...user, parts: [{ kind: 'image', mediaType: 'x/y', data: 'data:x/y;base64,AAAA' }] },
    ],
    [
      'a digest that is none',
      { ...user, parts: [{ kind: 'blob', sha256: 'AB', bytes: 1, of: { kind: 'text' } }] },
    ],
  ])('with %s is refused', (_, message) => {
    expect(messageSchema.safeParse(message).success).toBe(false)
  })

  test('may hold megabytes of base64', () => {
    const data = 'A'.repeat(32 * 1024 * 1024)
    const message = { ...user, parts: [{ kind: 'document', mediaType: 'application/pdf', data }] }
    expect(messageSchema.safeParse(message).success).toBe(true)
  })
})

describe('JSON inside an event', () => {
  const noted = { ...closed, type: 'plugin.noted', plugin: 'p', name: 'n', reason: undefined }
  const note = (data: unknown) => ({
    sessionId: 's1',
    seq: 1,
    at: 1,
    type: noted.type,
    v: 1,
    plugin: 'p',
    name: 'n',
    data,
  })

  test.each([
    ['a function', () => {}],
    ['undefined inside a list', [undefined]],
    ['a number that is none', { a: Number.NaN }],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['a big integer', 1n],
  ])('cannot be %s', (_, data) => {
    expect(() => parseStoredEvent(note(data))).toThrow(/data: Invalid input: expected JSON/)
  })

  test('a value that contains itself, or is nested beyond reason, is refused and exhausts no stack', () => {
    const circle: unknown[] = []
    circle.push(circle)
    const deep: unknown = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000))
    for (const data of [circle, deep]) expect(() => parseStoredEvent(note(data))).toThrow(/expected JSON/)
  })

  test('a key named __proto__ stays a key', () => {
    const data: unknown = JSON.parse('{"__proto__": {"a": 1}}')
    const event = parseStoredEvent(note(data)) as StoredEvent<'plugin.noted'>
    expect(JSON.stringify(event.data)).toBe('{"__proto__":{"a":1}}')
  })
})

describe('other values', () => {
  test.each([
    ['negative', { inputTokens: -1, outputTokens: 0 }],
    ['broken', { inputTokens: 0.5, outputTokens: 0 }],
    ['inexact', { inputTokens: 2 ** 53, outputTokens: 0 }],
    ['missing', { inputTokens: 1 }],
    ['unknown', { inputTokens: 1, outputTokens: 1, reasoningTokens: 1 }],
  ])('usage with a count that is %s is refused', (_, usage) => {
    expect(usageSchema.safeParse(usage).success).toBe(false)
  })

  test('metadata holds at most 16 pairs of strings, whatever their keys', () => {
    const pairs = (length: number) =>
      Object.fromEntries(Array.from({ length }, (_, index) => [`k${index}`, '']))
    const accepts = (metadata: unknown) => blueprintSchema.safeParse({ ...blueprint, metadata }).success
    expect(accepts(pairs(16))).toBe(true)
    expect(accepts(pairs(17))).toBe(false)
    expect(accepts({ a: 1 })).toBe(false)
    expect(accepts(JSON.parse('{"__proto__": "x"}'))).toBe(true)
    expect(accepts(JSON.parse('{"__proto__": 1}'))).toBe(false)
  })

  test.each([
    ['backwards', [{ from: 5, to: 4 }]],
    [
      'out of order',
      [
        { from: 5, to: 6 },
        { from: 1, to: 2 },
      ],
    ],
    [
      'twice',
      [
        { from: 1, to: 5 },
        { from: 5, to: 6 },
      ],
    ],
    ['from nowhere', [{ from: 0, to: 1 }]],
  ])('a compaction that drops events %s is refused', (_, droppedSeqs) => {
    const sample = eventSamples.find(({ type }) => type === 'compaction.applied')!
    expect(() => parseStoredEvent({ ...sample, droppedSeqs })).toThrow(/droppedSeqs/)
  })

  test('an error keeps its causes, each as strict as the first', () => {
    expect(errorSchema.parse(fullError)).toStrictEqual(fullError)
    const wrong = { ...fullError, cause: { code: 'E', message: 'x', cause: { code: 'E' } } }
    expect(errorSchema.safeParse(wrong).success).toBe(false)
  })
})

describe('JSON Schemas', () => {
  const samples: Record<JsonSchemaName, readonly unknown[]> = {
    usage: [fullUsage],
    message: Object.values(messageSamples).flat(),
    error: [fullError],
    blueprint: [blueprint, fullBlueprint],
    summary: [summarySample],
    storedEvent: eventSamples,
    liveEvent: Object.values(liveSamples),
  }

  test.each(Object.entries(jsonSchemas))(
    '%s accepts what is stored and refuses a key too many',
    (name, schema) => {
      expect(schema['$schema']).toBe('https://json-schema.org/draft/2020-12/schema')
      const check = z.fromJSONSchema(schema)
      for (const sample of samples[name as JsonSchemaName]) {
        expect(check.safeParse(JSON.parse(JSON.stringify(sample))).error).toBeUndefined()
        expect(check.safeParse({ ...(sample as object), extra: 1 }).success).toBe(false)
      }
    },
  )

  test('are plain JSON, so that they can be written to a file', () => {
    expect(JSON.parse(JSON.stringify(jsonSchemas))).toStrictEqual(jsonSchemas)
  })

  test('a summary as JSON Schema and as zod schema agree on what is missing', () => {
    const { title: _, ...untitled } = summarySample
    expect(summarySchema.safeParse(untitled).success).toBe(false)
    expect(z.fromJSONSchema(jsonSchemas.summary).safeParse(untitled).success).toBe(false)
  })
})
