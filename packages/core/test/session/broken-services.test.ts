import { definePlugin, perSession, type Plugin } from '@halter/core'
import { describe, expect, test } from 'vitest'
import { settle } from './support/gates.ts'
import { tapping } from './support/plugins.ts'
import { startRuntime } from './support/runtime.ts'
import { liveSession, logOf } from './support/sound.ts'

/** A service of every session that cannot be made while `fails`. */
function moody(state: { fails: boolean }): Plugin {
  return definePlugin({
    name: 'moody',
    apiVersion: 1,
    provides: ['promptAssembler'],
    setup: () => ({
      promptAssembler: perSession(() => {
        if (state.fails) throw new Error('out of memory')
        return {
          assemble: ({ plan }) => ({ system: [], messages: plan.messages, tail: [], breakpoints: [] }),
        }
      }),
    }),
  })
}

const broken = { code: 'ERR_PLUGIN_SETUP', plugin: 'moody' }

describe('a service of the session that cannot be made', () => {
  test('fails the turn, and holds no generation', async () => {
    const state = { fails: true }
    const plugin = moody(state)
    const { runtime } = await startRuntime({ script: [{ text: 'x' }], plugins: [plugin] })
    const session = await runtime.newSession()
    expect(await session.submitTurn('a').result).toMatchObject({ status: 'failed', error: broken })
    state.fails = false
    expect(await session.submitTurn('b').result).toMatchObject({ status: 'completed' })
    await runtime.reload([plugin, tapping('new', {})])
    await settle()
    expect(runtime.describe()).toMatchObject({ generation: 2, retiredGenerations: 0 })
  })

  test('fails a compaction, and the next one works', async () => {
    const state = { fails: true }
    const { runtime } = await startRuntime({ plugins: [moody(state)] })
    const session = await runtime.newSession()
    await expect(session.compact()).rejects.toMatchObject(broken)
    state.fails = false
    expect(await session.compact()).toBeUndefined()
  })

  test('fails a child, which takes no place', async () => {
    const state = { fails: true }
    const { runtime } = await startRuntime({ script: () => ({ text: 'x' }), plugins: [moody(state)] })
    const session = await runtime.newSession({ limits: { fanOut: 1 } })
    const port = liveSession(runtime, session.id)!.portFor('somebody')
    await expect(port.openChild({ task: 'a' })).rejects.toMatchObject(broken)
    state.fails = false
    const child = await port.openChild({ task: 'b' })
    expect(await child.result).toMatchObject({ outcome: 'completed' })
  })

  test('keeps no session from being shut down', async () => {
    const { runtime } = await startRuntime({ plugins: [moody({ fails: true })] })
    const session = await runtime.newSession()
    await session.shutdown()
    const log = await logOf(runtime, session.id)
    expect(log.map(({ type }) => type)).toEqual(['session.started', 'warning.raised', 'session.closed'])
    expect(runtime.describe().openSessions).toBe(0)
  })
})
