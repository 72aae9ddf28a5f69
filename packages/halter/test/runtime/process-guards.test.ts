import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'

const at = (specifier: string): string => JSON.stringify(import.meta.resolve(specifier))

/** Runs two sessions in a process of its own; a plugin misbehaves in the first one’s turn while both run. */
async function runBeside(misbehaviour: string): Promise<{ code: number | null; lines: string[] }> {
  const program = `
    import { definePlugin } from ${at('@halter/core')}
    import { createTestRuntime } from ${at('@halter/core/testing')}
    const bad = definePlugin({ name: 'bad', apiVersion: 1, setup({ hooks }) {
      hooks.tap('prompt.transform', (draft, ctx) => {
        if (ctx.session.blueprint.sessionId === 'victim') { ${misbehaviour} }
      })
      return {}
    } })
    const warnings = []
    const logger = { debug() {}, info() {}, error() {}, warn: (message) => warnings.push(message), child: () => logger }
    const logging = definePlugin({ name: 'logging', apiVersion: 1, provides: ['logger'], setup: () => ({ logger }) })
    const { runtime } = await createTestRuntime({
      plugins: [bad, logging], processGuards: true,
      script: ({ messages }) => ({ text: 'answer ' + messages.length }),
    })
    const victim = await runtime.newSession({ sessionId: 'victim' })
    const other = await runtime.newSession({ sessionId: 'other' })
    const say = async (session) => (await session.submitTurn('go').result).status
    console.log('first', await Promise.all([say(victim), say(other)]))
    await new Promise((resolve) => setTimeout(resolve, 50))
    console.log('second', await Promise.all([say(victim), say(other)]))
    await new Promise((resolve) => setTimeout(resolve, 50))
    console.log('warned', warnings.some((message) => message.includes('boom')))
    await runtime.shutdown()
    console.log('over')`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program])
  const [stdout, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  return { code: code as number | null, lines: stdout.trim().split('\n') }
}

describe('promise 25: with process guards, a plugin that, during a turn,', () => {
  test.each([
    ['throws from a timer', `setTimeout(() => { throw new Error('boom') }, 5)`],
    ['leaves a rejection to nobody', `void Promise.reject(new Error('boom'))`],
    ['throws from a microtask', `queueMicrotask(() => { throw new Error('boom') })`],
    ['throws from an event it listens to', `ctx.signal; setImmediate(() => { throw new Error('boom') })`],
  ])('%s takes down neither the process nor any session', async (_what, misbehaviour) => {
    expect(await runBeside(misbehaviour)).toEqual({
      code: 0,
      lines: [
        "first [ 'completed', 'completed' ]",
        "second [ 'completed', 'completed' ]",
        'warned true',
        'over',
      ],
    })
  })
})
