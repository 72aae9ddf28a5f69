import type { SpawnRequest } from '@halter/core'
import { describe, expect, test } from 'vitest'
import { settle, until } from './support/gates.ts'
import { tapping } from './support/plugins.ts'
import { startRuntime } from './support/runtime.ts'
import { expectFoldEqualsState, logOf } from './support/sound.ts'
import { noneSpawned, spawning } from './support/spawning.ts'
import { WatchedStore } from './support/stores.ts'
import { tool } from './support/tools.ts'

/** A parent calls `spawn` once with this request and then says done; its child answers with `reply`. */
async function family(
  request: Partial<SpawnRequest> = {},
  rest: Parameters<typeof startRuntime>[0] & { readonly reply?: object } = {},
) {
  const spawned = noneSpawned()
  const { reply = { text: 'child done' }, ...options } = rest
  const test = await startRuntime({
    ...options,
    script: ({ messages }) => {
      const first = JSON.stringify(messages.at(0)!.parts)
      if (!first.includes('to the parent')) return messages.length === 1 ? reply : { text: 'child done' }
      return messages.length === 1
        ? { toolCalls: [{ name: 'spawn', id: 'c1', input: request as never }] }
        : { text: 'parent done' }
    },
  })
  const session = await test.runtime.newSession({
    models: { subagent: 'test/small' },
    metadata: { team: 'blue' },
    tools: [spawning(spawned), tool('look', () => 'seen'), tool('act', () => 'acted')],
  })
  return { ...test, spawned, session }
}

describe('a child', () => {
  test('is a session of its own, made from its parent’s and the request', async () => {
    const { session, spawned, runtime } = await family({
      agent: 'scout',
      appendSystemPrompt: 'Be quick.',
      limits: { steps: 3 },
      tools: ['look'],
    })
    await session.submitTurn('to the parent').result
    const [child] = spawned.handles
    const [first] = await logOf(runtime, child!.id)
    expect(first).toMatchObject({
      type: 'session.started',
      blueprint: {
        sessionId: child!.id,
        parentId: session.id,
        depth: 1,
        model: 'test/small',
        agent: 'scout',
        appendSystemPrompt: 'Be quick.',
        limits: { steps: 3 },
        workingDir: session.blueprint.workingDir,
        metadata: {},
      },
    })
  })

  test('is known to its parent’s log before it is stored, and settled with what it said and cost', async () => {
    const order: string[] = []
    const store = new WatchedStore(({ events }) => void order.push(...events.map(({ type }) => type)))
    const create = store.create.bind(store)
    store.create = (created) => (order.push(`create ${created.sessionId}`), create(created))
    const { session, spawned, runtime } = await family({}, { store })
    await session.submitTurn('to the parent').result
    const childId = spawned.handles[0]!.id
    expect(order.indexOf('subagent.spawned')).toBeLessThan(order.indexOf(`create ${childId}`))
    const log = await logOf(runtime, session.id)
    expect(log).toContainEqual(
      expect.objectContaining({ type: 'subagent.spawned', childId, callId: 'c1', task: 'a task' }),
    )
    const usage = { inputTokens: 10, outputTokens: 5 }
    expect(log).toContainEqual(
      expect.objectContaining({
        type: 'subagent.settled',
        childId,
        outcome: 'completed',
        text: 'child done',
        usage,
      }),
    )
    expect(spawned.results).toEqual([{ childId, outcome: 'completed', text: 'child done', usage }])
    expect(session.usage.children).toEqual(usage)
    expect(session.usage.total).toEqual({ inputTokens: 20, outputTokens: 10 })
    expect(runtime.describe().openSessions).toBe(1)
  })

  test('W-3: that fails is reported as failed, with its error', async () => {
    const { session, spawned } = await family({}, { reply: { error: { kind: 'auth', message: 'no key' } } })
    expect(await session.submitTurn('to the parent').result).toMatchObject({ status: 'completed' })
    expect(spawned.results).toMatchObject([
      { outcome: 'failed', error: { code: 'ERR_MODEL_FAILED', message: 'no key' } },
    ])
  })

  test('that cannot be stored is settled as failed, and the tool hears why', async () => {
    const store = new WatchedStore()
    const create = store.create.bind(store)
    store.create = async (created) => {
      if (created.summary.parentId !== undefined) throw new Error('disk full')
      return create(created)
    }
    const { session, runtime } = await family({}, { store })
    await session.submitTurn('to the parent').result
    const log = await logOf(runtime, session.id)
    expect(log).toContainEqual(
      expect.objectContaining({
        type: 'subagent.settled',
        outcome: 'failed',
        error: expect.objectContaining({ message: 'disk full' }) as object,
      }),
    )
    expect(session.state.transcript.at(2)).toMatchObject({ isError: true, parts: [{ text: 'disk full' }] })
  })

  test('W-1: that starts and ends does not disturb the turn that asked for it', async () => {
    const { session } = await family(
      {},
      {
        plugins: [
          tapping('noting', {
            'subagent.start': (_, ctx) => ctx.session.note('started', 1),
            'subagent.end': (_, ctx) => ctx.session.note('ended', 1),
          }),
        ],
      },
    )
    expect(await session.submitTurn('to the parent').result).toMatchObject({
      status: 'completed',
      text: 'parent done',
    })
  })
})

