import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bundle, commandHandler, openSandbox, payloadOf, type Sandbox } from './sandbox.ts'
import { runHandler } from '../../src/handlers/run-handler.ts'

// The commands below are for POSIX systems.
const isWindows = process.platform === 'win32'
let box: Sandbox
beforeEach(() => {
  box = openSandbox()
})
afterEach(() => box.remove())

describe.skipIf(isWindows)('what a command is told', () => {
  it('is the payload as one line of JSON on stdin, in its folder', async () => {
    const result = await box.run('pwd >&2; cat > seen; wc -l < seen >&2')
    expect(result).toMatchObject({ status: 'ok', exitCode: 0 })
    expect(result.stderr?.split('\n').map((line) => line.trim())).toEqual([box.root, '1'])
    expect(JSON.parse(readFileSync(join(box.root, 'seen'), 'utf8'))).toEqual(payloadOf(box.root))
  })

  it('can be read by python3 and by node', async () => {
    const python = `python3 -c 'import json,sys; p=json.load(sys.stdin); print(json.dumps({"systemMessage": p["tool_input"]["command"]}))'`
    const node = `node -e 'let s="";process.stdin.on("data",c=>s+=c).on("end",()=>console.log(JSON.stringify({systemMessage:JSON.parse(s).tool_input.command})))'`
    for (const command of [python, node])
      expect(await box.run(command)).toMatchObject({
        status: 'ok',
        output: { systemMessage: 'git commit -m "ü€𝄞"' },
      })
  })

  it('survives text that is no valid Unicode', async () => {
    const payload = payloadOf(box.root, { prompt: 'half \ud83d a NUL \0 and a\nline' })
    const handler = commandHandler(
      `python3 -c 'import json,sys; print(len(json.loads(sys.stdin.readline())["prompt"]))'`,
    )
    expect((await runHandler(handler, payload, box.context())).stdout).toBe('25')
  })
})

describe.skipIf(isWindows)('the environment of a command', () => {
  it('has what the hook protocol says, for a handler of a bundle', async () => {
    const root = join(box.root, 'my plugin')
    mkdirSync(root)
    const { stdout } = await box.run('env', {
      source: { file: '/a/hooks.json', layer: 'plugin', plugin: bundle(root) },
    })
    const env = Object.fromEntries(stdout!.split('\n').map((line) => line.split(/=(.*)/s, 2)))
    expect(env).toMatchObject({
      PLUGIN_ROOT: root,
      CLAUDE_PLUGIN_ROOT: root,
      PLUGIN_DATA: join(root, '.data'),
      CLAUDE_PLUGIN_DATA: join(root, '.data'),
      PLUGIN_ID: 'acme-1',
      HOOK_EVENT: 'PreToolUse',
      HOOK_VERSION: '1',
      HOOK_SOURCE_PATH: '/a/hooks.json',
      SESSION_ID: 'session-1',
      TURN_ID: 'turn-1',
      PROJECT_DIR: box.root,
      CLAUDE_PROJECT_DIR: box.root,
      HALTER_PROJECT_DIR: box.root,
      HOME: process.env['HOME'],
    })
    expect(existsSync(join(root, '.data'))).toBe(true)
    const gone = bundle(join(box.root, 'gone'))
    await box.run('true', { source: { file: '/a/hooks.json', layer: 'plugin', plugin: gone } })
    expect(existsSync(gone.root)).toBe(false)
  })

  it('has nothing of this process but an allowlist, and what is passed on by name', async () => {
    const env = {
      ...process.env,
      ACME_API_KEY: 'canary-1',
      ACME_REGION: 'eu',
      OTHER_TOKEN: 'canary-2',
      LC_ALL: 'C',
    }
    const { stdout } = await box.run('env', { env: { OWN: 'yes' } }, { env, passEnv: ['ACME_R*'] })
    expect(stdout).not.toContain('canary')
    const names = stdout!.split('\n').map((line) => line.split('=', 1)[0]!)
    expect(names).toEqual(expect.arrayContaining(['ACME_REGION', 'OWN', 'LC_ALL', 'PATH']))
    const expected =
      /^(PATH|HOME|LANG|LC_\w+|TERM|TMPDIR|USER|SHELL|TZ|HOOK_\w+|SESSION_ID|TURN_ID|\w*PROJECT_DIR|HALTER_HOOK_MARK|ACME_REGION|OWN|PWD|SHLVL|OLDPWD|_)$/
    expect(names.filter((name) => !expected.test(name))).toEqual([])
  })

  it('is what the handler says where both say something', async () => {
    const { stdout } = await box.run('echo $SESSION_ID $WHERE', {
      env: { SESSION_ID: 'mine', WHERE: '${CLAUDE_PROJECT_DIR}/x' },
    })
    expect(stdout).toBe(`mine ${box.root}/x`)
  })
})

