import { jsonSchema, type Schema, type StandardSchema } from '@halter/core'
import type { Json } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { answering, gives, right, told, weather, weatherShape } from '../session/support/answers.ts'
import { until } from '../session/support/gates.ts'
import { startRuntime } from '../session/support/runtime.ts'
import { logOf } from '../session/support/sound.ts'
import { storeWith } from '../session/support/stored-logs.ts'

describe.each(['native', 'tool'] as const)('a structured answer by way of the model’s %s', (way) => {
  const shapes: [string, Schema, Json, Json][] = [
    ['an object of plain JSON Schema', object({ n: { type: 'integer' } }), { n: 1 }, { n: 1.5 }],
    ['a number', z.number(), 7, 'seven'],
    ['a list', z.array(z.string()), ['a', 'b'], ['a', 2]],
    ['a word', z.enum(['yes', 'no']), 'yes', 'maybe'],
    ['nothing', jsonSchema<null>({ type: 'null' }), null, 0],
    ['one of several', z.union([z.string(), z.object({ n: z.number() })]), { n: 1 }, [1]],
    [
      'a list of plain JSON Schema',
      jsonSchema<number[]>({ type: 'array', items: { type: 'number' } }),
      [1],
      ['1'],
    ],
    ['a tree', tree(), { name: 'a', below: [{ name: 'b', below: [] }] }, { name: 'a', below: [{}] }],
  ]
  test.each(shapes)('may be %s', async (_what, schema, good, bad) => {
    const { session, provider } = await answering(way, [gives(way, bad), gives(way, good)])
    const result = await session.submitTurn('?', { output: { schema } }).result
    expect(result.error).toBeUndefined()
    expect(result.output).toEqual(good)
    expect(told(provider.requests[1]!.messages.at(-1))).toContain('does not fit')
  })
})

describe('the schema of the answer tool', () => {
  test.each([
    ['to itself', tree()],
    ['to a definition', z.object({ root: tree(), other: tree() })],
    ['into itself', object({ a: { type: 'string' }, b: { $ref: '#/properties/a' } })],
    ['to an old kind of definition', { $ref: '#/definitions/a', definitions: { a: { type: 'string' } } }],
  ])('knows what the schema refers to, %s', async (_what, schema: Schema) => {
    const { session, provider } = await answering('tool', [{ error: { kind: 'auth', message: 'enough' } }])
    await session.submitTurn('?', { output: { schema } }).result
    const spec = provider.requests[0]!.tools.find(({ name }) => name === 'final_answer')!
    const targets = references(spec.inputSchema)
    expect(targets.length).toBeGreaterThan(0)
    for (const target of targets) expect(resolve(spec.inputSchema, target)).toHaveProperty('type')
  })
})

describe('a schema without JSON Schema', () => {
  const bare: StandardSchema<string> = {
    '~standard': {
      version: 1,
      vendor: 'bare',
      validate: (value) => (value === 'yes' ? { value } : { issues: [{ message: 'say yes' }] }),
    },
  }

  test('fails the turn before any model is called, and says what would do', async () => {
    const { session, provider } = await answering('native', [])
    const result = await session.submitTurn('?', { output: { schema: bare } }).result
    expect(result).toMatchObject({ status: 'failed', error: { code: 'ERR_OUTPUT_SCHEMA' } })
    expect(result.error!.message).toMatch(/bare.*JSON Schema itself/)
    expect(provider.requests).toEqual([])
  })

  test('is fine beside one that is given', async () => {
    const { session } = await answering('native', [gives('native', 'no'), gives('native', 'yes')])
    const output = { schema: bare, jsonSchema: { type: 'string' } }
    expect((await session.submitTurn('?', { output }).result).output).toBe('yes')
  })
})

describe('the log', () => {
  test('tells the shape that was asked for, whichever way it was stated', async () => {
    const { session, runtime } = await answering('tool', () => gives('tool', right))
    const plain = object({ city: { type: 'string' } })
    for (const output of [{ schema: weather }, { schema: plain }, { schema: weather, jsonSchema: plain }])
      await session.submitTurn('?', { output }).orThrow()
    const starts = (await logOf(runtime, session.id)).filter((event) => event.type === 'turn.started')
    expect(starts.map(({ output }) => output)).toMatchObject([weatherShape, plain, plain])
  })

  test('lets a turn that a dead process left open ask for the same shape', async () => {
    const first = await answering('tool', [gives('tool', right)])
    await first.session.submitTurn('weather?', { output: { schema: weather } }).orThrow()
    const log = await logOf(first.runtime, first.session.id)
    const { store, id } = await storeWith(log.slice(0, 3))
    const { runtime, provider } = await startRuntime({
      store,
      script: [{ text: 'warm' }, gives('tool', right)],
    })
    const session = (await runtime.resume(id, { interrupted: 'continue' }))!
    await until(() => session.state.turn === undefined)
    expect(provider.requests).toHaveLength(2)
    expect(provider.requests[0]!.tools).toMatchObject([
      { name: 'final_answer', inputSchema: { properties: { answer: weatherShape } } },
    ])
    expect(session.state.lastTurn).toMatchObject({ status: 'completed' })
  })
})

function object(properties: Record<string, unknown>) {
  return jsonSchema<Record<string, unknown>>({
    type: 'object',
    properties,
    required: Object.keys(properties),
  })
}

/** A schema that refers to itself. */
function tree(): z.ZodType {
  const node = z.object({
    name: z.string(),
    get below() {
      return z.array(node)
    },
  })
  return node
}

function references(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  return Object.entries(schema).flatMap(([key, value]) =>
    key === '$ref' ? [String(value)] : references(value),
  )
}

function resolve(schema: unknown, pointer: string): unknown {
  const steps = pointer.split('/').slice(1)
  return steps.reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], schema)
}