test('W-19: the logs of a child and of a fork lead to exactly their states', async () => {
  const { session, spawned, runtime } = await family({}, { reply: { text: 'child done', delayMs: 1 } })
  const turn = session.submitTurn('to the parent')
  await until(() => spawned.handles.length === 1)
  await expectFoldEqualsState(runtime, spawned.handles[0]!.id)
  await turn.result
  const fork = await session.fork({ at: 5 })
  await expectFoldEqualsState(runtime, fork.id)
  await fork.submitTurn('on').result
  await expectFoldEqualsState(runtime, fork.id)
})

describe('the subagent hooks', () => {
  test('change the request, judge it, and look at start and end', async () => {
    const seen: unknown[] = []
    const { session, spawned, runtime } = await family(
      {},
      {
        plugins: [
          tapping('boss', {
            'subagent.transform': (request) => ({ ...request, task: `${request.task}, politely` }),
            'subagent.guard': (request) => void seen.push(['guard', request.task]),
            'subagent.start': ({ sessionId, parentId }) => void seen.push(['start', sessionId, parentId]),
            'subagent.end': ({ childId, outcome, text }) => void seen.push(['end', childId, outcome, text]),
          }),
        ],
      },
    )
    await session.submitTurn('to the parent').result
    const { id } = spawned.handles[0]!
    expect(seen).toEqual([
      ['guard', 'a task, politely'],
      ['start', id, session.id],
      ['end', id, 'completed', 'child done'],
    ])
    const [, , message] = await logOf(runtime, id)
    expect(message).toMatchObject({ message: { parts: [{ text: 'a task, politely' }] } })
  })

  test('refuse it: nothing is stored, and the tool hears who and why', async () => {
    const { session, runtime } = await family(
      {},
      {
        plugins: [tapping('boss', { 'subagent.guard': () => ({ deny: 'too busy' }) })],
      },
    )
    await session.submitTurn('to the parent').result
    expect(session.state.children.size).toBe(0)
    expect((await runtime.listSessions()).sessions).toHaveLength(1)
    expect(session.state.transcript.at(2)).toMatchObject({
      isError: true,
      parts: [{ text: 'boss refused the subagent: too busy' }],
    })
  })
})