describe.skipIf(isWindows)('a placeholder', () => {
  const words =
    '${PLUGIN_ROOT} ${CLAUDE_PLUGIN_ROOT} ${PLUGIN_DATA} ${CLAUDE_PLUGIN_DATA} ${CLAUDE_PROJECT_DIR}'
  const plugin = (root: string) => ({ file: '/a/hooks.json', layer: 'plugin', plugin: bundle(root) }) as const

  it('stands for its path, in single quotes too', async () => {
    const { stdout } = await box.run(`echo '${words}'`, { source: plugin('/opt/acme plug-in') })
    expect(stdout).toBe(
      `/opt/acme plug-in /opt/acme plug-in /opt/acme plug-in/.data /opt/acme plug-in/.data ${box.root}`,
    )
  })

  it('cannot smuggle code out of the name of a folder', async () => {
    const root = `${box.root}/x'; touch pwned; "$(touch pwned)\`touch pwned\``
    mkdirSync(root, { recursive: true })
    const { stdout } = await box.run('echo "${CLAUDE_PLUGIN_ROOT}"', { source: plugin(root) })
    expect(stdout).toBe(root)
    expect(existsSync(join(box.root, 'pwned'))).toBe(false)
  })

  it('of another program stays as it is, and so does one of a bundle outside any', async () => {
    const { stdout } = await box.run(`echo '\${HALTER_PLUGIN_ROOT} \${CLAUDE_PLUGIN_ROOT}'`)
    expect(stdout).toBe('${HALTER_PLUGIN_ROOT} ${CLAUDE_PLUGIN_ROOT}')
  })
})

describe.skipIf(isWindows)('what a command is run by', () => {
  it('is its program alone where it has arguments: nothing in them is read as code', async () => {
    const script = box.script('show', '#!/bin/sh\nfor word in "$@"; do echo "<$word>"; done\n')
    const { stdout } = await box.run(script, {
      args: ['a b', '$(touch pwned)', '${CLAUDE_PROJECT_DIR}/*', ''],
    })
    expect(stdout).toBe(`<a b>\n<$(touch pwned)>\n<${box.root}/*>\n<>`)
  })

  it('is the shell of the user where that is like bash, and no login shell', async () => {
    const zsh = box.script('bin/zsh', '#!/bin/bash\necho "zsh $1 $2"')
    expect((await box.run('anything', {}, { env: { SHELL: zsh } })).stdout).toBe('zsh -c anything')
  })

  it('reads no profile of the user', async () => {
    box.script('home/.bashrc', 'echo "from the profile"')
    const { PATH } = process.env
    const env = { PATH, HOME: join(box.root, 'home'), SHELL: '/bin/bash' }
    expect(await box.run('true', {}, { env })).not.toHaveProperty('stdout')
  })

  it('is bash for the user of another', async () => {
    const fish = box.script('bin/fish', '#!/bin/sh\necho fish')
    const { PATH } = process.env
    expect((await box.run('echo $0', {}, { env: { SHELL: fish, PATH } })).stdout).toMatch(/\/bash$/)
  })

  it('is PowerShell where the handler asks for it, and a failure where there is none', async () => {
    const pwsh = box.script('bin/pwsh', '#!/bin/sh\nfor word in "$@"; do echo "$word"; done\n')
    const source = { file: '/a', layer: 'plugin', plugin: bundle("/it's") } as const
    const command = 'Write-Output ${CLAUDE_PLUGIN_ROOT}'
    const found = await box.run(
      command,
      { shell: 'pwsh', source },
      { env: { PATH: `${join(pwsh, '..')}:/bin` } },
    )
    expect(found.stdout).toBe('-NoProfile\n-NonInteractive\n-Command\nWrite-Output ${env:CLAUDE_PLUGIN_ROOT}')
    const missing = await box.run(command, { shell: 'pwsh' }, { env: { PATH: '/nowhere' } })
    expect(missing).toMatchObject({ status: 'failed', error: expect.stringContaining('no pwsh was found') })
  })
})

