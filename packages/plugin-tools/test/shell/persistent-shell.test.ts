import { mkdirSync, realpathSync, rmdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createShellTool } from '@halter/plugin-tools'
import { runCommand } from '../../src/shell/run-command.ts'
import { quote, shellScript, type ShellState } from '../../src/shell/shell-script.ts'
import { openSandbox } from '../sandbox.ts'
import type { Sandbox } from '../sandbox.ts'

let box: Sandbox
beforeEach(() => {
  box = openSandbox()
})
afterEach(() => box.remove())

/** What a command wrote, without the line that says how it ended. */
async function says(command: string, input: object = {}, options = {}): Promise<string> {
  const { text } = await box.call(createShellTool(options), { command, ...input })
  return text.slice(0, text.lastIndexOf('['))
}

/** The line that says how a command ended. */
async function ends(command: string, input: object = {}): Promise<string> {
  const { text } = await box.call(createShellTool(), { command, ...input })
  return text.slice(text.lastIndexOf('['))
}

const isWindows = process.platform === 'win32'

describe.skipIf(isWindows)('the shell of a session', () => {
  it('begins in its folder, and goes where commands go', async () => {
    mkdirSync(join(box.root, 'deep/er'), { recursive: true })
    expect(await says('pwd')).toBe(`${box.root}\n`)
    expect(await ends('cd deep/er')).toMatch(new RegExp(`The shell is in ${box.root}/deep/er\\.\\]$`))
    expect(await says('pwd')).toBe(`${box.root}/deep/er\n`)
    expect(await says('cd - >/dev/null; pwd')).toBe(`${box.root}\n`)
    expect(await ends('true')).toMatch(/^\[Exit code 0 after \d+\.\d s\.\]$/)
  })

  it('keeps variables, exported or not, lists, and what was unset', async () => {
    await says(
      `plain='two  words'; export SHOWN=$'a\\nb'; list=(x 'y z'); declare -A map=([k]=v); unset HOME`,
    )
    expect(
      await says('echo "$plain|${list[1]}|${map[k]}|${HOME-none}"; sh -c \'echo "$SHOWN|$plain"\''),
    ).toBe('two  words|y z|v|none\na\nb|\n')
  })

  it('keeps functions, options, aliases and the mask of new files', async () => {
    await says(
      'greet() { local who=$1; echo "hi $who"; }; export -f greet; shopt -s extglob expand_aliases; alias hi="greet you"; set -u; umask 077',
    )
    expect(await says('greet me; hi; bash -c "greet child"; shopt extglob; umask; echo $nosuch')).toMatch(
      /^hi me\nhi you\nhi child\nextglob +\ton\n0077\n.*nosuch: unbound variable\n$/,
    )
  })

  it('is anew after exit, and after all else that ends a shell, and says so', async () => {
    await says('x=1; cd /')
    const text = await ends('exit 3')
    expect(text).toMatch(/^\[Exit code 3 after \d+\.\d s\. The shell ended with it: /)
    expect(text).toContain(`starts a new one in ${box.root}.]`)
    expect(await says('echo "[$x]"; pwd')).toBe(`[]\n${box.root}\n`)
    await says('x=1; set -e; false; echo never')
    expect(await says('echo "[$x]"')).toBe('[]\n')
    expect(await ends('kill -KILL $$')).toContain('Ended by SIGKILL')
    expect(await says('echo here')).toBe('here\n')
  })

  it('is not ended by a command that fails, or that is no command', async () => {
    await says('x=1')
    expect(await ends('false')).toMatch(/^\[Exit code 1 /)
    expect(await says('if then')).toContain('syntax error')
    expect(await says('nosuchcommand; echo "[$x]"')).toMatch(/nosuchcommand: command not found\n\[1\]\n$/)
  })

  it('has what it had before a command that ran out of time or was cancelled', async () => {
    await says('x=before')
    expect(await says('x=after; echo partial; sleep 30', { timeout: 800 })).toBe('partial\n')
    expect(await says('echo $x')).toBe('before\n')
    const control = new AbortController()
    const call = box.call(createShellTool(), { command: 'cd /; sleep 30' }, control.signal)
    await delay(100)
    control.abort()
    expect((await call).text).toContain('[Cancelled after')
    expect(await says('pwd')).toBe(`${box.root}\n`)
  })

  it('goes back to the session’s folder when its own is gone', async () => {
    mkdirSync(join(box.root, 'gone'))
    await says('cd gone; x=1')
    rmdirSync(join(box.root, 'gone'))
    expect(await says('pwd; echo $x')).toBe(`${box.root}\n1\n`)
  })

  it('has a folder by the name that the session has for it, and traces nothing but commands', async () => {
    const alias = join(box.outside, 'alias')
    symlinkSync(box.root, alias)
    const context = { ...box.context(), workingDir: alias }
    const run = async (command: string): Promise<string> =>
      ((await createShellTool().execute({ command }, context)) as { parts: { text: string }[] }).parts[0]!
        .text
    for (const command of ['pwd', 'mkdir sub; cd sub; cd ..; pwd; set -x'])
      expect(await run(command)).toMatch(new RegExp(`^${alias}\n\\[Exit code 0 after \\d+\\.\\d s\\.\\]$`))
    expect(await run('pwd')).toMatch(/^\+ eval pwd\n\+\+ pwd\n/)
  })

  it('shows no command what another one leaves in the background', async () => {
    await says('x=1; (sleep 0.3; echo late; echo later >&2) & echo now')
    await delay(100)
    expect(await says('sleep 0.5; echo mine')).toBe('mine\n')
  })

  it('does not wait for the background: a call that leaves something there is as quick as any', async () => {
    const times: number[] = []
    for (let round = 0; round < 5; round++) {
      const begin = performance.now()
      await says('sleep 30 & echo started')
      times.push(performance.now() - begin)
    }
    expect(times.toSorted((a, b) => a - b)[1]).toBeLessThan(150)
  })

  it('is its session’s own', async () => {
    const other = openSandbox()
    await says('x=1')
    const { text } = await other.call(createShellTool(), { command: 'echo "[$x]"; pwd' })
    expect(text).toMatch(new RegExp(`^\\[\\]\n${realpathSync(other.root)}\n`))
    await other.remove()
  })

  it('can be left out, and then each call is anew', async () => {
    const options = { persistentShell: false }
    await says('x=1; cd /', {}, options)
    expect(await says('echo "[$x]"; pwd', {}, options)).toBe(`[]\n${box.root}\n`)
    expect(createShellTool(options).description).toContain('each call anew')
  })

  it('survives a state that is too large to keep, and says that it did not', async () => {
    await says('x=1')
    expect(await ends('big=$(printf "%2000000s" x)')).toContain('The shell ended with it')
    expect(await says('echo "[$x]"')).toBe('[]\n')
  })
})

describe.skipIf(isWindows)('variables of one call', () => {
  it('are seen by it and what it starts, and by nothing after it', async () => {
    expect(
      await says('echo "$ONCE"; sh -c \'echo "$ONCE"\'; ONCE=changed', { env: { ONCE: "it's $HOME" } }),
    ).toBe("it's $HOME\nit's $HOME\n")
    expect(await says('echo "[$ONCE]"')).toBe('[]\n')
    expect(await says('export KEPT=1; echo $KEPT', { env: { KEPT: '2' } }, { persistentShell: false })).toBe(
      '1\n',
    )
  })

  it('have names that a shell knows, and not the one that finds processes', async () => {
    for (const name of ['A B', '1A', '', 'A;id', 'HALTER_SHELL_MARK']) {
      const answer = await box.call(createShellTool(), { command: 'true', env: { [name]: 'x' } })
      expect(answer).toMatchObject({ isError: true, text: expect.stringContaining('no name for a variable') })
    }
  })

  it('make every command one that needs a yes', () => {
    const tool = createShellTool({ allowShell: ['git status'] })
    const ask = (input: object) => tool.needsApproval?.(input as never, { workingDir: '/' })
    expect(ask({ command: 'git status' })).toBeUndefined()
    expect(ask({ command: 'git status', env: { PATH: '/tmp/evil' } })).toMatchObject({
      scope: 'PATH="/tmp/evil" git status',
    })
  })
})

/** One call of a shell of one's own choice. */
async function callOf(
  shell: string,
  command: string,
  state?: ShellState,
  env: Readonly<Record<string, string>> = {},
): Promise<{ output: string; state: ShellState | undefined }> {
  const script = shellScript(command, {
    isBash: shell.endsWith('bash'),
    hasState: state !== undefined,
    env,
  })
  return await runCommand({
    shell,
    script,
    definitions: state?.definitions ?? '',
    workingDir: state?.workingDir ?? box.root,
    env: { PATH: process.env['PATH']! },
    mark: `HALTER_SHELL_MARK=none.${Math.random()}`,
    timeoutMs: 10_000,
    maxOutputBytes: 1_000_000,
    signal: new AbortController().signal,
    onOutput: () => {},
    onEnding: () => {},
  })
}

describe.skipIf(isWindows)('where there is only sh', () => {
  it('folder and variables last, a call’s own do not, and a syntax error ends nothing', async () => {
    const first = await callOf('/bin/sh', `x="it's"; export Y='a  b'; cd /; echo $ONCE`, undefined, {
      ONCE: '1',
    })
    expect(first.output).toBe('1\n')
    const second = await callOf('/bin/sh', 'if then', first.state)
    const third = await callOf('/bin/sh', 'echo "$x $Y [$ONCE]"; pwd; sh -c \'echo "$Y"\'', second.state)
    expect(third.output).toBe("it's a  b []\n/\na  b\n")
  })
})

describe.skipIf(isWindows)('law:', () => {
  const text = fc
    .string({ unit: 'grapheme', maxLength: 30 })
    .map((each) => each.replaceAll('\0', '').toWellFormed())

  it('any text that a command puts into a variable is there in the next one, to the byte', async () => {
    await fc.assert(
      fc.asyncProperty(text, text, async (value, command) => {
        const first = await callOf('/bin/bash', `v=${quote(value)}; : ${quote(command)}`)
        const second = await callOf('/bin/bash', 'printf %s "$v"', first.state)
        expect(second.output).toBe(value)
      }),
      { numRuns: Number(process.env['FC_RUNS'] ?? 25) },
    )
  }, 60_000)
})
