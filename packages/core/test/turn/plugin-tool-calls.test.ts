import type { SessionPort, ToolCall, ToolCallResult } from '@halter/core'
import type { StoredEvent } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { deferred, settle, until } from '../session/support/gates.ts'
import { tapping } from '../session/support/plugins.ts'
import { openRuntime, startRuntime, withRuntime } from '../session/support/runtime.ts'
import { logOf } from '../session/support/sound.ts'
import { storeWith } from '../session/support/stored-logs.ts'
import { echo, stuck, tool } from '../session/support/tools.ts'

/** What a plugin does with the session of a prompt that is on its way. */
type Use = (session: SessionPort) => Promise<unknown>

/** A session whose plugin `commands` uses it while the prompt is on its way, and what came of that. */
async function commanding(use: Use, taps: Parameters<typeof tapping>[1] = {}) {
  const came: { result?: unknown; error?: unknown } = {}
  const plugin = tapping('commands', {
    'prompt.transform': async (_, { session }) => {
      try {
        came.result = await use(session)
      } catch (error) {
        came.error = error
      }
    },
  })
  const test = await startRuntime({
    plugins: [plugin, tapping('others', taps)],
    script: () => ({ text: 'done' }),
  })
  const session = await test.runtime.newSession({ tools: [echo, stuck, asks], approve: () => 'once' })
  return { ...test, session, came }
}

const asks = tool('asks', () => 'ran', { needsApproval: () => ({ reason: 'it asks' }) })

async function callsIn(log: readonly StoredEvent[]) {
  return log.filter(({ type }) => type.startsWith('toolCall.') || type.startsWith('approval.'))
}

