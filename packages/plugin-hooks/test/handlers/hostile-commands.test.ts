import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { defineTool } from '@halter/core'
import { createTestRuntime } from '@halter/core/testing'
import hooks from '@halter/plugin-hooks'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runHandler } from '../../src/handlers/run-handler.ts'
import {
  commandHandler,
  openSandbox,
  payloadOf,
  running,
  uniqueSleep,
  until,
  type Sandbox,
} from './sandbox.ts'

const isLinux = process.platform === 'linux'
const MIB = 1024 * 1024
/** Milliseconds past its timeout after which a run must have ended, on a machine with other work to do. */
const GRACE_MS = 3_000

let box: Sandbox
let token: string
beforeEach(() => {
  box = openSandbox()
  token = uniqueSleep()
})
afterEach(async () => {
  await box.remove()
  // Only after a test that failed: what it started and did not end.
  for (const pid of running(token)) process.kill(pid, 'SIGKILL')
})

/** Runs to the timeout and asserts that it was kept, and that nothing is left. */
async function expectTimedOut(command: string, timeoutMs = 300): Promise<void> {
  const begin = performance.now()
  const result = await box.run(command, { timeoutMs })
  expect(result).toMatchObject({ status: 'timed-out', error: expect.stringContaining('was not done after') })
  expect(performance.now() - begin).toBeLessThan(timeoutMs + GRACE_MS)
  expect(running(token)).toEqual([])
}

// What is asserted of processes that left their group holds on Linux, where they can be found.
describe.runIf(isLinux)('no hang beyond its timeout, and no survivor, of a command that', () => {
  it('sleeps', () => expectTimedOut(`sleep ${token}`))

  it('ignores SIGTERM, and so do its children', () =>
    expectTimedOut(`trap '' TERM; sleep ${token} & while :; do sleep ${token}; done`))

  it('stops itself', () => expectTimedOut(`sleep ${token} & kill -STOP $$`))

  it('closes stdin, stdout and stderr, and goes on', () =>
    expectTimedOut(`exec 0<&- 1>&- 2>&-; sleep ${token}`))

  it('starts children in sessions of their own', () =>
    expectTimedOut(`setsid sleep ${token} & setsid -f sleep ${token}; sleep ${token}`))

  it('starts children that forget the environment', () =>
    expectTimedOut(`env -i sleep ${token} & env -i setsid sleep ${token} & sleep ${token}`))

  it('has a double-forked daemon beside it', async () => {
    await expectTimedOut(`python3 daemon.py ${token} & sleep ${token}`, 2_500)
    expect(readIfThere('daemon.pid')).toMatch(/^\d+$/)
  })

  it('writes without end, slowly', () => expectTimedOut(`while :; do echo ${token}; sleep 0.01; done`))

  it('is cancelled', async () => {
    const control = new AbortController()
    const run = box.run(`trap '' TERM; sleep ${token}; sleep ${token}`, {}, { signal: control.signal })
    await until(() => running(`sleep ${token}`).length > 0)
    const begin = performance.now()
    control.abort()
    expect(await run).toMatchObject({ status: 'cancelled', error: expect.stringContaining('nobody waits') })
    expect(performance.now() - begin).toBeLessThan(GRACE_MS)
    expect(running(token)).toEqual([])
  })

  it('runs when its session leaves memory', async () => {
    const run = box.run(`trap '' TERM; sleep ${token}; sleep ${token}`)
    await until(() => running(`sleep ${token}`).length > 0)
    await box.endSession()
    expect(running(token)).toEqual([])
    expect(await run).toMatchObject({ status: 'failed', error: expect.stringContaining('SIGKILL') })
  })

  it('is over before it begins', async () => {
    expect(await box.run(`echo ran > ran; sleep ${token}`, { timeoutMs: 0 })).toMatchObject({
      status: 'timed-out',
    })
    const signal = AbortSignal.abort()
    expect(await box.run('echo ran > ran', {}, { signal })).toMatchObject({ status: 'cancelled' })
    expect(() => readFileSync(join(box.root, 'ran'))).toThrow('ENOENT')
  })

  beforeEach(() => {
    box.script(
      'daemon.py',
      `import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.chdir('/')
        open('${join(box.root, 'daemon.pid')}', 'w').write(str(os.getpid()))
        os.execvp('sleep', ['sleep', sys.argv[1]])
    os._exit(0)
`,
    )
  })
})

