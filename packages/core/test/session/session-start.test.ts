import type { SessionHooks } from '@halter/core'
import { describe, expect, test } from 'vitest'
import { settle } from './support/gates.ts'
import { tapping } from './support/plugins.ts'
import { restart, startRuntime } from './support/runtime.ts'
import { summariser } from './support/summariser.ts'

describe('session.start', () => {
  /** The sources that turns announce, as they come. */
  function announcing(): { readonly sources: string[]; readonly hooks: SessionHooks } {
    const sources: string[] = []
    return { sources, hooks: { 'session.start': ({ source }) => void sources.push(source) } }
  }

  test('comes once, at the first turn, as `startup`', async () => {
    const { sources, hooks } = announcing()
    const { runtime } = await startRuntime({
      script: () => ({ text: 'x' }),
      plugins: [tapping('watcher', hooks)],
    })
    const session = await runtime.newSession()
    expect(sources).toEqual([])
    for (let turn = 0; turn < 3; turn++) await session.submitTurn('go').result
    expect(sources).toEqual(['startup'])
  })

  test('comes as `resume` at the first turn after a resume', async () => {
    const { sources, hooks } = announcing()
    const first = await startRuntime()
    const { id } = await first.runtime.newSession()
    const { runtime } = await restart(first, {
      script: () => ({ text: 'x' }),
      plugins: [tapping('watcher', hooks)],
    })
    const session = (await runtime.resume(id))!
    expect(sources).toEqual([])
    for (let turn = 0; turn < 2; turn++) await session.submitTurn('go').result
    expect(sources).toEqual(['resume'])
  })

  test('comes as `compact` at the first turn after a compaction', async () => {
    const { sources, hooks } = announcing()
    const { runtime } = await startRuntime({
      script: () => ({ text: 'x' }),
      plugins: [summariser(), tapping('watcher', hooks)],
    })
    const session = await runtime.newSession()
    for (let turn = 0; turn < 2; turn++) await session.submitTurn('go').result
    expect(await session.compact()).toBeDefined()
    for (let turn = 0; turn < 2; turn++) await session.submitTurn('go').result
    expect(sources).toEqual(['startup', 'compact'])
  })

  test('is waited for: what it injects is in the first request', async () => {
    const { runtime, provider } = await startRuntime({
      script: () => ({ text: 'x' }),
      plugins: [
        tapping('context', {
          'session.start': async (_, ctx) => {
            await settle(2)
            await ctx.session.inject('for the whole session', { scope: 'session' })
          },
        }),
      ],
    })
    const session = await runtime.newSession()
    for (let turn = 0; turn < 2; turn++) await session.submitTurn('go').result
    for (const { tail } of provider.requests)
      expect(tail).toMatchObject([{ text: 'for the whole session', plugin: 'context' }])
  })
})