describe('a tool that a plugin runs', () => {
  test('is recorded under the plugin’s name, and is in no transcript and no request', async () => {
    const { session, runtime, came, provider } = await commanding((port) => port.callTool('echo', { a: 1 }))
    expect(await session.submitTurn('go').result).toMatchObject({ status: 'completed', text: 'done' })
    expect(came.result).toMatchObject({
      outcome: 'ok',
      isError: false,
      parts: [{ kind: 'text', text: 'echo {"a":1}' }],
      call: { name: 'echo', input: { a: 1 }, by: 'commands' },
    })
    const { callId } = (came.result as ToolCallResult).call
    expect(await callsIn(await logOf(runtime, session.id))).toMatchObject([
      { type: 'toolCall.started', callId, name: 'echo', input: { a: 1 }, by: 'commands' },
      { type: 'toolCall.finished', callId, outcome: 'ok', by: 'commands' },
    ])
    expect([...session.state.transcript].map(({ role }) => role)).toEqual(['user', 'assistant'])
    expect(provider.requests[0]!.messages.length).toBe(1)
  })

  test('passes every hook of a call, and each sees who makes it', async () => {
    const seen: string[] = []
    const note =
      (hook: string) =>
      ({ by }: ToolCall): void =>
        void seen.push(`${hook} ${by}`)
    const { session, came } = await commanding((port) => port.callTool('echo', { a: 1 }), {
      'toolCall.transform': (call) => {
        note('transform')(call)
        return { ...call, input: { a: 2 } }
      },
      'toolCall.guard': note('guard'),
      'toolResult.transform': (result) => {
        note('result')(result.call)
        return { ...result, parts: [...result.parts, { kind: 'text', text: ' and more' }] }
      },
      'toolCall.end': ({ call }) => note('end')(call),
    })
    await session.submitTurn('go').result
    expect(seen).toEqual(['transform', 'guard', 'result', 'end'].map((hook) => `${hook} commands`))
    expect(came.result).toMatchObject({ parts: [{ text: 'echo {"a":2}' }, { text: ' and more' }] })
  })

  test('that a guard denies is a value, recorded with what it would have been; nothing starts', async () => {
    const { session, runtime, came } = await commanding((port) => port.callTool('echo', { a: 1 }), {
      'toolCall.guard': () => ({ deny: 'not here' }),
    })
    await session.submitTurn('go').result
    expect(came.result).toMatchObject({
      outcome: 'denied',
      isError: true,
      parts: [{ text: 'Denied by others: not here' }],
    })
    expect(await callsIn(await logOf(runtime, session.id))).toMatchObject([
      {
        type: 'toolCall.finished',
        outcome: 'denied',
        by: 'commands',
        call: { name: 'echo', input: { a: 1 } },
      },
    ])
  })

  test('is approved like any other, and the question says whose it is', async () => {
    const { session, runtime, came } = await commanding((port) => port.callTool('asks', {}))
    await session.submitTurn('go').result
    expect(came.result).toMatchObject({ outcome: 'ok' })
    expect((await callsIn(await logOf(runtime, session.id))).map(({ type }) => type)).toEqual([
      'approval.requested',
      'approval.resolved',
      'toolCall.started',
      'toolCall.finished',
    ])
    const [asked] = (await logOf(runtime, session.id)).filter(({ type }) => type === 'approval.requested')
    expect(asked).toMatchObject({ by: 'commands', name: 'asks' })
  })

  test('with wrong input is an error value', async () => {
    const strict = tool('strict', () => 'ran')
    const { runtime } = await startRuntime({
      script: () => ({ text: 'done' }),
      plugins: [
        tapping('commands', {
          'prompt.transform': async (_, { session }) => {
            const { outcome, parts } = await session.callTool('strict', { n: 'x' })
            expect([outcome, parts]).toEqual([
              'error',
              [{ kind: 'text', text: expect.stringContaining('The input of "strict" is wrong') as unknown }],
            ])
          },
        }),
      ],
    })
    const refusing = { ...strict, validate: () => ({ issues: [{ message: 'no' }] }) }
    const session = await runtime.newSession({ tools: [refusing] })
    expect(await session.submitTurn('go').result).toMatchObject({ status: 'completed' })
  })

  test('that fails is an error value', async () => {
    const failing = tool('failing', () => Promise.reject(new Error('bad luck')))
    let result: ToolCallResult | undefined
    const { runtime } = await startRuntime({ script: () => ({ text: 'done' }) })
    const session = await runtime.newSession({
      tools: [failing],
      hooks: {
        'prompt.transform': async (_, ctx) => void (result = await ctx.session.callTool('failing', {})),
      },
    })
    await session.submitTurn('go').result
    expect(result).toMatchObject({ outcome: 'error', parts: [{ text: 'bad luck' }] })
  })

  test('three times in vain ends no turn', async () => {
    const failing = tool('failing', () => Promise.reject(new Error('bad luck')))
    const { runtime } = await startRuntime({ script: () => ({ text: 'done' }) })
    const session = await runtime.newSession({
      tools: [failing],
      hooks: {
        'prompt.transform': async (_, ctx) => {
          for (let time = 0; time < 4; time++) await ctx.session.callTool('failing', {})
        },
      },
    })
    expect(await session.submitTurn('go').result).toMatchObject({ status: 'completed' })
  })

  test('that the turn does not have is ERR_TOOL_UNKNOWN', async () => {
    const { session, came } = await commanding((port) => port.callTool('echo', {}))
    await session.submitTurn('go', { tools: ['asks'] }).result
    expect(came.error).toMatchObject({ code: 'ERR_TOOL_UNKNOWN', plugin: 'commands' })
    expect((came.error as Error).message).toContain('It has: asks.')
  })

  test('while no turn runs is ERR_SESSION_INPUT', async () => {
    let port: SessionPort | undefined
    const { session } = await commanding(async (session) => void (port = session))
    await session.submitTurn('go').result
    await expect(port!.callTool('echo', {})).rejects.toMatchObject({ code: 'ERR_SESSION_INPUT' })
  })

  test('twice at a time has two ids, and neither is one of the model’s', async () => {
    const { session, runtime } = await commanding((port) =>
      Promise.all([port.callTool('echo', { a: 1 }), port.callTool('echo', { a: 2 })]),
    )
    await session.submitTurn('go').result
    const ids = (await logOf(runtime, session.id)).flatMap((event) =>
      event.type === 'toolCall.started' ? [event.callId] : [],
    )
    expect(new Set(ids).size).toBe(2)
  })

  test('may be run from inside another tool', async () => {
    const outer = tool('outer', async (_, { session }) => {
      const { parts } = await session.callTool('echo', { from: 'outer' })
      return { parts }
    })
    const { runtime, provider } = await startRuntime({
      script: [{ toolCalls: [{ name: 'outer', id: 'o' }] }, { text: 'done' }],
    })
    const session = await runtime.newSession({ tools: [echo, outer] })
    expect(await session.submitTurn('go').result).toMatchObject({ status: 'completed' })
    expect(provider.requests[1]!.messages.at(-1)).toMatchObject({
      role: 'tool',
      callId: 'o',
      parts: [{ text: 'echo {"from":"outer"}' }],
    })
    const types = (await callsIn(await logOf(runtime, session.id))).map(
      (event) => `${event.type} ${'by' in event ? event.by : 'model'}`,
    )
    expect(types).toEqual([
      'toolCall.started model',
      'toolCall.started session',
      'toolCall.finished session',
      'toolCall.finished model',
    ])
  })

  test('by a hook of such a call ends at a depth, not in a full disk', async () => {
    let deepest: unknown
    const { session, runtime } = await commanding((port) => port.callTool('echo', {}), {
      'toolCall.guard': async (call, ctx) => {
        if (call.by === undefined) return
        await ctx.session.callTool('echo', {}).catch((error: unknown) => (deepest ??= error))
      },
    })
    expect(await session.submitTurn('go').result).toMatchObject({ status: 'completed' })
    expect(deepest).toMatchObject({ code: 'ERR_REENTRANT', plugin: 'others' })
    const starts = (await logOf(runtime, session.id)).filter(({ type }) => type === 'toolCall.started')
    expect(starts).toHaveLength(8)
  })
})

