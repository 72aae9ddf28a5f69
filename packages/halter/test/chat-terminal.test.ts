import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SessionSummary, StoredEvent } from '@halter/protocol'
import { describe, expect, test, vi } from 'vitest'
import { jsonLines, place, says, type Place } from './halter.ts'
import { hasTerminal, onScreen, type TerminalScreen } from './terminal-screen.ts'

// Longer than a screen is waited for, so that what it shows is told.
vi.setConfig({ testTimeout: 40_000 })

const model = ['--model', 'scripted/script.json']
const [UP, CTRL_C, CTRL_D, ALT_ENTER] = ['\u001B[A', '\u0003', '\u0004', '\u001B\r']

function chat(
  at: Place,
  args: readonly string[] = [],
  options?: Parameters<typeof onScreen>[2],
): TerminalScreen {
  return onScreen(at, ['chat', ...model, ...args], options)
}

/** Waits until the line can be written. */
async function ready(screen: TerminalScreen): Promise<void> {
  await screen.shows('\n›')
}

async function leave(screen: TerminalScreen): Promise<number | null> {
  await vi.waitFor(() => expect(screen.text()).not.toContain('Enter queues'), { timeout: 10_000 })
  screen.type(CTRL_D)
  return await screen.finished
}

async function log(at: Place): Promise<StoredEvent[]> {
  const [session] = jsonLines<SessionSummary>((await at.halter(['sessions', 'list', '--json'])).stdout)
  const { stdout } = await at.halter(['sessions', 'replay', session!.sessionId, '--json'])
  return jsonLines<StoredEvent>(stdout)
}

const shell = (command: string): object => ({ toolCalls: [{ name: 'shell', input: { command } }] })
/** A turn that takes long enough to do something meanwhile. */
const slow = { text: ['Once upon a time. ', 'There was. ', 'The end.'], delayMs: 700 }

