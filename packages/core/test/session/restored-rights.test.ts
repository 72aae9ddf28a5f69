// What a session or a turn was given is stored with it, so that it has as much, and no more, wherever it comes back.
import type { SessionHandle } from '@halter/core'
import { describe, expect, test } from 'vitest'
import { deferred, settle, until } from './support/gates.ts'
import { family } from './support/family.ts'
import { openRuntime, restart, startRuntime } from './support/runtime.ts'
import { logOf } from './support/sound.ts'
import { storeWith } from './support/stored-logs.ts'
import { tool } from './support/tools.ts'

const tools = [tool('look', () => 'seen'), tool('act', () => 'acted')]

/** A child that may use `look` only, after its parent's process has ended. */
async function childAlone() {
  const first = await family({ tools: ['look'] })
  await first.session.submitTurn('to the parent').result
  const { id } = first.spawned.handles[0]!
  const second = await restart(first, { script: () => ({ text: 'on my own' }) })
  return { ...second, id }
}

describe('a child that is resumed on its own', () => {
  test('has the tools that it was spawned with, and no other', async () => {
    const { runtime, provider, id } = await childAlone()
    const child = (await runtime.resume(id, { tools }))!
    expect(child.blueprint.tools).toEqual(['look'])
    expect(await child.submitTurn('and now?').result).toMatchObject({ status: 'completed' })
    expect(provider.requests.at(-1)!.tools.map(({ name }) => name)).toEqual(['look'])
    expect(await child.submitTurn('more?', { tools: ['act'] }).result).toMatchObject({
      error: { code: 'ERR_TOOL_UNKNOWN' },
    })
  })

  test('cannot give its own children what it has not', async () => {
    const { runtime, id } = await childAlone()
    let thrown: unknown
    const child = (await runtime.resume(id, {
      tools,
      hooks: {
        'prompt.transform': async (_, ctx) => {
          await ctx.session
            .openChild({ task: 'x', tools: ['act'] })
            .catch((error: unknown) => (thrown = error))
        },
      },
    }))!
    await child.submitTurn('spawn').result
    expect(thrown).toMatchObject({ code: 'ERR_TOOL_UNKNOWN' })
  })

  test('forked, is a session of its own: no parent, no depth, and no tool more', async () => {
    const { runtime, store, id } = await childAlone()
    const fork = await runtime.forkSession(id, { tools })
    expect(fork.blueprint).toMatchObject({ depth: 0, tools: ['look'] })
    expect(fork.blueprint).not.toHaveProperty('parentId')
    const { sessions } = await store.list({ parentId: null })
    expect(sessions.map(({ sessionId }) => sessionId)).toContain(fork.id)
  })
})

describe('a continued turn', () => {
  test('keeps the model, tools, limits and the rest that it was submitted with', async () => {
    const gate = deferred()
    const { runtime } = await openRuntime({ script: () => ({ toolCalls: [{ name: 'wait' }] }) })
    const wait = tool('wait', () => gate.promise)
    const session = await runtime.newSession({ tools: [...tools, wait], limits: { steps: 50 } })
    const settings = {
      model: 'test/other',
      effort: 'low',
      temperature: 0.2,
      maxOutputTokens: 77,
      tools: ['wait', 'look'],
      limits: { steps: 2, tokens: Infinity },
    } as const
    session.submitTurn('go', settings)
    await until(() => session.state.openCalls.size > 0)
    const log = await logOf(runtime, session.id)
    gate.resolve()
    await runtime.shutdown({ drainMs: 0 })
    expect(log.find(({ type }) => type === 'turn.started')).toMatchObject({
      settings: { ...settings, limits: { steps: 2, tokens: Number.MAX_SAFE_INTEGER } },
    })
    const stored = await storeWith(log)
    const second = await startRuntime({
      store: stored.store,
      script: () => ({ toolCalls: [{ name: 'look' }] }),
    })
    const again = (await second.runtime.resume(stored.id, {
      tools: [...tools, wait],
      interrupted: 'continue',
    }))!
    await until(() => again.state.turn === undefined)
    expect(again.state.lastTurn).toMatchObject({ reason: 'budget-exhausted' }) // one step was made before, one after
    expect(second.provider.requests).toHaveLength(1)
    expect(second.provider.requests[0]).toMatchObject({
      model: 'test/other',
      effort: 'low',
      temperature: 0.2,
      maxOutputTokens: 77,
      tools: [{ name: 'look' }, { name: 'wait' }],
    })
  })

  test('that was submitted with nothing of its own stores nothing of the kind', async () => {
    const { runtime } = await startRuntime({ script: () => ({ text: 'done' }) })
    const session: SessionHandle = await runtime.newSession()
    await session.submitTurn('go', { whenBusy: 'queue' }).result
    await settle()
    expect((await logOf(runtime, session.id))[1]).not.toHaveProperty('settings')
  })
})
