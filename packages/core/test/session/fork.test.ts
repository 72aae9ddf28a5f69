import type { SessionRuntime } from '@halter/core'
import { addUsage, fold, type StoredEvent } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { byPrompt, spawns } from './support/children.ts'
import { deferred, settle } from './support/gates.ts'
import { openRuntime, startRuntime } from './support/runtime.ts'
import { logOf } from './support/sound.ts'
import { noneSpawned, spawning } from './support/spawning.ts'
import { storeWith } from './support/stored-logs.ts'
import { tool } from './support/tools.ts'

const ran: string[] = []
const spawned = noneSpawned()
const tools = [
  tool('look', () => void ran.push('look')),
  tool('act', () => void ran.push('act'), {
    effects: 'unsafe',
    needsApproval: () => ({ reason: 'it acts' }),
  }),
  spawning(spawned),
]
const replies = {
  one: [
    { text: 'looking', toolCalls: [{ name: 'look' }, { name: 'act' }, { name: 'nope' }] },
    { toolCalls: [spawns('dig'), { name: 'act', rawInput: '{"cut' }] },
    { text: 'first done' },
    { text: 'half', hangs: true },
    { text: 'third' },
  ],
  dig: [{ text: 'dug' }],
}

/** A session with tools, an approval, a child, steering and an interrupt behind it. */
async function eventful() {
  const { runtime, store, provider } = await startRuntime({ script: byPrompt(replies) })
  const session = await runtime.newSession({ tools, approve: () => 'once', title: 'origin' })
  const first = session.submitTurn('one')
  session.steer('and this')
  await first.result
  const second = session.submitTurn('two')
  for await (const event of second) if (event.type === 'text.delta') break
  await session.interrupt()
  await session.notify('note', 'between')
  await session.submitTurn('three').result
  ran.length = 0
  spawned.handles.length = 0
  return { runtime, store, provider, session, log: await logOf(runtime, session.id) }
}

/** The events as another session has them. */
function copied(log: readonly StoredEvent[], sessionId: string): StoredEvent[] {
  return log.map((event) => ({ ...event, sessionId }))
}