describe.runIf(isLinux)('what a command leaves behind that exits at once', () => {
  it('does not hold up its answer, with the pipes still open', async () => {
    const begin = performance.now()
    expect(await box.run(`sleep ${token} & echo '{"systemMessage":"done"}'`)).toMatchObject({
      status: 'ok',
      output: { systemMessage: 'done' },
    })
    expect(performance.now() - begin).toBeLessThan(GRACE_MS)
    expect(running(token)).toHaveLength(1)
    await box.endSession()
    expect(running(token)).toEqual([])
  })

  it('goes on until the timeout of the run, and no longer', async () => {
    expect(await box.run(`setsid -f sleep ${token} >/dev/null 2>&1`, { timeoutMs: 2_000 })).toMatchObject({
      status: 'ok',
    })
    // A run with more time must not keep the first one's alive.
    expect(await box.run('true', { timeoutMs: 60_000 })).toMatchObject({ status: 'ok' })
    expect(running(token)).toHaveLength(1)
    await until(() => running(token).length === 0)
  })

  it('ends with the session, a double-forked daemon too', async () => {
    const daemon = box.script(
      'daemon.py',
      `import os
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp('sleep', ['sleep', '${token}'])
    os._exit(0)
`,
    )
    expect(await box.run(`python3 ${daemon} </dev/null >/dev/null 2>&1`)).toMatchObject({ status: 'ok' })
    await until(() => running(token).length === 1)
    await box.endSession()
    expect(running(token)).toEqual([])
  })

  it('breaks on its pipe when it floods, so that nobody reads it for ever', async () => {
    expect(await box.run(`yes ${token} & echo started`)).toMatchObject({ status: 'ok' })
    await until(() => running(token).length === 0)
  })

  it('still writes into pipes that somebody reads, while it is modest', async () => {
    const command = `(sleep 0.6; echo late && echo late >&2 && echo written > written; sleep ${token}) & echo started`
    expect(await box.run(command)).toMatchObject({ status: 'ok', stdout: 'started' })
    await until(() => readIfThere('written') === 'written\n')
  })
})

describe.skipIf(process.platform === 'win32')('memory stays where it was with a command that', () => {
  it.each(['stdout', 'stderr'] as const)('floods %s: it is ended long before its timeout', async (name) => {
    const before = process.memoryUsage.rss()
    let most = before
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 5)
    const begin = performance.now()
    const result = await box.run(`yes ${token}${name === 'stderr' ? ' >&2' : ''}`)
    clearInterval(watch)
    expect(result).toMatchObject({ status: 'failed', error: expect.stringContaining('more than 16 MiB') })
    expect(performance.now() - begin).toBeLessThan(10_000)
    expect(running(token)).toEqual([])
    expect(most - before).toBeLessThan(100 * MIB)
    expect(Buffer.byteLength(result.stdout ?? '') + Buffer.byteLength(result.stderr ?? '')).toBeLessThan(
      200_000,
    )
  })

  it('never reads a payload of 5 MB: no failure, and no wait', async () => {
    const payload = payloadOf(box.root, { tool_response: 'x'.repeat(5 * MIB) })
    for (const command of ['exit 0', 'sleep 0.2', 'exec 0<&-; sleep 0.1', 'head -c 10 >/dev/null']) {
      const begin = performance.now()
      const result = await runHandler(commandHandler(command), payload, box.context())
      expect(result).toEqual({ status: 'ok', exitCode: 0, durationMs: expect.any(Number) })
      expect(performance.now() - begin).toBeLessThan(5_000)
    }
    const sum = await runHandler(commandHandler('wc -c'), payload, box.context())
    expect(sum.stdout).toBe(String(Buffer.byteLength(JSON.stringify(payload)) + 1))
  })

  it('is one of hundreds', async () => {
    const payload = payloadOf(box.root, { tool_response: 'x'.repeat(50_000) })
    const batch = (count: number): Promise<unknown> =>
      Promise.all(
        Array.from({ length: count }, () => runHandler(commandHandler('cat'), payload, box.context())),
      )
    for (let round = 0; round < 5; round++) await batch(20)
    const before = bytesInUse()
    for (let round = 0; round < 10; round++) await batch(20)
    // Each told 50 kB and answered with as much: 20 MB, had they been kept.
    expect(bytesInUse() - before).toBeLessThan(12 * MIB)
  }, 60_000)
})

