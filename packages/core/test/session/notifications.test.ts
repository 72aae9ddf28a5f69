import type { SessionHooks } from '@halter/core'
import { expect, test } from 'vitest'
import { settle } from './support/gates.ts'
import { startRuntime } from './support/runtime.ts'
import { logOf } from './support/sound.ts'

async function listening(tap: NonNullable<SessionHooks['notification.end']>, hooks: SessionHooks = {}) {
  const { runtime } = await startRuntime({ script: () => ({ text: 'done' }) })
  const session = await runtime.newSession({ hooks: { ...hooks, 'notification.end': tap } })
  return { runtime, session }
}

test('notification.end hears of what an embedder and a plugin raise, in turns and between, once it is stored', async () => {
  const heard: unknown[] = []
  const { session } = await listening(
    (raised, ctx) => void heard.push({ ...raised, turn: ctx.turn?.turnId, stored: ctx.session.state.head }),
    { 'prompt.transform': (_, ctx) => ctx.session.notify('plugin', 'in a turn').then(() => undefined) },
  )
  await session.notify('own', 'between')
  const head = session.state.head
  await settle()
  await session.submitTurn('go').result
  await settle()
  expect(heard).toEqual([
    { kind: 'own', message: 'between', turn: undefined, stored: head },
    { kind: 'plugin', message: 'in a turn', turn: expect.any(String) as unknown, stored: head + 2 },
  ])
})

test('a tap that notifies is told nothing of it: the notification is stored and the chain ends', async () => {
  let calls = 0
  const { runtime, session } = await listening(async (_, ctx) => {
    calls += 1
    await ctx.session.notify('echo', 'I heard')
    await new Promise((resolve) => setTimeout(resolve, 1))
    await ctx.session.notify('echo', 'and later too')
  })
  await session.notify('own', 'hello')
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(calls).toBe(1)
  const raised = (await logOf(runtime, session.id)).filter(({ type }) => type === 'notification.raised')
  expect(raised).toHaveLength(3)
})

test('a turn that such a tap starts is its own: what is raised in it is heard', async () => {
  const heard: string[] = []
  const { session } = await listening(
    ({ kind }, ctx) => {
      heard.push(kind)
      if (kind === 'own') ctx.session.steer('go on')
    },
    { 'prompt.transform': (_, ctx) => ctx.session.notify('inner', 'x').then(() => undefined) },
  )
  await session.notify('own', 'hello')
  await settle(60)
  expect(heard).toEqual(['own', 'inner'])
})

test('a session that is gone by then tells nobody, and nothing is left open', async () => {
  let calls = 0
  const { runtime, session } = await listening(() => void (calls += 1))
  const told = session.notify('own', 'hello')
  const left = session.detach()
  await Promise.all([told, left])
  await settle()
  expect(calls).toBeLessThanOrEqual(1)
  expect(runtime.describe().openSessions).toBe(0)
})
