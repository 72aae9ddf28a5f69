import { expect, test } from 'vitest'
import { deferred, until } from './support/gates.ts'
import { startRuntime } from './support/runtime.ts'
import { noneSpawned, spawning } from './support/spawning.ts'
import { tool } from './support/tools.ts'

/** A parent whose child, and that one's child, wait for a gate; `look` opens it. */
async function threeGenerations() {
  const gate = deferred()
  const spawned = noneSpawned()
  const waiting = tool('waiting', () => gate.promise)
  const test = await startRuntime({
    script: ({ messages, sessionId }) => {
      if (messages.at(-1)!.role === 'tool') return { text: 'done' }
      const prompt = JSON.stringify(messages.at(0)!.parts)
      if (prompt.includes('grandchild')) return { toolCalls: [{ name: 'waiting', id: `${sessionId}-w` }] }
      const task = prompt.includes('child') ? 'grandchild' : 'child'
      return { toolCalls: [{ name: 'spawn', id: `${sessionId}-s`, input: { task } }] }
    },
  })
  const parent = await test.runtime.newSession({ tools: [spawning(spawned), waiting] })
  const turn = parent.submitTurn('go')
  await until(() => test.runtime.describe().openSessions === 3)
  return { ...test, gate, parent, turn, spawned }
}

test('a cascade refuses while a descendant is open, and deletes nothing', async () => {
  const { runtime, store, gate, parent, turn, spawned } = await threeGenerations()
  const [child, grandchild] = [spawned.handles[0]!.id, spawned.handles[1]?.id]
  await expect(runtime.deleteSession(child, { cascade: true })).rejects.toMatchObject({
    code: 'ERR_SESSION_INPUT',
  })
  gate.resolve()
  await turn.result
  await parent.detach()
  await until(() => runtime.describe().openSessions === 0)
  const held = (await runtime.resume(grandchild ?? spawned.handles.at(-1)!.id, {}))!
  await expect(runtime.deleteSession(parent.id, { cascade: true })).rejects.toMatchObject({
    code: 'ERR_SESSION_INPUT',
    data: { sessionId: held.id },
    message: `Session ${held.id}, a descendant of ${parent.id}, is open here. Shut it down or detach it, then delete it.`,
  })
  expect((await store.list()).sessions).toHaveLength(3)
  await held.detach()
  await runtime.deleteSession(parent.id, { cascade: true })
  expect((await store.list()).sessions).toEqual([])
})

test('without cascade, children stay', async () => {
  const { runtime, store, gate, parent, turn } = await threeGenerations()
  gate.resolve()
  await turn.result
  await parent.detach()
  await until(() => runtime.describe().openSessions === 0)
  await runtime.deleteSession(parent.id)
  expect((await store.list()).sessions).toHaveLength(2)
})