describe('a fork', () => {
  test('at every event of a log has those events, asks no tool, and can be gone on with', async () => {
    const { session, log } = await eventful()
    for (const type of ['approval.resolved', 'subagent.settled', 'turn.failed'])
      expect(log.map((event) => event.type)).toContain(type)
    const { store, id } = await storeWith(log)
    const { runtime } = await startRuntime({ store, script: () => ({ text: 'on' }) }) // checks each fork at its end
    for (let at = 1; at <= log.length; at++) {
      const fork = await runtime.forkSession(id, { at, tools })
      const forked = await logOf(runtime, fork.id)
      expect(forked.slice(0, at)).toEqual(copied(log.slice(0, at), fork.id))
      expect(forked[at]).toMatchObject({ type: 'session.forked', from: id, atSeq: at })
      expect(fork.blueprint).toEqual({ ...session.blueprint, sessionId: fork.id })
      expect(await fork.submitTurn('go on').result).toMatchObject({ status: 'completed', text: 'on' })
      await fork.detach()
    }
    expect([ran, spawned.handles]).toEqual([[], []])
    expect(await logOf(runtime, id)).toEqual(log)
  })

  test('starts its budget at zero, and says what its prefix had cost', async () => {
    const { runtime, session, log } = await eventful()
    const { total, children } = session.usage
    expect(children).toMatchObject({ inputTokens: 10 })
    const fork = await session.fork()
    expect(fork.usage).toMatchObject({
      total: { inputTokens: 0, outputTokens: 0 },
      children: { inputTokens: 0 },
      inherited: addUsage(total, children),
    })
    for (const at of [1, 9, log.length - 1]) {
      const { usage } = fold(log.slice(0, at))
      const part = await session.fork({ at })
      expect(part.usage.inherited).toEqual(addUsage(usage.total, usage.children))
    }
    const again = await fork.fork()
    expect(again.usage.inherited).toEqual(addUsage(total, children))
    expect((await runtime.listSessions()).sessions[0]).toMatchObject({ usage: { inputTokens: 0 } })
  })

  test('has none of the children, whether they had ended or not', async () => {
    const { runtime, session, log } = await eventful()
    const { seq } = log.find(({ type }) => type === 'subagent.spawned')!
    for (const at of [seq, log.length]) {
      const fork = await session.fork({ at })
      expect([...fork.state.children]).toEqual([])
      const settled = (await logOf(runtime, fork.id))
        .slice(at)
        .filter(({ type }) => type === 'subagent.settled')
      expect(settled).toEqual([])
      expect((await runtime.listSessions({ parentId: fork.id })).sessions).toEqual([])
    }
  })

  test('W-10: of a session with a running turn closes the turn in the fork only', async () => {
    const reply = deferred()
    const waiting = tool('wait', async () => reply.promise.then(() => 'waited'))
    const { runtime } = await startRuntime({
      script: [{ toolCalls: [{ name: 'wait' }] }, { text: 'done' }, { text: 'in the fork' }],
    })
    const session = await runtime.newSession({ tools: [waiting] })
    const turn = session.submitTurn('go')
    await settle()
    const fork = await session.fork()
    expect(fork.state.lastTurn).toMatchObject({ status: 'failed', reason: 'crashed' })
    expect(fork.state.transcript.at(-1)).toMatchObject({ role: 'tool', isError: true })
    reply.resolve()
    expect(await turn.result).toMatchObject({ status: 'completed', text: 'done' })
    expect(await fork.submitTurn('go on').result).toMatchObject({ text: 'in the fork' })
  })

  test('of a session that is open elsewhere leaves it alone', async () => {
    const { store, session, log } = await eventful()
    const { runtime } = await startRuntime({ store, script: () => ({ text: 'here' }) })
    const fork = await runtime.forkSession(session.id)
    expect(await fork.submitTurn('here').result).toMatchObject({ text: 'here' })
    await session.notify('note', 'still mine')
    expect(await logOf(runtime, session.id)).toHaveLength(log.length + 1)
  })

  test('uses the tools and hooks it was given: those of the origin are not stored', async () => {
    const { runtime } = await startRuntime({
      script: [{ text: 'x' }, { toolCalls: [{ name: 'look' }] }, { text: 'y' }],
    })
    const origin = await runtime.newSession()
    await origin.submitTurn('a').orThrow()
    const judged: string[] = []
    const hooks = { 'toolCall.guard': ({ name }: { readonly name: string }) => void judged.push(name) }
    const fork = await origin.fork({ tools, hooks })
    await fork.submitTurn('b').orThrow()
    expect(judged).toEqual(['look'])
  })

  test('of a log that is newer than this code is as read-only; of its known part it is not', async () => {
    const { runtime: first } = await startRuntime({ script: [{ text: 'x' }] })
    const origin = await first.newSession()
    await origin.submitTurn('a').orThrow()
    const log = await logOf(first, origin.id)
    const { store, id } = await storeWith([
      ...log,
      { ...log.at(-1)!, seq: log.length + 1, type: 'weather.changed', v: 3 } as never,
    ])
    const { runtime } = await startRuntime({ store, script: () => ({ text: 'y' }) })
    const all = await runtime.forkSession(id)
    expect(all.state.readOnly).toMatchObject({ type: 'weather.changed' })
    const known = await runtime.forkSession(id, { at: log.length })
    expect(await known.submitTurn('b').result).toMatchObject({ text: 'y' })
  })
})

describe('a fork is refused', () => {
  test.each([0, -1, 1.5, 99, Number.NaN, Infinity])('at %d, where there is no event', async (at) => {
    const { runtime, store } = await startRuntime()
    const session = await runtime.newSession()
    await expect(session.fork({ at })).rejects.toMatchObject({
      code: 'ERR_SESSION_INPUT',
      message: expect.stringMatching(/events 1 to 1/) as string,
    })
    expect((await store.list()).sessions).toHaveLength(1)
  })

  test('of a session that nobody knows', async () => {
    const { runtime } = await startRuntime()
    for (const options of [{}, { at: 1 }])
      await expect(runtime.forkSession('nobody', options)).rejects.toMatchObject({
        code: 'ERR_SESSION_UNKNOWN',
      })
  })

  test('behind a gap, and names it; before it, it works', async () => {
    const runtime = await damagedRuntime((log) => log.toSpliced(2, 1))
    await expect(runtime.forkSession('session-1', { at: 4 })).rejects.toMatchObject({
      code: 'ERR_SESSION_DAMAGED',
      data: { seq: 3 },
    })
    expect((await runtime.listSessions()).sessions).toHaveLength(1)
    const fork = await runtime.forkSession('session-1', { at: 2 })
    expect(await fork.submitTurn('b').result).toMatchObject({ text: 'x' })
    await runtime.shutdown()
  })
})

/** A runtime over a store in which one session, `session-1`, is damaged. */
async function damagedRuntime(
  damage: (log: readonly StoredEvent[]) => StoredEvent[],
): Promise<SessionRuntime> {
  const { runtime: first } = await startRuntime({ script: [{ text: 'x' }] })
  const session = await first.newSession()
  await session.submitTurn('a').orThrow()
  const { store } = await storeWith(damage(await logOf(first, session.id)))
  return (await openRuntime({ store, script: () => ({ text: 'x' }) })).runtime
}