describe('a tool that a plugin has running', () => {
  test('is cancelled with the turn, and recorded before its end', async () => {
    const { session, runtime, came } = await commanding((port) => port.callTool('stuck', {}))
    const turn = session.submitTurn('go')
    await until(() => session.state.pluginCalls.size === 1)
    await session.interrupt('by hand')
    expect(await turn.result).toMatchObject({ reason: 'interrupted' })
    expect(came.error).toMatchObject({ code: 'ERR_TURN_INTERRUPTED' })
    expect((await logOf(runtime, session.id)).slice(-2)).toMatchObject([
      { type: 'toolCall.finished', outcome: 'cancelled', by: 'commands' },
      { type: 'turn.failed' },
    ])
  })

  test('when the turn ends without waiting for it is cancelled too', async () => {
    const { runtime } = await startRuntime({ script: () => ({ text: 'done' }) })
    const thrown = deferred<unknown>()
    const session = await runtime.newSession({
      tools: [stuck],
      hooks: {
        'prompt.transform': (_, ctx) => void ctx.session.callTool('stuck', {}).catch(thrown.resolve),
      },
    })
    expect(await session.submitTurn('go').result).toMatchObject({ status: 'completed' })
    expect(await thrown.promise).toMatchObject({ code: 'ERR_TURN_INTERRUPTED' })
    const log = await logOf(runtime, session.id)
    expect(log.filter(({ type }) => type === 'toolCall.finished')).toMatchObject([{ outcome: 'cancelled' }])
    expect(log.at(-1)).toMatchObject({ type: 'turn.completed' })
  })

  test('stops when the plugin’s own signal says so; the turn goes on', async () => {
    const controller = new AbortController()
    const { session, runtime, came } = await commanding((port) =>
      port.callTool('stuck', {}, { signal: controller.signal }),
    )
    const turn = session.submitTurn('go')
    await until(() => session.state.pluginCalls.size === 1)
    controller.abort(new Error('enough'))
    expect(await turn.result).toMatchObject({ status: 'completed' })
    expect(came.error).toMatchObject({ message: 'enough' })
    const ends = (await logOf(runtime, session.id)).filter(({ type }) => type === 'toolCall.finished')
    expect(ends).toMatchObject([{ outcome: 'cancelled' }])
  })

  test('and that still waits for a yes is answered as not started', async () => {
    const { session, runtime } = await startRuntime({ script: () => ({ text: 'done' }) }).then(
      async (test) => ({
        ...test,
        session: await test.runtime.newSession({
          tools: [asks],
          approve: 'wait',
          hooks: {
            'prompt.transform': async (_, ctx) => void (await ctx.session.callTool('asks', {})),
          },
        }),
      }),
    )
    const turn = session.submitTurn('go')
    await until(() => session.approvals.list().length === 1)
    await session.interrupt()
    await turn.result
    expect(session.approvals.list()).toEqual([])
    const ends = (await logOf(runtime, session.id)).filter(({ type }) => type === 'toolCall.finished')
    expect(ends).toMatchObject([{ outcome: 'not-started', by: 'session', call: { name: 'asks' } }])
  })

  test.each(['close', 'continue'] as const)(
    'when its process dies is answered by the resume (%s), whatever prefix is left',
    async (interrupted) => {
      const log = await recorded()
      for (let length = 1; length <= log.length; length++) {
        const { store, id } = await storeWith(log.slice(0, length))
        await withRuntime({ store, script: () => ({ text: 'on' }) }, async ({ runtime }) => {
          const session = (await runtime.resume(id, { tools: [echo, stuck, asks], interrupted }))!
          expect(await session.submitTurn('on').result).toMatchObject({ status: 'completed' })
          expect([session.state.pluginCalls.size, session.approvals.list()]).toEqual([0, []])
        })
      }
    },
  )
})

/** A log in which a plugin ran a tool, was asked about one, and had one running when its process died. */
async function recorded(): Promise<readonly StoredEvent[]> {
  const { runtime } = await openRuntime({ script: () => ({ text: 'done' }) })
  const session = await runtime.newSession({
    tools: [echo, stuck, asks],
    approve: () => 'once',
    hooks: {
      'prompt.transform': async (_, ctx) => {
        await ctx.session.callTool('echo', { a: 1 })
        await ctx.session.callTool('asks', {})
        await ctx.session.callTool('stuck', {})
      },
    },
  })
  session.submitTurn('go')
  await until(() => [...session.state.pluginCalls.values()].some(({ name }) => name === 'stuck'))
  const log = await logOf(runtime, session.id)
  await runtime.shutdown({ drainMs: 0 })
  await settle()
  return log
}