describe.runIf(hasTerminal)('chat on a terminal', () => {
  test('a prompt is answered as the answer comes, in Markdown, and the next one goes on', async () => {
    const at = place({
      'script.json': {
        replies: [
          { text: ['# Title\n\nSome **bold', '** words\n', 'and `co', 'de`.\n\n```ts\nlet a\n```\n', 'End'] },
          { text: 'second' },
        ],
      },
    })
    const screen = chat(at)
    await ready(screen)
    screen.type('hello\r')
    await screen.shows('1 model call,')
    expect(screen.text()).toContain(
      '› hello\n\nTitle\n\nSome bold words\nand code.\n\n```ts\nlet a\n```\nEnd\n1 model call,',
    )
    expect(screen.bytes()).toContain('\u001B[1mbold\u001B[0m')
    screen.type('more\r')
    await screen.shows('second\n1 model call,')
    expect(await leave(screen)).toBe(0)
    expect(screen.text()).toMatch(/Go on with it: halter chat --session \S+$/)
    expect((await log(at)).filter(({ type }) => type === 'turn.completed')).toHaveLength(2)
  })

  test('text is there before the reply has ended', async () => {
    const screen = chat(place({ 'script.json': { replies: [slow] } }))
    await ready(screen)
    screen.type('go\r')
    await screen.shows('Once upon a')
    expect(screen.text()).not.toContain('The end.')
    await screen.shows('The end.\n1 model call')
    await leave(screen)
  })

  test('a running tool shows its newest lines, and is folded with a count when it has ended', async () => {
    const command = 'for i in $(seq 1 40); do echo line-$i; sleep 0.03; done; sleep 0.5'
    const at = place({ 'script.json': { replies: [shell(command), { text: 'ok' }] } })
    const screen = chat(at, ['--allow-tool', 'shell'])
    await ready(screen)
    screen.type('go\r')
    await screen.shows('line-40')
    await screen.shows('1 s')
    expect(screen.text()).not.toContain('line-30')
    await screen.shows('2 model calls')
    expect(screen.text()).toMatch(
      /● shell for.*\n {2}line-1\n {2}line-2\n {2}line-3\n {2}line-4\n {2}… 30 more lines\n {2}line-35\n/,
    )
    await leave(screen)
  })

  describe('approvals', () => {
    const question = '[n]o and why:'
    const twice = (): Place =>
      place({
        'script.json': { replies: [shell('echo x >> mark'), shell('echo x >> mark'), { text: 'done' }] },
      })
    const marks = (at: Place): number =>
      existsSync(join(at.cwd, 'mark')) ? readFileSync(join(at.cwd, 'mark'), 'utf8').length / 2 : 0

    test('the final input is shown; "y" is for one call, and a no and its reason reach the model', async () => {
      const at = twice()
      const screen = chat(at)
      await ready(screen)
      screen.type('go\r')
      await screen.shows(question)
      expect(screen.text()).toContain('May shell run? (')
      expect(screen.text()).toContain('  command: echo x >> mark\n')
      screen.type('perhaps\r')
      await screen.shows('"perhaps" is none of these')
      screen.type('y\r')
      await screen.shows(/May shell run[^]*May shell run/)
      screen.type('n not twice\r')
      await screen.shows('done\n3 model calls')
      expect(marks(at)).toBe(1)
      expect((await log(at)).findLast(({ type }) => type === 'toolCall.finished')).toMatchObject({
        outcome: 'denied',
        parts: [{ text: 'not twice' }],
      })
      await leave(screen)
    })

    test('"s" is for the session', async () => {
      const at = twice()
      const screen = chat(at)
      await ready(screen)
      screen.type('go\r')
      await screen.shows(question)
      screen.type('s\r')
      await screen.shows('3 model calls')
      expect(marks(at)).toBe(2)
      expect(existsSync(join(at.home, 'approvals.json'))).toBe(false)
      await leave(screen)
    })

    test('"a" is kept for the folder, privately, and counts in the next session and in run', async () => {
      const at = twice()
      const screen = chat(at)
      await ready(screen)
      screen.type('go\r')
      await screen.shows(question)
      screen.type('a\r')
      await screen.shows('3 model calls')
      const file = join(at.home, 'approvals.json')
      expect(screen.rows().join('').replaceAll(' ', '')).toContain(`Itiskeptin${file}.`)
      await leave(screen)
      expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
        rules: [{ tool: 'shell', scope: 'echo x >> mark', folder: at.cwd }],
      })
      expect(statSync(file).mode & 0o777).toBe(0o600)
      expect((await at.halter(['run', ...model, 'again'])).code).toBe(0)
      expect(marks(at)).toBe(4)
      // Another command, and another folder, are not covered.
      at.write('elsewhere/script.json', { replies: [shell('echo x >> mark'), { text: 'no' }] })
      const other = await at.halter(['run', ...model, 'go'], { cwd: join(at.cwd, 'elsewhere') })
      expect(other.stderr).toContain('was denied, because nobody is here to ask')
    })

    test('"e" counts everywhere', async () => {
      const at = twice()
      const screen = chat(at)
      await ready(screen)
      screen.type('go\r')
      await screen.shows(question)
      screen.type('e\r')
      await screen.shows('3 model calls')
      await leave(screen)
      at.write('elsewhere/script.json', { replies: [shell('echo x >> mark'), { text: 'yes' }] })
      const other = await at.halter(['run', ...model, 'go'], { cwd: join(at.cwd, 'elsewhere') })
      expect(other).toMatchObject({ code: 0, stdout: 'yes\n' })
      expect(existsSync(join(at.cwd, 'elsewhere/mark'))).toBe(true)
    })

    test('the rest of a word that was being typed is no answer', async () => {
      const at = place({
        'script.json': { replies: [{ ...shell('touch mark'), delayMs: 300 }, { text: 'ok' }], loop: true },
      })
      const screen = chat(at)
      await ready(screen)
      screen.type('go\r')
      await screen.shows('Enter queues')
      // Typing goes on until the question is there, and a little longer.
      while (!screen.text().includes('May shell run?')) {
        screen.type('x')
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      screen.type('s\r')
      await screen.shows(/waits: x+s\n/)
      await screen.shows(question)
      expect(existsSync(join(at.cwd, 'mark'))).toBe(false)
      screen.type('n\r')
      await screen.shows(/› x+s\n/)
      screen.type(CTRL_C)
      await screen.settles()
      await leave(screen)
    })

    test('what was being written comes back after the answer, and Ctrl-C at the question ends the turn', async () => {
      const at = twice()
      const screen = chat(at)
      await ready(screen)
      screen.type('go\rmy draft')
      await screen.shows(question)
      expect(screen.rows().at(-1)).toBe('›')
      screen.type(CTRL_C)
      await screen.shows('Interrupted.')
      await screen.shows('› my draft')
      expect(marks(at)).toBe(0)
      screen.type(CTRL_C)
      await screen.settles()
      await leave(screen)
    })
  })

  test('Ctrl-C ends the turn and keeps what was said; the chat goes on', async () => {
    const at = place({ 'script.json': { replies: [slow, { text: 'still here' }] } })
    const screen = chat(at)
    await ready(screen)
    screen.type('go\r')
    await screen.shows('Once upon a')
    screen.type(CTRL_C)
    await screen.shows('Interrupted.')
    expect(screen.text()).toContain('Once upon a time.')
    screen.type('and?\r')
    await screen.shows('still here')
    expect(await leave(screen)).toBe(0)
    expect((await log(at)).find(({ type }) => type === 'turn.failed')).toMatchObject({
      reason: 'interrupted',
    })
  })

  test('a second Ctrl-C leaves with 130, also while the turn will not end', async () => {
    const at = place({
      'stubborn.mjs': `
        import { definePlugin, defineTool } from ${JSON.stringify(new URL('../../core/src/index.ts', import.meta.url).href)}
        const tool = defineTool({
          name: 'stubborn', description: 'Ignores its signal.', input: { type: 'object' }, effects: 'none', concurrency: 'exclusive',
          async execute(_, ctx) { ctx.emit('working\\n'); await new Promise((resolve) => setTimeout(resolve, 60_000)) },
        })
        export default definePlugin({ name: 'acme-stubborn', apiVersion: 1, contributes: ['tools'], setup: () => ({ tools: [tool] }) })`,
      'config.json': { plugins: ['./stubborn.mjs'], timeouts: { interruptGrace: 60_000 } },
      'script.json': { replies: [{ toolCalls: [{ name: 'stubborn' }] }] },
    })
    const screen = chat(at, ['--config', 'config.json'])
    await ready(screen)
    screen.type('go\r')
    await screen.shows('  working')
    screen.type(CTRL_C)
    await screen.shows('Ctrl-C once more leaves')
    screen.type(CTRL_C)
    expect(await screen.finished).toBe(130)
    // The terminal is as it was: pastes are no longer marked.
    expect(screen.bytes().lastIndexOf('\u001B[?2004l')).toBeGreaterThan(
      screen.bytes().lastIndexOf('\u001B[?2004h'),
    )
  })

  test('twice without a turn leaves, too', async () => {
    const screen = chat(place({ 'script.json': says('hi') }))
    await ready(screen)
    screen.type(`unsent${CTRL_C}`)
    await screen.settles()
    expect(screen.rows().at(-1)).toBe('›')
    screen.type(CTRL_C)
    await screen.shows('Ctrl-C once more leaves')
    screen.type(CTRL_C)
    expect(await screen.finished).toBe(130)
  })

  test('what is sent while it works waits for its turn, and comes back when the turn is interrupted', async () => {
    const at = place({ 'script.json': { replies: [slow, { text: 'the second answer' }, slow] } })
    const screen = chat(at)
    await ready(screen)
    screen.type('first\r')
    await screen.shows('Enter queues, Tab says it now, Ctrl-C interrupts')
    screen.type('second\r')
    await screen.shows('waits: second')
    await screen.shows('the second answer')
    expect(screen.text()).toMatch(/The end\.\n.*\n\n› second\n\nthe second answer/)
    screen.type('third\r')
    await screen.shows('› third')
    screen.type('fourth\r')
    await screen.shows('waits: fourth')
    screen.type(CTRL_C)
    await screen.shows('Interrupted.')
    await screen.settles()
    expect(screen.rows().at(-1)).toBe('› fourth')
    screen.type(CTRL_C)
    await screen.settles()
    await leave(screen)
  })

  test('Tab says it into the running turn', async () => {
    const at = place({
      'script.json': { replies: [{ ...shell('sleep 1'), delayMs: 200 }, { text: 'I have read it' }] },
    })
    const screen = chat(at, ['--allow-tool', 'shell'])
    await ready(screen)
    screen.type('go\r')
    await screen.shows('● shell sleep 1')
    screen.type('hurry up\t')
    await screen.shows('will be read at the next step: hurry up')
    await screen.shows('said while it worked')
    await screen.shows('I have read it')
    await leave(screen)
    const events = await log(at)
    expect(events.filter(({ type }) => type === 'turn.started')).toHaveLength(1)
    expect(
      events.some(
        (event) =>
          event.type === 'message.appended' && 'origin' in event.message && event.message.origin === 'steer',
      ),
    ).toBe(true)
  })

  test('a paste is one prompt, and so are lines behind Alt-Enter and a backslash', async () => {
    const at = place({ 'script.json': { replies: [{ text: 'ok' }], loop: true } })
    const screen = chat(at)
    await ready(screen)
    screen.type('\u001B[200~one\r\ntwo\rthree\t\u0003\u001B[201~')
    await screen.shows('  three')
    screen.type('\r')
    await screen.shows('ok\n1 model call')
    screen.type(`a\\\rb${ALT_ENTER}c\r`)
    await screen.shows(/› a\n {2}b\n {2}c\n\nok/)
    await leave(screen)
    const started = (await log(at)).filter((event) => event.type === 'turn.started')
    expect(started.map(({ input }) => input)).toEqual([
      [{ kind: 'text', text: 'one\ntwo\nthree\t\u0003' }],
      [{ kind: 'text', text: 'a\nb\nc' }],
    ])
  })

  test('what was written before comes back, also in the next chat, and only its owner can read it', async () => {
    const at = place({ 'script.json': { replies: [{ text: 'ok' }], loop: true } })
    const first = chat(at)
    await ready(first)
    first.type('remember me\r')
    await first.shows('1 model call')
    await leave(first)
    const file = join(at.home, 'chat-history.jsonl')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const second = chat(at)
    await ready(second)
    second.type(UP)
    await second.shows('› remember me')
    second.type(CTRL_C)
    await second.settles()
    await leave(second)
  })

  // Here the window is made narrower a moment before its process: what is drawn between the two is drawn wrongly, and no fault.
  test.each([
    [40, 20],
    [120, 30],
  ])(
    'made %i columns wide while it answers, what is printed stays, and the rest fits',
    { retry: 3 },
    async (columns, rows) => {
      const text = Array.from({ length: 40 }, (_, index) => `word${index} `)
      const at = place({ 'script.json': { replies: [{ text, delayMs: 60 }] } })
      const screen = chat(at)
      await ready(screen)
      screen.type('go\r')
      await screen.shows('word12')
      await screen.resize(columns, rows)
      await screen.shows('1 model call')
      await screen.settles()
      const said = screen
        .text()
        .split('\n\n')
        .find((part) => part.startsWith('word0'))!
      expect(said.split(/\s+/).slice(0, 40)).toEqual(text.map((word) => word.trim()))
      expect(screen.text().match(/word5\b/g)).toHaveLength(1)
      await leave(screen)
    },
  )

  test('with NO_COLOR there is no colour, and Markdown keeps its marks', async () => {
    const screen = chat(place({ 'script.json': says('# T\n**b** `c`') }), [], { env: { NO_COLOR: '1' } })
    await ready(screen)
    screen.type('go\r')
    await screen.shows('# T\n**b** `c`\n')
    await leave(screen)
    for (const look of ['\u001B[1m', '\u001B[2m', '\u001B[0m', '\u001B[3', '\u001B[4'])
      expect(screen.bytes()).not.toContain(look)
  })

  test('what models, tools and plugins write cannot drive the terminal', async () => {
    const evil = '\u001B]0;pwned\u0007\u001B[2J\u009B2J\u202Eabc'
    const at = place({
      'noisy.mjs': `
        import { definePlugin } from ${JSON.stringify(new URL('../../core/src/index.ts', import.meta.url).href)}
        export default definePlugin({ name: 'acme-noisy', apiVersion: 1, setup({ hooks }) {
          hooks.tap('turn.start', () => console.log('noise \\u001b]0;pwned\\u0007'))
          return {}
        } })`,
      'config.json': { plugins: ['./noisy.mjs'] },
      'script.json': {
        replies: [
          shell(`printf 'out \\033]0;pwned\\007\\033[2J\\n'`),
          { text: ['model ', evil.slice(0, 3), evil.slice(3)] },
        ],
      },
    })
    const screen = chat(at, ['--allow-tool', 'shell', '--config', 'config.json'])
    await ready(screen)
    screen.type('go\r')
    await screen.shows('model ␛]0;pwned␇␛[2J<U+009B>2J<U+202E>abc')
    expect(screen.text()).toContain('noise ␛]0;pwned␇\n')
    expect(screen.text()).toContain('› go\n')
    await leave(screen)
    expect(screen.bytes()).not.toContain('\u001B]')
    expect(screen.bytes()).not.toContain('\u001B[2J')
    expect(screen.bytes()).not.toContain('\u202E')
  })

  describe('commands', () => {
    test('they tell of the session, and a name that nobody knows is not sent', async () => {
      const at = place({ 'script.json': { replies: [{ text: 'ok' }], loop: true } })
      const screen = chat(at, [], { rows: 60, columns: 110 })
      await ready(screen)
      screen.type('hello\r')
      await screen.shows('1 model call')
      for (const [line, shown] of [
        ['/help', '/compact [what to keep]'],
        ['/tools', '  shell '],
        ['/cost', '  in all '],
        ['/context', 'turn 1 of '],
        ['/model', 'The model is scripted/script.json.'],
        ['/model demo', 'The model is demo.'],
        ['/model nobody/knows', 'ERR_MODEL_UNKNOWN'],
        ['/compact', 'nothing to compact'],
        ['/nonsense', 'There is no /nonsense.'],
      ] as const) {
        screen.type(`${line}\r`)
        await screen.shows(shown)
      }
      screen.type('/re\t')
      await screen.shows('/resume  /reload')
      screen.type('l\t\r')
      await screen.shows('Nothing is different.')
      screen.type('/quit\r')
      expect(await screen.finished).toBe(0)
      expect((await log(at)).filter(({ type }) => type === 'turn.started')).toHaveLength(1)
    })

    test('/fork goes on in a copy, and /resume goes back', async () => {
      const at = place({ 'script.json': { replies: [{ text: 'ok' }], loop: true } })
      const screen = chat(at, [], { columns: 120 })
      await ready(screen)
      screen.type('in the original\r')
      await screen.shows('1 model call')
      const [, original] = /session (\S+),/.exec(screen.text())!
      screen.type('/fork\r')
      await screen.shows(/which stays as it was\.[^]*1 turn so far/)
      screen.type('in the copy\r')
      await screen.shows(/› in the copy\n\nok/)
      screen.type('/resume\r')
      await screen.shows('/resume and the beginning of an id')
      screen.type(`/resume ${original}\r`)
      await screen.shows(/\/resume \S+\n.*1 turn so far/)
      await leave(screen)
      const { stdout } = await at.halter(['sessions', 'replay', original!, '--json'])
      expect(stdout).not.toContain('in the copy')
    })

    const plugin = (body: string): string => `
      import { definePlugin, defineTool } from ${JSON.stringify(new URL('../../core/src/index.ts', import.meta.url).href)}
      ${body}`
    const version = (number: number): string =>
      plugin(`export default definePlugin({ name: 'acme-version', apiVersion: 1, contributes: ['tools'], setup: () => ({ tools: [
        defineTool({ name: 'version', description: 'v', input: { type: 'object' }, effects: 'none', concurrency: 'exclusive',
          async execute() { await new Promise((resolve) => setTimeout(resolve, 1500)); return 'version ${number}' } }) ] }) })`)

    test('/reload: the running turn keeps its code, the next one has the new, and a broken plugin changes nothing', async () => {
      const call = { toolCalls: [{ name: 'version' }] }
      const at = place({
        'version.mjs': version(1),
        'config.json': { plugins: ['./version.mjs'] },
        'script.json': {
          replies: [call, call, { text: 'one' }, call, { text: 'two' }, call, { text: 'three' }],
        },
      })
      const screen = chat(at, ['--config', 'config.json'], { rows: 50, columns: 120 })
      await ready(screen)
      screen.type('first\r')
      await screen.shows('● version')
      writeFileSync(join(at.cwd, 'version.mjs'), version(2))
      screen.type('/reload\r')
      await screen.shows('started again: acme-version. The running turn keeps what it began with.')
      await screen.shows('one\n3 model calls')
      expect(screen.text().match(/ {2}version 1/g)).toHaveLength(2)
      screen.type('second\r')
      await screen.shows('two\n2 model calls')
      expect(screen.text()).toContain('  version 2')
      writeFileSync(
        join(at.cwd, 'version.mjs'),
        plugin(
          `export default definePlugin({ name: 'acme-version', apiVersion: 1, setup() { throw new Error('not today') } })`,
        ),
      )
      screen.type('/reload\r')
      await screen.shows('Nothing was reloaded: ')
      expect(screen.rows().join(' ')).toContain('not today')
      screen.type('third\r')
      await screen.shows('three\n2 model calls')
      expect(screen.text().match(/ {2}version 2/g)).toHaveLength(2)
      await leave(screen)
    })
  })

  test('after a kill, --continue shows where it was and goes on', async () => {
    const at = place({ 'script.json': { replies: [{ text: 'the first answer' }, slow] } })
    const killed = chat(at)
    await ready(killed)
    killed.type('remember this\r')
    await killed.shows('the first answer\n1 model call')
    killed.type('and this\r')
    await killed.shows('Once upon a')
    process.kill(killed.pid(), 'SIGKILL')
    await killed.finished
    const screen = onScreen(at, ['chat', '--continue'], { columns: 120 })
    await screen.shows('2 turns so far')
    await screen.shows('› and this')
    screen.type('go on\r')
    await screen.shows('› go on\n\nthe first answer\n1 model call') // a script begins anew with the process
    await leave(screen)
    expect((await log(at)).find(({ type }) => type === 'turn.failed')).toMatchObject({ reason: 'crashed' })
    expect((await at.halter(['sessions', 'verify', '--all'])).code).toBe(0)
  })

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    '%s ends the turn in the log and leaves with 130',
    async (signal) => {
      const at = place({ 'script.json': { replies: [slow] } })
      const screen = chat(at)
      await ready(screen)
      screen.type('go\r')
      await screen.shows('Once upon a')
      process.kill(screen.pid(), signal)
      expect(await screen.finished).toBe(130)
      expect((await log(at)).at(-1)).toMatchObject({ type: 'turn.failed', reason: 'interrupted' })
    },
  )

  test('Ctrl-Z where no shell could wake it changes nothing', async () => {
    const screen = chat(place({ 'script.json': says('hi') }))
    await ready(screen)
    screen.type('half\u001A')
    await vi.waitFor(() => expect(screen.bytes().match(/\?2004h/g)).toHaveLength(2))
    screen.type(' a line\r')
    await screen.shows('› half a line\n\nhi\n1 model call')
    expect(await leave(screen)).toBe(0)
  })

  test('a window that is closed ends the turn in the log, and the process', async () => {
    const at = place({ 'script.json': { replies: [slow] } })
    const screen = chat(at)
    await ready(screen)
    screen.type('go\r')
    await screen.shows('Once upon a')
    const pid = screen.pid()
    screen.closeWindow()
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), { timeout: 5_000 })
    expect((await log(at)).at(-1)).toMatchObject({ type: 'turn.failed', reason: 'interrupted' })
  })

  test('a plugin of the project that was edited is asked about before /reload takes it', async () => {
    const version = (name: string): string => `
      import { definePlugin } from ${JSON.stringify(new URL('../../core/src/index.ts', import.meta.url).href)}
      export default definePlugin({ name: '${name}', apiVersion: 1, setup: () => ({}) })`
    const at = place({
      '.halterrc': '{ "plugins": ["./mine.mjs"] }',
      'mine.mjs': version('acme-first'),
      'script.json': { replies: [{ text: 'ok' }], loop: true },
    })
    const screen = chat(at, ['--trust'], { columns: 120 })
    await ready(screen)
    writeFileSync(join(at.cwd, 'mine.mjs'), version('acme-second'))
    screen.type('/reload\r')
    // --trust is for this start and what it reloads.
    await screen.shows('new: acme-second; gone: acme-first')
    await leave(screen)
    const asked = chat(at, [], { columns: 120 })
    await asked.shows('go on without it:')
    asked.type('y\n')
    await ready(asked)
    writeFileSync(join(at.cwd, 'mine.mjs'), version('acme-third'))
    asked.type('/reload\r')
    await asked.shows('changed since you trusted it')
    asked.type('n\r')
    await asked.shows('Nothing was reloaded: ')
    asked.type('/reload\r')
    await asked.shows(/changed since you trusted it[^]*changed since you trusted it/)
    asked.type('y\r')
    await asked.shows('new: acme-third; gone: acme-second')
    expect(await leave(asked)).toBe(0)
  })

  test('/model counts also where --model was said for a session that goes on', async () => {
    const at = place({ 'script.json': says('from the script'), 'other.json': says('from the other') })
    await at.halter(['run', '--model', 'demo', 'hi'])
    const screen = chat(at, ['--continue'])
    await ready(screen)
    screen.type('/model scripted/other.json\rhello\r')
    await screen.shows('› hello\n\nfrom the other\n1 model call')
    expect(await leave(screen)).toBe(0)
  })
})
