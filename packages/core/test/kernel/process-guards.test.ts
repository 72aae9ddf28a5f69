import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'

const at = (path: string): string => JSON.stringify(import.meta.resolve(path))

/** Runs a program that has a kernel with one plugin, guards, and a session that calls its tap. */
function run(setup: string, afterwards = ''): { status: number | null; out: string[]; err: string } {
  const program = `
    import { definePlugin } from ${at('../../src/index.ts')}
    import { Kernel } from ${at('../../src/kernel/kernel.ts')}
    import { runAs } from ${at('../../src/kernel/attribution.ts')}
    import { createProcessGuards } from ${at('../../src/kernel/process-guards.ts')}
    const remove = createProcessGuards(({ plugin, sessionId, origin, error }) =>
      console.log(plugin, sessionId, origin, error?.message ?? error))
    const logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => logger }
    const slots = ['sessionStore', 'contextManager', 'promptAssembler', 'models', 'budget', 'clock', 'ids', 'random',
      'environment', 'watcher', 'logger']
    const base = definePlugin({ name: 'base', apiVersion: 1, provides: slots,
      setup: () => Object.fromEntries(slots.map((slot) => [slot, logger])) })
    const bad = definePlugin({ name: 'bad', apiVersion: 1, setup(ctx) { ${setup}; return {} } })
    const kernel = await Kernel.start({ plugins: [base, bad] }, {
      timeouts: { setup: 1000, tap: 1000, cleanup: 1000 }, hasOpenSessions: () => false, onWarning: console.log })
    await kernel.current.hooks.observe('turn.start', {}, {
      portFor: () => ({ blueprint: { sessionId: 's1' } }), turn: undefined, step: undefined, signal: undefined, warn: console.log })
    ${afterwards}
    await new Promise((resolve) => setTimeout(resolve, 60))
    await kernel.dispose()
    console.log('alive')`
  const child = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' })
  return { status: child.status, out: child.stdout.trim().split('\n'), err: child.stderr }
}

describe('with process guards', () => {
  test.each([
    [
      'throws from a timer that its setup started',
      `setTimeout(() => { throw new Error('late') }, 5)`,
      'uncaughtException',
      undefined,
    ],
    [
      'throws from an interval',
      `const t = setInterval(() => { clearInterval(t); throw new Error('late') }, 5)`,
      'uncaughtException',
      undefined,
    ],
    [
      'rejects with nobody waiting',
      `new Promise((_, reject) => setTimeout(reject, 5, new Error('late')))`,
      'unhandledRejection',
      undefined,
    ],
    [
      'rejects what it never awaited',
      `void (async () => { throw new Error('late') })()`,
      'unhandledRejection',
      undefined,
    ],
    [
      'throws from a timer of a tap',
      `ctx.hooks.tap('turn.start', () => { setTimeout(() => { throw new Error('late') }, 5) })`,
      'uncaughtException',
      's1',
    ],
    [
      'rejects late in a tap',
      `ctx.hooks.tap('turn.start', () => { void Promise.resolve().then(() => { throw new Error('late') }) })`,
      'unhandledRejection',
      's1',
    ],
    [
      'throws from a microtask',
      `ctx.hooks.tap('turn.start', () => { queueMicrotask(() => { throw new Error('late') }) })`,
      'uncaughtException',
      's1',
    ],
    [
      'throws from a timer of a cleanup',
      `ctx.defer(() => { setTimeout(() => { throw new Error('late') }, 5) })`,
      'uncaughtException',
      undefined,
    ],
  ])('a plugin that %s is named, and everybody else goes on', (_, setup, origin, session) => {
    const { status, out, err } = run(setup)
    expect(out.toSorted()).toEqual(['alive', `bad ${session} ${origin} late`])
    expect([status, err]).toEqual([0, ''])
  })

  test.each([
    ['an exception', `setTimeout(function nobodysTimer() { throw new Error('nobody') }, 5)`],
    ['a rejection', `void (async function nobodysPromise() { throw new Error('nobody') })()`],
  ])('%s that is no plugin’s ends the process, with its own stack and exit code 1', (_, afterwards) => {
    const { status, out, err } = run('', afterwards)
    expect(status).toBe(1)
    expect(out).toEqual([''])
    expect(err).toContain('Error: nobody')
    expect(err).toMatch(/at (async )?nobodys(Timer|Promise)|nobodysTimer/)
  })

  test('work that core starts for itself inside a plugin’s call is not the plugin’s', () => {
    const { status, err } = run(
      '',
      `runAs({ plugin: 'bad' }, () => runAs(undefined, () => setTimeout(() => { throw new Error('core') }, 5)))`,
    )
    expect(status).toBe(1)
    expect(err).toContain('Error: core')
  })

  test('another listener of the process gets what is nobody’s, and decides', () => {
    const { status, out } = run(
      '',
      `process.on('uncaughtException', (error) => console.log('host', error.message)); setTimeout(() => { throw new Error('nobody') }, 5)`,
    )
    expect([status, out]).toEqual([0, ['host nobody', 'alive']])
  })

  test('once removed, everything is as it was', () => {
    const { status, err } = run(
      '',
      `remove(); runAs({ plugin: 'bad' }, () => setTimeout(() => { throw new Error('late') }, 5))`,
    )
    expect(status).toBe(1)
    expect(err).toContain('Error: late')
  })
})
