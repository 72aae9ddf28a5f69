import type { Tool } from '@halter/core'
import { fold } from '@halter/protocol'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Barrier, settle } from '../session/support/gates.ts'
import { openRuntime, startRuntime, withRuntime } from '../session/support/runtime.ts'
import { logOf } from '../session/support/sound.ts'
import { WatchedStore } from '../session/support/stores.ts'
import { tool } from '../session/support/tools.ts'

const CLASSES = { r: 'read-only', p: 'parallel', x: 'exclusive' } as const

/** A tool per class that notes when it begins and ends. */
function noting(marks: string[], work: (ms: number) => Promise<unknown>): Tool[] {
  return Object.entries(CLASSES).map(([name, concurrency]) =>
    tool(
      name,
      async ({ id, ms }) => {
        marks.push(`+${id as string}`)
        await work((ms as number | undefined) ?? 1)
        marks.push(`-${id as string}`)
        return `result ${id as string}`
      },
      { concurrency },
    ),
  )
}

/** Calls named by their class, with ids `r1`, `r2`, … */
function callsOf(classes: readonly string[]) {
  return classes.map((name, index) => ({
    name,
    id: `${name}${index + 1}`,
    input: { id: `${name}${index + 1}` },
  }))
}

describe('the calls of a reply', () => {
  test('neighbours that may share run together, everything else alone, in order', async () => {
    const marks: string[] = []
    const { runtime } = await startRuntime({
      script: [{ toolCalls: callsOf(['r', 'r', 'x', 'p', 'r']) }, { text: 'done' }],
    })
    const session = await runtime.newSession({ tools: noting(marks, () => settle(3)) })
    await session.submitTurn('go').result
    expect(marks).toEqual(['+r1', '+r2', '-r1', '-r2', '+x3', '-x3', '+p4', '+r5', '-p4', '-r5'])
    const log = await logOf(runtime, session.id)
    const batches = log
      .filter((event) => event.type === 'toolCall.started' || event.type === 'toolCall.finished')
      .map((event) => `${event.type === 'toolCall.started' ? '+' : '-'}${event.callId}`)
    expect(batches).toEqual(['+r1', '+r2', '-r1', '-r2', '+x3', '-x3', '+p4', '+r5', '-p4', '-r5'])
  })

  test('two that may share really overlap', async () => {
    const barrier = new Barrier(2)
    const meet = tool('meet', async () => {
      await barrier.pass()
      return 'met'
    })
    const { runtime } = await startRuntime({
      script: [{ toolCalls: [{ name: 'meet' }, { name: 'meet' }] }, { text: 'done' }],
    })
    const session = await runtime.newSession({ tools: [meet] })
    const { messages } = await session.submitTurn('go').result
    expect(messages.filter(({ role }) => role === 'tool')).toMatchObject([
      { isError: false },
      { isError: false },
    ])
  })

  test('exclusive ones never do', async () => {
    let running = 0
    let most = 0
    const alone = tool(
      'alone',
      async () => {
        most = Math.max(most, ++running)
        await settle(2)
        running -= 1
      },
      { concurrency: 'exclusive' },
    )
    const { runtime } = await startRuntime({
      script: [{ toolCalls: [{ name: 'alone' }, { name: 'alone' }, { name: 'alone' }] }, { text: 'done' }],
    })
    const session = await runtime.newSession({ tools: [alone] })
    await session.submitTurn('go').result
    expect(most).toBe(1)
  })

  test('an unknown tool is a batch of its own: it parts its neighbours', async () => {
    const marks: string[] = []
    const { runtime } = await startRuntime({
      script: [{ toolCalls: callsOf(['r', 'nobody', 'r']) }, { text: 'done' }],
    })
    const session = await runtime.newSession({ tools: noting(marks, () => settle(2)) })
    await session.submitTurn('go').result
    expect(marks).toEqual(['+r1', '-r1', '+r3', '-r3'])
  })

  test('promise 10: no tool begins before its intent is stored, with the reply that asked for it', async () => {
    const seen: unknown[] = []
    const looking = tool('looking', async (_, ctx) => {
      const state = fold(await Array.fromAsync(store.replay(ctx.sessionId)))
      seen.push(state.openCalls.get(ctx.callId)?.startedInput)
    })
    const { runtime, store } = await startRuntime({
      script: [
        {
          toolCalls: [
            { name: 'looking', input: { a: 1 } },
            { name: 'looking', input: { b: 2 } },
          ],
        },
        { text: 'x' },
      ],
    })
    const session = await runtime.newSession({ tools: [looking] })
    await session.submitTurn('go').result
    expect(seen).toEqual([{ a: 1 }, { b: 2 }])
  })

  test('results are stored as they come, not when the batch is over', async () => {
    const store: string[] = []
    const quick = tool('quick', () => 'quick')
    const slow = tool('slow', async (_, ctx) => {
      await settle()
      const log = await logOf(runtime, ctx.sessionId)
      store.push(
        ...log.filter(({ type }) => type === 'toolCall.finished').map((event) => JSON.stringify(event)),
      )
    })
    const { runtime } = await startRuntime({
      script: [{ toolCalls: [{ name: 'slow' }, { name: 'quick' }] }, { text: 'x' }],
    })
    const session = await runtime.newSession({ tools: [quick, slow] })
    await session.submitTurn('go').result
    expect(store).toHaveLength(1)
    expect(store[0]).toContain('"quick"')
  })
})

test('a result that cannot be stored ends the turn only when its neighbours have ended, too', async () => {
  let isWorking = false
  const store = new WatchedStore(({ events }) => {
    if (events.some((event) => event.type === 'toolCall.finished' && event.callId === 'q'))
      throw new Error('full')
  })
  const quick = tool('quick', () => 'quick')
  const slow = tool('slow', async () => {
    isWorking = true
    await settle()
    isWorking = false
    return 'slow'
  })
  const { runtime } = await openRuntime({
    store,
    script: [
      {
        toolCalls: [
          { name: 'quick', id: 'q' },
          { name: 'slow', id: 's' },
        ],
      },
    ],
  })
  const session = await runtime.newSession({ tools: [quick, slow] })
  expect(await session.submitTurn('go').result).toMatchObject({
    status: 'failed',
    error: { message: 'full' },
  })
  expect(isWorking).toBe(false)
  await runtime.shutdown()
})

test('whatever order calls finish in, the transcript has their results in call order', async () => {
  const plan = fc.array(
    fc.record({ name: fc.constantFrom('r', 'p', 'x', 'nobody'), ms: fc.integer({ min: 0, max: 5 }) }),
    { minLength: 1, maxLength: 7 },
  )
  await fc.assert(
    fc.asyncProperty(plan, async (planned) => {
      const toolCalls = planned.map(({ name, ms }, index) => ({
        name,
        id: `c${index}`,
        input: { id: `c${index}`, ms },
      }))
      await withRuntime({ script: [{ toolCalls }, { text: 'done' }] }, async ({ runtime, clock }) => {
        const session = await runtime.newSession({ tools: noting([], (ms) => clock.sleep(ms)) })
        const { messages, status } = await session.submitTurn('go').result
        expect(status).toBe('completed')
        const results = messages.filter((message) => message.role === 'tool')
        expect(results.map(({ callId }) => callId)).toEqual(toolCalls.map(({ id }) => id))
      })
    }),
    { numRuns: 60 },
  )
})
