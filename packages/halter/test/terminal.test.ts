import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { place, says, type Place } from './halter.ts'
import { onScreen } from './terminal-screen.ts'

const bin = fileURLToPath(new URL('../src/bin.ts', import.meta.url))
/** Of util-linux, it gives a command a terminal; the one of macOS takes other arguments. */
const script = 'script'
const hasTerminal = spawnSync(script, ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux')

/** Runs halter on a terminal of its own, and types `keys`, each when what stands before it has been shown. */
async function onTerminal(
  at: Place,
  argv: readonly string[],
  keys: readonly (readonly [shown: string, typed: string])[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; screen: string }> {
  const quoted = [process.execPath, ...argv]
    .map((arg) => `'${arg.replaceAll("'", String.raw`'\''`)}'`)
    .join(' ')
  // Node gives a CI no more colours than it knows that one to show, terminal or not.
  const { NO_COLOR: _, CI: _ci, ...inherited } = process.env
  const child = spawn(script, ['--quiet', '--return', '--command', quoted, '/dev/null'], {
    cwd: at.cwd,
    env: { ...inherited, HALTER_HOME: at.home, TERM: 'xterm-256color', ...env },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let screen = ''
  const waiting = [...keys]
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text
    const [next] = waiting
    if (next && screen.includes(next[0])) child.stdin.write(waiting.shift()![1])
  })
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, screen: screen.replaceAll('\r\n', '\n') }
}

const shell = {
  'script.json': {
    replies: [{ toolCalls: [{ name: 'shell', input: { command: 'touch mark' } }] }, { text: 'done' }],
  },
}
const run = [bin, 'run', '--model', 'scripted/script.json', 'go']

describe.runIf(hasTerminal)('on a terminal', () => {
  test('a call that needs a yes is asked about, and runs after it', async () => {
    const at = place(shell)
    const { code, screen } = await onTerminal(at, run, [['[n]o and why: ', 'y\n']])
    expect(code).toBe(0)
    expect(screen).toContain('May shell run? (')
    expect(screen).toContain('\n  command: touch mark\n')
    expect(existsSync(join(at.cwd, 'mark'))).toBe(true)
  })

  test('a no and its reason reach the model, and the call does not run', async () => {
    const at = place(shell)
    const { screen } = await onTerminal(at, run, [['[n]o and why: ', 'n not on a Sunday\n']])
    expect(screen).toContain('denied: not on a Sunday')
    expect(existsSync(join(at.cwd, 'mark'))).toBe(false)
  })

  test('an answer that cannot be understood is asked again', async () => {
    const at = place(shell)
    const { screen } = await onTerminal(at, run, [
      ['[n]o and why: ', 'perhaps\n'],
      ['perhaps\r\n[y]es', 'y\n'],
    ])
    expect(screen.split('[n]o and why: ')).toHaveLength(3)
    expect(existsSync(join(at.cwd, 'mark'))).toBe(true)
  })

  test('"session" covers the next call too', async () => {
    const call = { toolCalls: [{ name: 'shell', input: { command: 'touch mark' } }] }
    const at = place({ 'script.json': { replies: [call, call, { text: 'done' }] } })
    const { code, screen } = await onTerminal(at, run, [['[n]o and why: ', 's\n']])
    expect(code).toBe(0)
    expect(screen.split('May shell run?')).toHaveLength(2)
  })

  test('Ctrl-C at the question ends the turn', async () => {
    const at = place(shell)
    const { code, screen } = await onTerminal(at, run, [['[n]o and why: ', '\u0003']])
    expect(code).toBe(130)
    expect(screen).toContain('SIGINT: ending the turn')
    expect(existsSync(join(at.cwd, 'mark'))).toBe(false)
  })

  test('an untrusted project is asked about: no goes on without it, yes is remembered', async () => {
    const at = place({
      '.halterrc': 'model: scripted/script.json',
      'script.json': says('the answer of the project'),
    })
    const no = await onTerminal(at, [bin, 'run', 'hi'], [['go on without it: ', 'n\n']])
    expect(no.screen).toContain('.halterrc is not applied')
    expect(no.screen).toContain('model demo')
    const yes = await onTerminal(at, [bin, 'run', 'hi'], [['go on without it: ', 'y\n']])
    expect(yes.screen).toContain('\nthe answer of the project\n')
    expect((await at.halter(['run', 'hi'])).stdout).toBe('the answer of the project\n')
  })

  test('a silence of two seconds is explained, and the explanation is gone afterwards', async () => {
    const call = { toolCalls: [{ name: 'shell', input: { command: 'sleep 2.6' } }] }
    const at = place({ 'script.json': { replies: [call, { text: 'done' }] } })
    const screen = onScreen(at, ['run', '--model', 'scripted/script.json', '--allow-tool', 'shell', 'go'])
    await screen.shows('2 s, shell sleep 2.6')
    expect(await screen.finished).toBe(0)
    expect(screen.text()).toContain('● shell sleep 2.6\ndone\n')
    expect(screen.text()).not.toContain('2 s, shell')
  })

  test('"always" at run is kept, and said to be', async () => {
    const at = place(shell)
    const { screen } = await onTerminal(at, run, [['[n]o and why: ', 'a\n']])
    expect(screen).toContain(`It is kept in ${join(at.home, 'approvals.json')}.`)
    expect((await at.halter(['run', '--model', 'scripted/script.json', 'go'])).code).toBe(0)
  })

  test('what a model writes cannot drive the terminal', async () => {
    const at = place({ 'script.json': says('a\u001B]0;pwned\u0007b\u001B[2Jc') })
    const { screen } = await onTerminal(at, run)
    expect(screen).toContain('a␛]0;pwned␇b␛[2Jc')
    expect(screen).not.toContain('\u001B]0;pwned')
  })

  test('there are colours, and none with NO_COLOR', async () => {
    const at = place({ 'script.json': says('ok') })
    expect((await onTerminal(at, run)).screen).toContain('\u001B[2m')
    expect((await onTerminal(at, run, [], { NO_COLOR: '1' })).screen).not.toContain('\u001B[')
  })

  test('the demo is in colours, and shows none of their codes', async () => {
    const demo = fileURLToPath(new URL('../src/demo.ts', import.meta.url))
    const { code, screen } = await onTerminal(place({ 'notes.md': 'x' }), [demo])
    expect(code).toBe(0)
    expect(screen).toContain('\u001B[1m> What is in this folder?\u001B[22m\n')
    expect(screen).not.toContain('␛')
  })

  test('a table of sessions fits its width', async () => {
    const at = place({ 'script.json': says('ok') })
    await at.halter([
      'run',
      '--model',
      'scripted/script.json',
      'a prompt that is longer than a terminal is wide '.repeat(9),
    ])
    const { screen } = await onTerminal(at, [bin, 'sessions', 'list'])
    expect(screen).toContain('a prompt that is')
    for (const line of screen.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })
})

test.runIf(hasTerminal)('a deletion is asked about, and a no is a no', async () => {
  const at = place({ 'script.json': says('ok') })
  await at.halter(['run', '--model', 'scripted/script.json', 'hello'])
  const sessions = async (): Promise<string> => (await at.halter(['sessions', 'list', '--json'])).stdout
  const { sessionId } = JSON.parse(await sessions()) as { sessionId: string }
  const argv = [bin, 'sessions', 'delete', sessionId]
  const no = await onTerminal(at, argv, [['[y]es, [n]o: ', 'n\n']])
  expect(no.code).toBe(0)
  expect(no.screen).toContain(`Delete ${sessionId} (hello)?`)
  expect(await sessions()).not.toBe('')
  const yes = await onTerminal(at, argv, [['[y]es, [n]o: ', 'y\n']])
  expect(yes.code).toBe(0)
  expect(await sessions()).toBe('')
})