describe.skipIf(isWindows)('how a command ends', () => {
  it('with exit code 0 says what it printed', async () => {
    expect(await box.run('true')).toEqual({ status: 'ok', exitCode: 0, durationMs: expect.any(Number) })
    expect(await box.run('echo "  some context  "')).toMatchObject({ status: 'ok', stdout: 'some context' })
    const json =
      '{"continue":true,"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"ask"}}'
    expect(await box.run(`echo '${json}'`)).toMatchObject({
      status: 'ok',
      output: { continue: true, hookSpecificOutput: { permissionDecision: 'ask' } },
    })
  })

  it('with exit code 2 says no, and why on stderr', async () => {
    expect(await box.run('echo "{}"; echo "not here" >&2; exit 2')).toMatchObject({
      status: 'blocked',
      exitCode: 2,
      stderr: 'not here',
    })
  })

  it('with any other code is a failure that shows the beginning of what it wrote', async () => {
    const result = await box.run(`printf '%0.sü' {1..400} >&2; exit 7`)
    expect(result).toMatchObject({ status: 'failed', exitCode: 7, stderr: 'ü'.repeat(400) })
    expect(result.error).toMatch(/^The command ended with exit code 7: ü+…$/)
    expect(Buffer.byteLength(result.error!.split(': ')[1]!)).toBeLessThanOrEqual(256)
    expect(result.error).not.toContain('\ufffd')
  })

  it('by a signal is a failure that names it', async () => {
    expect(await box.run('kill -SEGV $$')).toMatchObject({
      status: 'failed',
      error: 'The command was ended by SIGSEGV.',
    })
  })

  it('with half a JSON is a failure, not an opinion', async () => {
    const result = await box.run(`printf '{"decision": "block", "reason": "%0400d €' 1`)
    expect(result.status).toBe('failed')
    expect(result.output).toBeUndefined()
    expect(result.error).toContain('{"decision": "block"')
    expect(Buffer.byteLength(result.error!)).toBeLessThanOrEqual(300)
  })

  it('with half a JSON shows whole characters of it, wherever it is cut', async () => {
    for (const shift of ['', 'x', 'xx', 'xxx']) {
      const { error } = await box.run(`printf '{"reason": "${shift}'; printf '%0.s𝄞' {1..200}`)
      expect(error).toContain('𝄞')
      expect(error?.isWellFormed()).toBe(true)
      expect(error).not.toContain('\ufffd')
      expect(Buffer.byteLength(error!)).toBeLessThanOrEqual(300)
    }
  })

  it('with an answer of more than 1 MiB is a failure', async () => {
    const result = await box.run(`printf '{"reason": "%01100000d"}' 1`)
    expect(result).toMatchObject({ status: 'failed', error: expect.stringContaining('1100014 bytes') })
  })

  it('before it began, when its folder or its program is gone', async () => {
    const gone = join(box.root, 'gone')
    expect((await box.run('true', {}, { cwd: gone })).error).toContain(`its folder ${gone} does not exist`)
    expect((await box.run(gone, { args: [] })).error).toContain(`${gone} was not found`)
    expect((await box.run('true \0')).error).toContain('NUL')
    expect((await box.run(`: ${'x'.repeat(300_000)}`)).error).toContain('too long')
  })

  it('shows no secret in an error', async () => {
    const env = { ...process.env, ACME_API_KEY: 'canary-5f2e77' }
    const command = 'echo "cannot log in with $ACME_API_KEY and $MY_TOKEN" >&2; exit 1'
    const result = await box.run(command, { env: { MY_TOKEN: 'canary-99aa' } }, { env, passEnv: ['ACME_*'] })
    expect(result.error).toBe(
      'The command ended with exit code 1: cannot log in with [redacted] and [redacted]',
    )
    expect(JSON.stringify(result)).not.toContain('canary')
    const half = await box.run(
      `printf '{"reason": "%0180d' 0; printf "$ACME_API_KEY"`,
      {},
      { env, passEnv: ['ACME_*'] },
    )
    expect(half.error).toContain('{"reason"')
    expect(JSON.stringify(half)).not.toContain('cana')
  })
})
