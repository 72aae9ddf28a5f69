import { describe, expect, test } from 'vitest'
import { settle, until } from './support/gates.ts'
import { tapping } from './support/plugins.ts'
import { startRuntime } from './support/runtime.ts'
import { liveSession, logOf } from './support/sound.ts'
import { noneSpawned } from './support/spawning.ts'
import { stuck, tool } from './support/tools.ts'

describe('the shutdown of a session', () => {
  test('W-4: ends the running turn, then runs session.end, then records the end', async () => {
    const order: string[] = []
    const { runtime } = await startRuntime({
      script: [{ toolCalls: [{ name: 'stuck' }] }],
      plugins: [
        tapping('watcher', {
          'turn.end': ({ outcome }) => void order.push(`turn.end ${outcome}`),
          'session.end': async ({ reason }, ctx) => {
            order.push(`session.end ${reason}`)
            await ctx.session.note('goodbye', 1)
          },
        }),
      ],
    })
    const session = await runtime.newSession({ tools: [stuck] })
    const turn = session.submitTurn('go')
    await settle()
    await session.shutdown('going home')
    expect(await turn.result).toMatchObject({ reason: 'interrupted' })
    expect(order).toEqual(['turn.end interrupted', 'session.end going home'])
    const log = await logOf(runtime, session.id)
    expect(log.slice(-3)).toMatchObject([
      { type: 'turn.failed', reason: 'interrupted' },
      { type: 'plugin.noted', name: 'goodbye' },
      { type: 'session.closed', reason: 'going home' },
    ])
    expect((await runtime.listSessions()).sessions).toMatchObject([{ status: 'closed' }])
  })

  test('turns away what waits and what comes', async () => {
    const { runtime } = await startRuntime({ script: [{ toolCalls: [{ name: 'stuck' }] }] })
    const session = await runtime.newSession({ tools: [stuck] })
    const other = session.clone()
    session.submitTurn('a')
    const waiting = session.submitTurn('b')
    await settle()
    const closing = session.shutdown()
    const late = other.submitTurn('c')
    expect(await waiting.result).toMatchObject({
      status: 'rejected',
      reason: 'closed',
      error: { code: 'ERR_SESSION_CLOSED' },
    })
    expect(await late.result).toMatchObject({ status: 'rejected', reason: 'closed' })
    await closing
    const log = await logOf(runtime, session.id)
    expect(log.filter(({ type }) => type === 'turn.started')).toHaveLength(1)
  })

  test('is recorded once, however many holders ask, and again and again', async () => {
    const { runtime } = await startRuntime()
    const session = await runtime.newSession()
    const other = session.clone()
    await Promise.all([session.shutdown('one'), other.shutdown('two'), session.shutdown('three')])
    await session.shutdown()
    const log = await logOf(runtime, session.id)
    expect(log.filter(({ type }) => type === 'session.closed')).toMatchObject([{ reason: 'one' }])
  })

  test('closes it to every holder', async () => {
    const { runtime } = await startRuntime()
    const session = await runtime.newSession()
    const other = session.clone()
    await session.shutdown()
    for (const handle of [session, other]) {
      expect(() => handle.submitTurn('x')).toThrow(expect.objectContaining({ code: 'ERR_SESSION_CLOSED' }))
      await expect(handle.notify('a', 'b')).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' })
      await expect(handle.update({ title: 'x' })).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' })
      await expect(handle.compact()).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' })
      await expect(handle.interrupt()).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' })
      expect(handle.state.head).toBe(2)
      await handle.detach()
    }
  })

  test('waits one second at most for session.end', async () => {
    const { runtime } = await startRuntime({
      plugins: [tapping('slow', { 'session.end': () => new Promise(() => {}) })],
      timeouts: { tap: 60_000 },
    })
    const session = await runtime.newSession()
    const startedAt = performance.now()
    await session.shutdown()
    expect(performance.now() - startedAt).toBeLessThan(1_500)
    expect((await logOf(runtime, session.id)).at(-1)).toMatchObject({ type: 'session.closed' })
  })

  test('goes on when session.end throws', async () => {
    const { runtime } = await startRuntime({
      plugins: [
        tapping('broken', {
          'session.end': () => {
            throw new Error('bug')
          },
        }),
      ],
    })
    const session = await runtime.newSession()
    await session.shutdown()
    const log = await logOf(runtime, session.id)
    expect(log.map(({ type }) => type)).toEqual(['session.started', 'warning.raised', 'session.closed'])
  })

  test('ends its children first, also those whose turn is over, and records how they ended', async () => {
    const spawned = noneSpawned()
    const starting = tool('starting', async (_, ctx) => {
      spawned.handles.push(await ctx.session.openChild({ task: 'in the background' }))
    })
    const { runtime } = await startRuntime({
      script: ({ sessionId, messages }) => {
        if (sessionId !== 'parent') return { text: 'x', hangs: true }
        return messages.length > 1 ? { text: 'done' } : { toolCalls: [{ name: 'starting' }] }
      },
    })
    const session = await runtime.newSession({ sessionId: 'parent', tools: [starting] })
    expect(await session.submitTurn('go').result).toMatchObject({ status: 'completed' })
    expect(runtime.describe()).toMatchObject({ openSessions: 2, runningTurns: 1 })
    await session.shutdown()
    expect(await spawned.handles[0]!.result).toMatchObject({ outcome: 'cancelled' })
    const log = await logOf(runtime, session.id)
    expect(log.slice(-2)).toMatchObject([
      { type: 'subagent.settled', outcome: 'cancelled' },
      { type: 'session.closed' },
    ])
    expect(runtime.describe()).toMatchObject({ openSessions: 0, runningTurns: 0 })
  })
})

