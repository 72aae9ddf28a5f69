import { describe, expect, test } from 'vitest'
import { family } from './support/family.ts'
import { until } from './support/gates.ts'
import { tapping } from './support/plugins.ts'
import { expectFoldEqualsState, logOf } from './support/sound.ts'
import { WatchedStore } from './support/stores.ts'

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