describe.skipIf(process.platform === 'win32')('a command whose output comes to an end before it does', () => {
  it('has said what it said', async () => {
    expect(await box.run('echo context; exec 1>&-; sleep 0.2')).toMatchObject({
      status: 'ok',
      stdout: 'context',
    })
  })

  it('and one whose last words come as it ends are heard, on a busy machine too', async () => {
    const busy = setInterval(() => {
      const end = performance.now() + 40
      while (performance.now() < end);
    }, 1)
    const command = `node -e 'process.stdout.write("x".repeat(60000) + "end"); process.exit(0)'`
    const results = await Promise.all(Array.from({ length: 4 }, () => box.run(command)))
    clearInterval(busy)
    for (const { stdout } of results) expect(stdout?.slice(-4)).toBe('xend')
  })
})

/** Bytes that something still holds. */
function bytesInUse(): number {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
  return process.memoryUsage().heapUsed
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(join(box.root, path), 'utf8')
  } catch {
    return undefined
  }
}

describe.skipIf(process.platform === 'win32')('a command in the background', () => {
  it('is not waited for, and tells what it came to', async () => {
    const result = await box.run(`sleep 1.5; echo '{"systemMessage":"later"}'`, { isAsync: true })
    expect(result).toMatchObject({ status: 'ok', isRunning: true })
    expect(result.durationMs).toBeLessThan(1_200)
    expect(box.settled).toEqual([])
    await until(() => box.settled.length === 1)
    expect(box.settled[0]).toMatchObject({ status: 'ok', output: { systemMessage: 'later' } })
  })

  it('goes on when the turn is over, and wakes with exit code 2', async () => {
    const turn = new AbortController()
    const handler = { asyncRewake: true, isAsync: true }
    await box.run('sleep 0.2; echo "tests fail" >&2; exit 2', handler, { signal: turn.signal })
    turn.abort()
    await until(() => box.settled.length === 1)
    expect(box.settled[0]).toMatchObject({ status: 'blocked', stderr: 'tests fail' })
  })

  it('keeps its timeout', async () => {
    await box.run(`sleep ${token}`, { isAsync: true, timeoutMs: 200 })
    await until(() => box.settled.length === 1)
    expect(box.settled[0]).toMatchObject({ status: 'timed-out' })
    expect(running(token)).toEqual([])
  })

  it('ends with the session', async () => {
    await box.run(`trap '' TERM; sleep ${token}; sleep ${token}`, { isAsync: true })
    await until(() => running(`sleep ${token}`).length === 1)
    const begin = performance.now()
    await box.endSession()
    expect(performance.now() - begin).toBeLessThan(GRACE_MS)
    expect(running(token)).toEqual([])
    expect(box.settled).toMatchObject([{ status: 'cancelled' }])
  })

  it('is one of 32 at most', async () => {
    const runs = Array.from({ length: 33 }, () => box.run(`sleep ${token}`, { isAsync: true }))
    const results = await Promise.all(runs)
    expect(results.filter(({ isRunning }) => isRunning)).toHaveLength(32)
    expect(results.find(({ status }) => status === 'failed')?.error).toContain('too many hooks')
    await delay(50)
    await box.endSession()
    expect(running(token)).toEqual([])
  })
})

describe.runIf(isLinux)('a session whose every hook is hostile', () => {
  it('refuses the call, ends its turn in time, and leaves nothing', async () => {
    const commands = [
      `trap '' TERM; sleep ${token}; sleep ${token}`,
      `yes ${token}`,
      `setsid -f sleep ${token}; sleep ${token}`,
      `sleep ${token} & printf '{"hookSpecificOutput":'`,
      'kill -KILL $$',
      `exec 0<&- 1>&- 2>&-; sleep ${token}`,
    ]
    const hostile = [{ hooks: commands.map((command) => ({ type: 'command', command, timeout: 0.5 })) }]
    let hasRun = false
    const tool = defineTool({
      name: 'act',
      description: 'Acts.',
      input: { type: 'object' },
      effects: 'unsafe',
      concurrency: 'exclusive',
      execute: () => {
        hasRun = true
        return 'done'
      },
    })
    const options = { settings: false, hooks: { PreToolUse: hostile, PostToolBatch: hostile, Stop: hostile } }
    const { runtime } = await createTestRuntime({
      plugins: [[hooks, options]],
      script: [{ toolCalls: [{ name: 'act' }] }, { text: 'It was refused.' }],
    })
    const session = await runtime.newSession({ workingDir: box.root, tools: [tool] })
    const begin = performance.now()
    const { status, text } = await session.submitTurn('Act.').result
    expect({ status, text, hasRun }).toEqual({ status: 'completed', text: 'It was refused.', hasRun: false })
    // Three events, whose handlers run side by side.
    expect(performance.now() - begin).toBeLessThan(3 * (500 + GRACE_MS))
    await runtime.shutdown()
    expect(running(token)).toEqual([])
  })
})