describe('detach', () => {
  test('of the last holder gives everything back, once, and records nothing', async () => {
    const life: string[] = []
    const { runtime } = await startRuntime({
      script: [{ text: 'x' }],
      plugins: [
        tapping('holding', {
          'turn.start': (_, ctx) => {
            ctx.session.resource('handle', (defer) => defer(() => void life.push('closed')))
          },
        }),
      ],
    })
    const session = await runtime.newSession()
    const other = session.clone()
    await session.submitTurn('a').result
    await session.detach()
    await session.detach()
    expect([life, runtime.describe().openSessions]).toEqual([[], 1])
    await other.detach()
    expect([life, runtime.describe().openSessions]).toEqual([['closed'], 0])
    const log = await logOf(runtime, session.id)
    expect(log.at(-1)).toMatchObject({ type: 'turn.completed' })
  })

  test('a holder that leaves takes nothing from the others', async () => {
    let calls = 0
    const { runtime } = await startRuntime({ script: [{ text: 'x' }, { text: 'y' }] })
    const session = await runtime.newSession({ hooks: { 'prompt.transform': () => void calls++ } })
    const other = session.clone()
    await session.detach()
    await other.submitTurn('a').result
    expect(calls).toBe(1)
    expect(() => session.submitTurn('b')).toThrow(expect.objectContaining({ code: 'ERR_SESSION_CLOSED' }))
  })

  test('leaves a running turn alone: that is a holder, too', async () => {
    const { runtime } = await startRuntime({ script: [{ text: 'done', delayMs: 5 }] })
    const session = await runtime.newSession()
    const turn = session.submitTurn('a')
    await settle(2)
    await session.detach()
    expect(runtime.describe().openSessions).toBe(1)
    expect(await turn.result).toMatchObject({ status: 'completed', text: 'done' })
    await until(() => runtime.describe().openSessions === 0)
  })

  test('is what leaving an `await using` block does', async () => {
    const { runtime } = await startRuntime()
    {
      await using session = await runtime.newSession()
      expect(runtime.describe().openSessions).toBe(1)
      await session.notify('a', 'b')
    }
    expect(runtime.describe().openSessions).toBe(0)
  })

  test('what is left behind cannot write into the session that is opened next', async () => {
    const { runtime } = await startRuntime({ script: [{ toolCalls: [{ name: 'leaving' }] }, { text: 'x' }] })
    const later: (() => Promise<void>)[] = []
    const leaving = tool('leaving', (_, ctx) => void later.push(() => ctx.session.note('late', 1)))
    const session = await runtime.newSession({ tools: [leaving] })
    await session.submitTurn('a').result
    await session.detach()
    await expect(later[0]!()).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' })
    const [again, refused] = await Promise.allSettled([runtime.resume(session.id), later[0]!()])
    expect([again.status, refused.status]).toEqual(['fulfilled', 'rejected'])
    expect(liveSession(runtime, session.id)!.state.plugins.size).toBe(0)
  })
})
