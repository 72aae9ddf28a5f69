import { readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createShellTool } from '@halter/plugin-tools'
import { openSandbox } from './sandbox.ts'
import type { Sandbox } from './sandbox.ts'
import { running, tokenOf as newToken, waitFor } from './shell/observer.ts'

const isLinux = process.platform === 'linux'
// The commands below are for POSIX systems.
const isWindows = process.platform === 'win32'
let box: Sandbox
const tokens: string[] = []
beforeEach(() => {
  box = openSandbox()
})
afterEach(async () => {
  await box.remove()
  // Only after a test that failed: what it started and did not end.
  for (const pid of tokens.splice(0).flatMap((token) => running(token))) process.kill(Number(pid), 'SIGKILL')
})

describe.skipIf(isWindows)('a command', () => {
  it('runs in the working directory, and its exit code and both outputs are shown', async () => {
    const answer = await box.call(createShellTool(), { command: 'pwd; echo oops >&2; exit 3' })
    expect(answer.text).toContain(`${box.root}\n`)
    expect(answer.text).toContain('oops\n')
    expect(answer.text).toMatch(/\[Exit code 3 after \d+\.\d s\.\]$/)
    expect(answer.isError).toBe(false)
  })

  it('gets no input, so that reading it ends at once', async () => {
    const answer = await box.call(createShellTool(), { command: 'read line; echo "got [$line] $?"; cat' })
    expect(answer.text).toContain('got [] 1\n')
  })

  it('is told from one that a signal ended', async () => {
    const answer = await box.call(createShellTool(), { command: 'kill -SEGV $$' })
    expect(answer.text).toMatch(/^\[No output\.\]\n\[Ended by SIGSEGV after /)
  })

  it('does not see secrets of this process, and sees what the options add', async () => {
    process.env['HALTER_TEST_API_KEY'] = 'canary-8c1f'
    const tool = createShellTool({ env: { ADDED: 'yes', PATH: process.env['PATH'] ?? '' } })
    const answer = await box.call(tool, { command: 'env; echo home=$HOME' })
    delete process.env['HALTER_TEST_API_KEY']
    expect(answer.text).not.toContain('canary')
    expect(answer.text).toContain('ADDED=yes')
    expect(answer.text).toContain(`home=${process.env['HOME']}`)
    const names = answer.text.split('\n').flatMap((line) => /^([A-Za-z_]+)=/.exec(line)?.[1] ?? [])
    const expected =
      /^(PATH|HOME|LANG|LC_\w+|TERM|TMPDIR|USER|SHELL|TZ|ADDED|HALTER_SHELL_MARK|home|PWD|SHLVL|OLDPWD|_|__CF_USER_TEXT_ENCODING)$/
    expect(names.filter((name) => !expected.test(name))).toEqual([])
  })

  it('that cannot start is an answer, not a crash', async () => {
    expect((await box.call(createShellTool(), { command: 'echo \0' })).text).toContain('NUL')
    const long = await box.call(createShellTool(), { command: `echo ${'x'.repeat(300_000)}` })
    expect(long).toMatchObject({ isError: true, text: expect.stringContaining('too long') })
  })
})

describe.skipIf(isWindows)('output', () => {
  it('is emitted while the command runs', async () => {
    const done = box.call(createShellTool(), { command: 'echo first; sleep 0.4; echo second' })
    await delay(250)
    expect(box.emitted.join('')).toBe('first\n')
    await done
    expect(box.emitted.join('')).toBe('first\nsecond\n')
  })

  it('keeps a character whole that comes in two pieces', async () => {
    const answer = await box.call(createShellTool(), {
      command: String.raw`printf 'a\xe2\x82'; sleep 0.1; printf '\xacb'; printf '\xf0\x9f'`,
    })
    expect(answer.text).toMatch(/^a€b\ufffd\n\[Exit/)
    expect(box.emitted.join('')).toBe('a€b\ufffd')
  })

  it('that floods is cut in the middle, to the byte, in bounded memory', async () => {
    const before = process.memoryUsage.rss()
    const answer = await box.call(createShellTool({ maxOutputBytes: 10_000 }), {
      command: 'echo begin; yes | head -c 52428800; echo end',
    })
    const [, dropped, total] = /\[(\d+) of (\d+) bytes left out here\]/.exec(answer.text) ?? []
    const size = 50 * 1024 * 1024 + 10
    expect(Number(total)).toBe(size)
    const kept = answer.text.replace(/\n?\[.*\]\n?/g, '')
    expect(kept.startsWith('begin\ny\n') && kept.endsWith('y\nend')).toBe(true)
    expect(Number(dropped)).toBeGreaterThanOrEqual(size - 10_000)
    expect(Number(dropped)).toBeLessThan(size - 8_000)
    expect(process.memoryUsage.rss() - before).toBeLessThan(120_000_000)
  })

  it('is shown without colours and control characters, but emitted with them', async () => {
    const answer = await box.call(createShellTool(), {
      command: String.raw`printf '\033[31mred\033[0m\007\n 1%%\r 50%%\r100%%\n\033]0;title\007x\n'`,
    })
    expect(answer.text).toMatch(/^red\n100%\nx\n\[Exit/)
    expect(box.emitted.join('')).toContain('\u001b[31mred')
  })
})

describe.skipIf(isWindows)('the end of a command', () => {
  it('does not wait for a child in the background, which ends with the session', async () => {
    const token = tokenOf()
    const begin = performance.now()
    const answer = await box.call(createShellTool(), { command: `sleep ${token} & echo started` })
    expect(performance.now() - begin).toBeLessThan(500)
    expect(answer.text).toMatch(/^started\n\[Exit code 0 /)
    if (isLinux) {
      expect(answer.text).toMatch(/Still running in the background: \d+ \(sleep\)/)
      expect(running(token)).toHaveLength(1)
    }
    await box.endSession()
    expect(running(token)).toEqual([])
  })

  it('comes with the timeout, which keeps what was written', async () => {
    const token = tokenOf()
    const begin = performance.now()
    const answer = await box.call(createShellTool(), {
      command: `echo partial; sleep ${token}`,
      timeout: 200,
    })
    expect(performance.now() - begin).toBeLessThan(1_500)
    expect(answer).toMatchObject({
      isError: true,
      text: expect.stringMatching(/^partial\n\[Stopped after 0\.\d s: it ran out of time/),
    })
    expect(running(token)).toEqual([])
  })

  it('uses the time of the options when the call names none', async () => {
    const answer = await box.call(createShellTool({ shellTimeoutMs: 100 }), { command: 'sleep 30' })
    expect(answer.text).toContain('ran out of time')
  })

  it('does not come at all when it was cancelled before it began', async () => {
    const call = box.call(createShellTool(), { command: 'touch ran' }, AbortSignal.abort(new Error('stop')))
    await expect(call).rejects.toThrow('stop')
    expect(readdirSync(box.root)).toEqual([])
  })

  it('keeps the output of a cancelled command', async () => {
    const control = new AbortController()
    const call = box.call(createShellTool(), { command: 'echo partial; sleep 30' }, control.signal)
    await delay(150)
    control.abort()
    expect(await call).toMatchObject({
      isError: true,
      text: expect.stringMatching(/^partial\n\[Cancelled after/),
    })
  })
})

/** `@` stands for the seconds that name the processes of one test. */
const ESCAPES: Readonly<Record<string, string>> = {
  'a plain child': 'sleep @; echo no',
  'a shell that ignores SIGTERM': "trap '' TERM; while :; do sleep @; done",
  'a child whose parent is gone': '(sleep @ &); sleep @',
  'a child in a session of its own': 'setsid sleep @ & sleep @',
  'a child that ignores SIGHUP': 'nohup sleep @ >/dev/null 2>&1 & sleep @',
  'a child of another session that ignores SIGTERM': `setsid bash -c "trap '' TERM; sleep @ & sleep @" & wait`,
  'a daemon that let go of everything': '(setsid sleep @ >/dev/null 2>&1 </dev/null &); sleep @',
  'jobs in groups of their own': 'set -m; sleep @ & sleep @ & wait',
  'a child with an empty environment': 'env -i setsid sleep @ & sleep @',
  'a flood of output': 'yes @; true',
}

describe.runIf(isLinux)('a cancelled command is acknowledged in 200 ms and leaves nothing behind:', () => {
  const rounds = Number(process.env['TEST_ROUNDS'] ?? 2)
  for (const [name, template] of Object.entries(ESCAPES))
    it(name, { timeout: 20_000 + rounds * 4_000 }, async () => {
      const times: number[] = []
      for (let round = 0; round < rounds; round++) {
        const token = tokenOf()
        const control = new AbortController()
        const call = box.call(createShellTool(), { command: template.replaceAll('@', token) }, control.signal)
        await waitFor(() => running(token).length >= 2)
        const begin = performance.now()
        control.abort()
        await call
        times.push(performance.now() - begin)
        await waitFor(() => running(token).length === 0, 2_000)
        expect(running(token)).toEqual([])
      }
      // The median, or the better of two: on a busy machine this process may be what is late.
      expect(times.sort((a, b) => a - b)[Math.floor((rounds - 1) / 2)]).toBeLessThan(200)
    })
})

it.runIf(isLinux)('a timeout ends what ignores it and what left the group', async () => {
  const token = tokenOf()
  const command = `trap '' TERM; setsid sleep ${token} & sleep ${token}; sleep ${token}`
  await box.call(createShellTool(), { command, timeout: 200 })
  expect(running(token)).toEqual([])
})

it.runIf(isLinux)(
  'the end of a session ends what its commands left, and nothing of another session',
  async () => {
    const other = openSandbox()
    const [token, spared] = [tokenOf(), tokenOf()]
    await other.call(createShellTool(), { command: `sleep ${spared} >/dev/null 2>&1 &` })
    await box.call(createShellTool(), { command: `(setsid sleep ${token} >/dev/null 2>&1 &)` })
    expect(running(token)).toHaveLength(1)
    await box.endSession()
    expect(running(token)).toEqual([])
    expect(running(spared)).toHaveLength(1)
    await other.remove()
    expect(running(spared)).toEqual([])
  },
)

/** A token whose processes are ended after a test that failed. */
function tokenOf(): string {
  const token = newToken()
  tokens.push(token)
  return token
}
