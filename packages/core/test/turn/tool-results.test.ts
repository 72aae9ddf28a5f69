import type { SessionHooks, Tool, ToolReturn } from '@halter/core'
import { describe, expect, test } from 'vitest'
import { startRuntime } from '../session/support/runtime.ts'
import { logOf } from '../session/support/sound.ts'
import { tool } from '../session/support/tools.ts'

/** What the model is told of a call of `answering`, and what is stored of it. */
async function resultOf(answering: Tool, hooks?: SessionHooks) {
  const { runtime } = await startRuntime({
    script: [{ toolCalls: [{ name: answering.name }] }, { text: 'done' }],
  })
  const session = await runtime.newSession({ tools: [answering], ...(hooks && { hooks }) })
  const { status, messages } = await session.submitTurn('go').result
  expect(status).toBe('completed')
  const [finished] = (await logOf(runtime, session.id)).filter((event) => event.type === 'toolCall.finished')
  const message = messages.find((candidate) => candidate.role === 'tool')!
  return { outcome: finished!.outcome, parts: message.parts, isError: message.isError }
}

const image = { kind: 'image', mediaType: 'image/png', data: 'iVBORw0KGgo=' } as const

describe('what a tool returns', () => {
  const values: readonly (readonly [what: string, value: ToolReturn, parts: readonly unknown[]])[] = [
    ['a text', 'hello', [{ kind: 'text', text: 'hello' }]],
    ['an empty text', '', []],
    ['nothing', undefined, []],
    ['null', null, [{ kind: 'json', value: null }]],
    ['a number', 4, [{ kind: 'json', value: 4 }]],
    ['a list', [1, 'a'], [{ kind: 'json', value: [1, 'a'] }]],
    ['an object', { a: { b: true } }, [{ kind: 'json', value: { a: { b: true } } }]],
    ['parts', { parts: [image, { kind: 'text', text: 'see' }] }, [image, { kind: 'text', text: 'see' }]],
    ['an object that only looks like parts', { parts: ['x'] }, [{ kind: 'json', value: { parts: ['x'] } }]],
    ['no parts', { parts: [] }, []],
  ]

  test.each(values)('%s, at once or later, is its result', async (_what, value, parts) => {
    const now = await resultOf(tool('now', () => value))
    const later = await resultOf(tool('later', () => Promise.resolve(value)))
    for (const result of [now, later]) expect(result).toEqual({ outcome: 'ok', parts, isError: false })
  })

  test('is stored as what a replay will show', async () => {
    const date = new Date(0) as never
    const { parts } = await resultOf(tool('dating', () => ({ when: date, gone: undefined }) as never))
    expect(parts).toEqual([{ kind: 'json', value: { when: '1970-01-01T00:00:00.000Z' } }])
    const inPart = await resultOf(
      tool('dating', () => ({ parts: [{ kind: 'json', value: { when: date } }] })),
    )
    expect(inPart.parts).toEqual([{ kind: 'json', value: { when: '1970-01-01T00:00:00.000Z' } }])
  })

  test('may change afterwards: what is stored does not', async () => {
    const list: string[] = ['a']
    const { parts } = await resultOf(
      tool('growing', () => {
        queueMicrotask(() => list.push('b'))
        return { parts: [{ kind: 'json', value: list }] }
      }),
    )
    expect(parts).toEqual([{ kind: 'json', value: ['a'] }])
  })

  test('as a failure of its own is an error that the model reads', async () => {
    const failing = tool('failing', () => ({
      parts: [{ kind: 'text', text: 'no such file' }],
      isError: true,
    }))
    expect(await resultOf(failing)).toEqual({
      outcome: 'error',
      parts: [{ kind: 'text', text: 'no such file' }],
      isError: true,
    })
  })

  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  test.each([
    ['a big integer', 1n],
    ['a cycle', cycle],
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
  ])('%s is an error: it cannot be stored', async (_what, value) => {
    const { outcome, parts } = await resultOf(tool('odd', () => value as never))
    expect(outcome).toBe('error')
    expect(parts).toMatchObject([{ kind: 'text' }])
  })
})