describe('what a child may do', () => {
  test.each([
    ['its parent’s tools, where none are named', {}, ['act', 'look', 'spawn']],
    ['those that are named', { tools: ['look'] }, ['look']],
    ['none, where an empty list is', { tools: [] }, []],
  ])('is %s', async (_what, request, names) => {
    const { session, provider } = await family(request)
    await session.submitTurn('to the parent').result
    expect(provider.requests[1]!.tools.map(({ name }) => name)).toEqual(names)
  })

  test('W-11, W-12: is never more than what its parent, or the turn that asks, may', async () => {
    const spawned = noneSpawned()
    const { runtime, provider } = await startRuntime({
      script: ({ messages, tools }) => {
        if (messages.length > 1) return { text: 'done' }
        const next = tools.some(({ name }) => name === 'spawn') && { tools: ['spawn', 'act'], task: 'deeper' }
        return next ? { toolCalls: [{ name: 'spawn', input: next }] } : { text: 'leaf' }
      },
    })
    const tools = [spawning(spawned), tool('act', () => 'acted'), tool('look', () => 'seen')]
    const session = await runtime.newSession({ tools })
    await session.submitTurn('go', { tools: ['spawn', 'look'] }).result
    expect(spawned.handles).toEqual([])
    expect(session.state.transcript.at(2)).toMatchObject({
      isError: true,
      parts: [{ text: expect.stringContaining('cannot give: act. It has: spawn, look') as string }],
    })
    expect(provider.requests).toHaveLength(2)
  })

  test('is judged by its parent’s guards, the parent’s own ones included', async () => {
    const judged: string[] = []
    const spawned = noneSpawned()
    const { runtime } = await startRuntime({
      script: ({ messages, sessionId }) => {
        if (messages.length > 1) return { text: 'done' }
        return { toolCalls: [{ name: sessionId === 'parent' ? 'spawn' : 'act' }] }
      },
    })
    const session = await runtime.newSession({
      sessionId: 'parent',
      tools: [spawning(spawned), tool('act', () => 'acted')],
      hooks: {
        'toolCall.guard': ({ name }, ctx) => {
          judged.push(`${name} in depth ${ctx.session.blueprint.depth}`)
          return name === 'act' ? { deny: 'not even for children' } : undefined
        },
      },
    })
    await session.submitTurn('go').result
    expect(judged).toEqual(['spawn in depth 0', 'act in depth 1'])
    const log = await logOf(runtime, spawned.handles[0]!.id)
    expect(log).toContainEqual(expect.objectContaining({ type: 'toolCall.finished', outcome: 'denied' }))
  })

  test('that needs approval is asked of whom its parent asks', async () => {
    const asked: string[] = []
    const spawned = noneSpawned()
    const risky = tool('risky', () => 'done', { needsApproval: () => ({ reason: 'risky' }) })
    const { runtime } = await startRuntime({
      script: ({ messages, sessionId }) => {
        if (messages.length > 1) return { text: 'done' }
        return { toolCalls: [{ name: sessionId === 'parent' ? 'spawn' : 'risky' }] }
      },
    })
    const session = await runtime.newSession({
      sessionId: 'parent',
      tools: [spawning(spawned), risky],
      approve: ({ sessionId }) => {
        asked.push(sessionId)
        return 'once'
      },
    })
    await session.submitTurn('go').result
    expect(asked).toEqual([spawned.handles[0]!.id])
  })
})

describe('W-25: an interrupt of the parent', () => {
  test('stops its child, that one’s tool, its grandchild, and says so in every log', async () => {
    const spawned = noneSpawned()
    let wasStopped = false
    const slow = tool(
      'slow',
      (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            wasStopped = true
            reject(signal.reason as Error)
          })
        }),
    )
    const { runtime } = await startRuntime({
      script: ({ messages }) => {
        if (messages.length > 1) return { text: 'done' }
        return {
          toolCalls: [
            {
              name: JSON.stringify(messages.at(0)).includes('deepest') ? 'slow' : 'spawn',
              input: {
                task:
                  messages.at(0)!.id.length > 0 && JSON.stringify(messages.at(0)).includes('middle')
                    ? 'deepest'
                    : 'middle',
              },
            },
          ],
        }
      },
      plugins: [],
    })
    const session = await runtime.newSession({ tools: [spawning(spawned), slow] })
    const turn = session.submitTurn('top')
    await until(() => spawned.handles.length === 2)
    await settle()
    await session.interrupt()
    expect(await turn.result).toMatchObject({ reason: 'interrupted' })
    await Promise.all(spawned.handles.map(({ result }) => result))
    expect(wasStopped).toBe(true)
    for (const { id } of spawned.handles) {
      const log = await logOf(runtime, id)
      expect(log.at(-1)!.type === 'subagent.settled' || log.at(-1)!.type === 'turn.failed').toBe(true)
      expect(log).toContainEqual(expect.objectContaining({ type: 'turn.failed', reason: 'interrupted' }))
    }
    expect(runtime.describe()).toMatchObject({ openSessions: 1, runningTurns: 0 })
    expect(session.state.children.get(spawned.handles[0]!.id)).toMatchObject({ outcome: 'cancelled' })
  })

  test('while a child is being opened stops that one, too', async () => {
    const handles: Promise<unknown>[] = []
    const opening = tool('opening', (_, ctx) => {
      handles.push(ctx.session.openChild({ task: 'late' }).then(({ result }) => result))
      return new Promise<never>(() => {})
    })
    const { runtime } = await startRuntime({
      script: ({ sessionId }) =>
        sessionId === 'parent' ? { toolCalls: [{ name: 'opening' }] } : { text: 'x', hangs: true },
      plugins: [
        tapping('slow', { 'subagent.start': () => new Promise((resolve) => setTimeout(resolve, 60)) }),
      ],
    })
    const session = await runtime.newSession({ sessionId: 'parent', tools: [opening] })
    const turn = session.submitTurn('go')
    await settle()
    turn.interrupt()
    await turn.result
    expect(await handles[0]).toMatchObject({ outcome: 'cancelled' })
  })
})
