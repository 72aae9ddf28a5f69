import { describe, expect, test } from 'vitest'
import { family } from './support/family.ts'
import { settle, until } from './support/gates.ts'
import { tapping } from './support/plugins.ts'
import { startRuntime } from './support/runtime.ts'
import { logOf } from './support/sound.ts'
import { noneSpawned, spawning } from './support/spawning.ts'
import { tool } from './support/tools.ts'

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