describe('a tool that fails is answered, and the turn goes on:', () => {
  test.each([
    [
      'it throws at once',
      () => {
        throw new Error('broken')
      },
      'broken',
    ],
    ['it rejects', () => Promise.reject(new Error('broken')), 'broken'],
    [
      'it throws something that is no error',
      () => {
        throw 'just a text' as unknown as Error
      },
      'just a text',
    ],
    [
      'it throws nothing',
      () => {
        throw undefined as unknown as Error
      },
      'a value was thrown that is no error: undefined',
    ],
  ])('%s', async (_what, execute, message) => {
    expect(await resultOf(tool('failing', execute))).toEqual({
      outcome: 'error',
      parts: [{ kind: 'text', text: message }],
      isError: true,
    })
  })

  test('it fails because its deadline passed: the model is told that, not how it fell over', async () => {
    const clumsy = tool(
      'clumsy',
      (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('socket hang up')))
        }),
      { timeoutMs: 20 },
    )
    const { outcome, parts } = await resultOf(clumsy)
    expect(outcome).toBe('error')
    expect(parts).toMatchObject([{ text: expect.stringContaining('did not finish within 20 ms') as string }])
  })
})

describe('a tool knows', () => {
  test('its call, its turn, its session and where it works', async () => {
    let seen: unknown
    const curious = tool('curious', (_, ctx) => {
      const { callId, sessionId, turnId, workingDir, blueprint, session } = ctx
      seen = { callId, sessionId, turnId, workingDir, model: blueprint.model, turns: session.state.turns }
    })
    const { runtime } = await startRuntime({
      script: [{ toolCalls: [{ name: 'curious', id: 'c1' }] }, { text: 'x' }],
    })
    const session = await runtime.newSession({ tools: [curious], workingDir: '/work' })
    const turn = session.submitTurn('go')
    await turn.result
    expect(seen).toEqual({
      callId: 'c1',
      sessionId: session.id,
      turnId: turn.turnId,
      workingDir: '/work',
      model: 'test',
      turns: 1,
    })
  })

  test('something that lives as long as the session: made once, cleaned up with it', async () => {
    const life: string[] = []
    const holding = tool('holding', (_, ctx) =>
      ctx.session.resource('handle', (defer) => {
        life.push('opened')
        defer(() => void life.push('closed'))
        return 'the handle'
      }),
    )
    const { runtime } = await startRuntime({
      script: [{ toolCalls: [{ name: 'holding' }, { name: 'holding' }] }, { text: 'x' }],
    })
    const session = await runtime.newSession({ tools: [holding] })
    const { messages } = await session.submitTurn('go').result
    expect(messages.filter(({ role }) => role === 'tool')).toMatchObject([
      { parts: [{ text: 'the handle' }] },
      { parts: [{ text: 'the handle' }] },
    ])
    expect(life).toEqual(['opened'])
    await session.detach()
    expect(life).toEqual(['opened', 'closed'])
  })
})

test('toolResult.transform changes what is stored, toolCall.end sees that; one that throws makes an error of it', async () => {
  const seen: unknown[] = []
  const secret = tool('secret', () => 'password: 1234')
  const redacted = await resultOf(secret, {
    'toolResult.transform': (result) => ({ ...result, parts: [{ kind: 'text', text: 'password: ****' }] }),
    'toolCall.end': ({ call, parts, isError }) => void seen.push({ name: call.name, parts, isError }),
  })
  expect(redacted).toEqual({
    outcome: 'ok',
    parts: [{ kind: 'text', text: 'password: ****' }],
    isError: false,
  })
  expect(seen).toEqual([{ name: 'secret', parts: redacted.parts, isError: false }])
  const failed = await resultOf(secret, {
    'toolResult.transform': () => {
      throw new Error('cannot redact')
    },
  })
  expect(failed).toMatchObject({ outcome: 'error', isError: true })
  expect(JSON.stringify(failed.parts)).not.toContain('1234')
})

test('the tools that a model is told of are sorted by name', async () => {
  const { runtime, provider } = await startRuntime({ script: [{ text: 'x' }] })
  const session = await runtime.newSession({
    tools: ['zoo', 'ant', 'Bee', 'ant2'].map((name) => tool(name, () => '')),
  })
  await session.submitTurn('go').result
  expect(provider.requests[0]!.tools.map(({ name }) => name)).toEqual(['Bee', 'ant', 'ant2', 'zoo'])
})

test('a turn may be given some of the tools, or none', async () => {
  const { runtime, provider } = await startRuntime({ script: () => ({ text: 'x' }) })
  const session = await runtime.newSession({ tools: ['a', 'b', 'c'].map((name) => tool(name, () => '')) })
  for (const tools of [undefined, ['c', 'a'], []])
    await session.submitTurn('go', tools ? { tools } : {}).result
  expect(provider.requests.map(({ tools }) => tools.map(({ name }) => name))).toEqual([
    ['a', 'b', 'c'],
    ['a', 'c'],
    [],
  ])
})
