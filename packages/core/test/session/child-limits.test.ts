import { definePlugin, type BudgetRequest } from '@halter/core'
import { addUsage, NO_USAGE } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { startRuntime } from './support/runtime.ts'
import { liveSession } from './support/sound.ts'
import { noneSpawned, spawning } from './support/spawning.ts'

describe('how deep children nest', () => {
  test.each([
    ['three deep', {}, 3],
    ['not at all, where the limit is 0', { depth: 0 }, 0],
    ['as deep as the limit says', { depth: 2 }, 2],
  ])('is %s', async (_what, limits, depth) => {
    const spawned = noneSpawned()
    const { runtime } = await startRuntime({
      script: ({ messages }) => (messages.length > 1 ? { text: 'done' } : { toolCalls: [{ name: 'spawn' }] }),
    })
    const session = await runtime.newSession({ tools: [spawning(spawned)], limits })
    expect(await session.submitTurn('go').result).toMatchObject({ status: 'completed' })
    expect(spawned.handles).toHaveLength(depth)
  })

  test('cannot be raised by a child’s own request', async () => {
    const spawned = noneSpawned()
    const { runtime } = await startRuntime({
      script: ({ messages }) =>
        messages.length > 1
          ? { text: 'done' }
          : { toolCalls: [{ name: 'spawn', input: { limits: { depth: 50 } } }] },
    })
    const session = await runtime.newSession({ tools: [spawning(spawned)], limits: { depth: 1 } })
    await session.submitTurn('go').result
    expect(spawned.handles).toHaveLength(1)
  })
})

describe('how many children run at once', () => {
  test.each([
    ['eight', {}, 8],
    ['as many as the limit says', { fanOut: 2 }, 2],
  ])('is %s, also for those that are asked for in the same moment', async (_what, limits, most) => {
    const spawned = noneSpawned()
    const { runtime } = await startRuntime({
      script: ({ messages, sessionId }) => {
        if (sessionId !== 'parent') return { text: 'x', delayMs: 5 }
        return messages.length > 1
          ? { text: 'done' }
          : { toolCalls: Array.from({ length: 12 }, (_, index) => ({ name: 'spawn', id: `c${index}` })) }
      },
    })
    const session = await runtime.newSession({ sessionId: 'parent', tools: [spawning(spawned)], limits })
    const { messages } = await session.submitTurn('go').result
    expect(spawned.handles).toHaveLength(most)
    const refused = messages.filter((message) => message.role === 'tool' && message.isError)
    expect(refused).toHaveLength(12 - most)
    expect(JSON.stringify(refused[0])).toContain(`limits.fanOut is ${most}`)
  })

  test('W-9: one that was refused or failed takes no place', async () => {
    const spawned = noneSpawned()
    const { runtime } = await startRuntime({
      script: ({ messages, sessionId }) => {
        if (sessionId !== 'parent') return { error: { kind: 'auth', message: 'no' } }
        const made = [...messages].filter(({ role }) => role === 'assistant').length
        return made >= 5 ? { text: 'done' } : { toolCalls: [{ name: 'spawn', input: { task: `${made}` } }] }
      },
    })
    const session = await runtime.newSession({
      sessionId: 'parent',
      tools: [spawning(spawned)],
      limits: { fanOut: 1 },
    })
    await session.submitTurn('go').result
    expect(spawned.results.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 5 }, () => 'failed'))
  })
})

describe('the budget of a family', () => {
  test('is asked of every ancestor, with all that they and their descendants have spent', async () => {
    const asked: BudgetRequest[] = []
    const spawned = noneSpawned()
    const { runtime } = await startRuntime({
      script: ({ messages }) => (messages.length > 1 ? { text: 'done' } : { toolCalls: [{ name: 'spawn' }] }),
      plugins: [
        definePlugin({
          name: 'noting-budget',
          apiVersion: 1,
          provides: ['budget'],
          setup: () => ({
            budget: {
              reserve(request) {
                asked.push(request)
                return { settle() {}, release() {} }
              },
            },
          }),
        }),
      ],
    })
    const session = await runtime.newSession({
      sessionId: 'top',
      tools: [spawning(spawned)],
      limits: { depth: 2, tokens: 1_000, steps: 9 },
    })
    await session.submitTurn('go').result
    const [child, grandchild] = spawned.handles.map(({ id }) => id)
    const spentBy = (request: BudgetRequest): number => request.spent.inputTokens
    expect(asked.map(({ sessionId, rootId }) => `${sessionId} of ${rootId}`)).toEqual([
      'top of top',
      `${child} of ${child}`,
      `${child} of top`,
      `${grandchild} of ${grandchild}`,
      `${grandchild} of ${child}`,
      `${grandchild} of top`,
      `${grandchild} of ${grandchild}`,
      `${grandchild} of ${child}`,
      `${grandchild} of top`,
      `${child} of ${child}`,
      `${child} of top`,
      'top of top',
    ])
    expect(asked.map(spentBy)).toEqual([0, 0, 10, 0, 10, 20, 10, 20, 30, 30, 40, 50])
    expect(
      asked.filter(({ rootId, sessionId }) => rootId !== sessionId).map(({ limits }) => limits.steps),
    ).toEqual(Array.from({ length: 6 }, () => Infinity))
    const sum = [session.usage.total, session.usage.children].reduce(addUsage, NO_USAGE)
    expect(sum).toMatchObject({ inputTokens: 60 })
  })

  test('misses nothing while the end of a child is being recorded', async () => {
    const spawned = noneSpawned()
    const spent: number[] = []
    const { runtime } = await startRuntime({
      script: ({ messages, sessionId }) =>
        sessionId !== 'top' || messages.length > 1 ? { text: 'done' } : { toolCalls: [{ name: 'spawn' }] },
    })
    const session = await runtime.newSession({ sessionId: 'top', tools: [spawning(spawned)] })
    const live = liveSession(runtime, 'top')!
    const turn = session.submitTurn('go')
    for (let tick = 0; tick < 2_000; tick++) {
      spent.push(live.spent().inputTokens)
      await Promise.resolve()
    }
    await turn.result
    expect(spent.every((tokens, index) => index === 0 || tokens >= spent[index - 1]!)).toBe(true)
    expect(Math.max(...spent)).toBe(30)
  })
})
