import type { SpawnRequest } from '@halter/core'
import { describe, expect, test } from 'vitest'
import { byPrompt, spawns } from './support/children.ts'
import { deferred, settle, until } from './support/gates.ts'
import { tapping } from './support/plugins.ts'
import { restart, startRuntime } from './support/runtime.ts'
import { logOf } from './support/sound.ts'
import { noneSpawned, spawning } from './support/spawning.ts'
import { tool } from './support/tools.ts'

/** A session whose first turn has ended, and whose child `session-2` goes on until `work` is resolved. */
async function withWorker() {
  const work = deferred()
  const test = await startRuntime({
    script: byPrompt({
      go: [{ toolCalls: [{ name: 'send', input: { task: 'dig' } }] }, { text: 'sent' }, { text: 'more' }],
      dig: [{ toolCalls: [{ name: 'wait' }] }, { text: 'dug' }],
    }),
  })
  const send = tool('send', async (input, { session }) => {
    await session.openChild(input as unknown as SpawnRequest)
    return 'it is on its way'
  })
  const wait = tool('wait', () => work.promise.then(() => 'worked'))
  const session = await test.runtime.newSession({ tools: [send, wait] })
  expect(await session.submitTurn('go').result).toMatchObject({ status: 'completed', text: 'sent' })
  return { ...test, work, session }
}

describe('a child that nobody waits for', () => {
  test('goes on after the turn that asked for it, and is settled between turns', async () => {
    const { runtime, session, work } = await withWorker()
    expect(session.state.children.get('session-2')).not.toHaveProperty('outcome')
    expect(runtime.describe()).toMatchObject({ openSessions: 2, runningTurns: 1 })
    work.resolve()
    await until(() => session.state.children.get('session-2')!.outcome === 'completed')
    expect(session.usage.children).toMatchObject({ inputTokens: 20 })
    expect((await logOf(runtime, session.id)).at(-1)).toMatchObject({ type: 'subagent.settled', text: 'dug' })
  })

  test('keeps its parent open when all its holders have left, and no longer', async () => {
    const { runtime, session, work } = await withWorker()
    await session.detach()
    await settle()
    expect(runtime.describe().openSessions).toBe(2)
    const again = (await runtime.resume(session.id))!
    expect(again.state).toBe(session.state)
    await again.detach()
    work.resolve()
    await until(() => runtime.describe().openSessions === 0)
    const log = await logOf(runtime, session.id)
    expect(log.at(-1)).toMatchObject({ type: 'subagent.settled', outcome: 'completed', text: 'dug' })
    expect(log.map(({ type }) => type)).not.toContain('session.resumed')
  })

  test('may be there still when the next turn runs, and when that one is interrupted', async () => {
    const { session, work } = await withWorker()
    expect(await session.submitTurn('and').result).toMatchObject({ text: 'more' })
    await session.interrupt()
    work.resolve()
    await until(() => session.state.children.get('session-2')!.outcome === 'completed')
  })

  test('is stopped with its parent’s end, and recorded before it', async () => {
    const { runtime, session } = await withWorker()
    await session.shutdown()
    const log = await logOf(runtime, session.id)
    expect(log.slice(-2)).toMatchObject([
      { type: 'subagent.settled', outcome: 'cancelled' },
      { type: 'session.closed' },
    ])
  })

  test('is recorded before the runtime is gone, so that the next one has nothing left to settle', async () => {
    const first = await withWorker()
    const { runtime } = await restart(first)
    const session = (await runtime.resume(first.session.id))!
    expect(session.state.children.get('session-2')).toMatchObject({ outcome: 'cancelled' })
    const log = await logOf(runtime, session.id)
    expect(log.filter(({ type }) => type === 'subagent.settled')).toHaveLength(1)
  })
})

test('a child takes one place of its parent’s fan-out, also while somebody looks at its start', async () => {
  const looked = deferred()
  const spawned = noneSpawned()
  let starts = 0
  const { runtime } = await startRuntime({
    script: byPrompt({
      go: [{ toolCalls: [spawns('one'), { ...spawns('two'), name: 'later' }] }, { text: 'done' }],
      one: [{ text: '1' }],
      two: [{ text: '2' }],
    }),
    plugins: [
      tapping('watcher', {
        'subagent.start': async () => {
          if (++starts === 1) await looked.promise
        },
      }),
    ],
  })
  const spawn = spawning(spawned)
  const later = tool('later', async (input, ctx) => {
    await until(() => starts === 1)
    const answer = spawn.execute(input, ctx)
    looked.resolve()
    return answer
  })
  const session = await runtime.newSession({ tools: [spawn, later], limits: { fanOut: 2 } })
  await session.submitTurn('go').orThrow()
  expect(spawned.results.map(({ text }) => text).toSorted()).toEqual(['1', '2'])
})

test('twenty that are asked for at once are twenty, or as many as may be', async () => {
  for (const fanOut of [20, 7]) {
    const spawned = noneSpawned()
    const names = Array.from({ length: 20 }, (_, n) => `task-${n}`)
    const { runtime } = await startRuntime({
      script: byPrompt({
        go: [{ toolCalls: names.map((name) => spawns(name)) }, { text: 'done' }],
        ...Object.fromEntries(names.map((name) => [name, [{ text: name, delayMs: 3 }]])),
      }),
      plugins: [
        tapping('slow', { 'subagent.guard': async () => settle(2), 'subagent.start': async () => settle(1) }),
      ],
    })
    const session = await runtime.newSession({ tools: [spawning(spawned)], limits: { fanOut } })
    await session.submitTurn('go').orThrow()
    expect(spawned.results.map(({ outcome }) => outcome)).toEqual(
      Array.from({ length: fanOut }, () => 'completed'),
    )
    expect(session.state.children.size).toBe(fanOut)
    expect(runtime.describe().openSessions).toBe(1)
  }
})

test('a child has a life of its own: its start and its turns are told to whoever looks', async () => {
  const seen: string[] = []
  const look =
    (what: string) =>
    (_: unknown, { session }: { readonly session: { readonly blueprint: { readonly depth: number } } }) =>
      void seen.push(`${what} in depth ${session.blueprint.depth}`)
  const { runtime } = await startRuntime({
    script: byPrompt({ go: [{ toolCalls: [spawns('dig')] }, { text: 'done' }], dig: [{ text: 'dug' }] }),
    plugins: [
      tapping('watcher', {
        'session.start': look('session.start'),
        'turn.start': look('turn.start'),
        'turn.end': look('turn.end'),
      }),
    ],
  })
  const session = await runtime.newSession({ tools: [spawning(noneSpawned())] })
  await session.submitTurn('go').orThrow()
  expect(seen).toEqual([
    'session.start in depth 0',
    'turn.start in depth 0',
    'session.start in depth 1',
    'turn.start in depth 1',
    'turn.end in depth 1',
    'turn.end in depth 0',
  ])
})
