import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { jsonLines, place, says } from './halter.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

interface Result {
  readonly type: string
  readonly sessionId: string
  readonly status: string
  readonly reason: string
  readonly text: string
  readonly usage: { readonly inputTokens: number }
  readonly error?: { readonly code: string; readonly message: string }
}

const model = ['--model', 'scripted/script.json']

describe('text', () => {
  test('the answer goes to stdout, everything about it to stderr', async () => {
    const at = place({ 'script.json': says('Hello there.') })
    const { code, stdout, stderr } = await at.halter(['run', ...model, 'hi'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Hello there.\n' })
    expect(stderr).toMatch(/session [0-9a-f-]{36}, model scripted\/script\.json/)
    expect(stderr).toMatch(/1 model call, [\d,]+ tokens in, [\d,]+ out/)
  })

  test('comes while it is produced', async () => {
    const at = place({ 'script.json': { replies: [{ text: ['first ', 'second'], delayMs: 800 }] } })
    const running = at.start(['run', ...model, 'hi'])
    await running.shows('first ')
    expect(running.stdout()).not.toContain('second')
    expect((await running.finished).stdout).toBe('first second\n')
  })

  test('a tool that reads a real file, and its result in the answer of the model', async () => {
    const at = place({ 'notes.txt': 'the moon is made of basalt\n' })
    const { code, stdout, stderr } = await at.halter(['run', 'What do the notes say?'])
    expect(code).toBe(0)
    expect(stdout).toContain('the moon is made of basalt')
    expect(stderr).toContain('● read notes.txt')
    expect(stderr).toContain('No model is configured: the built-in demo model answers, offline.')
  })

  test('nothing is said of a missing model where one is configured', async () => {
    const at = place({ 'script.json': says('ok') })
    const { stderr } = await at.halter(['run', 'hi'], { env: { HALTER_MODEL: 'scripted/script.json' } })
    expect(stderr).not.toContain('No model is configured')
  })
})

describe('the prompt', () => {
  test('may be several words', async () => {
    const at = place({ 'a.txt': 'x' })
    expect((await at.halter(['run', 'two', 'words'])).stdout).toContain('“two words”')
  })

  test('is read from stdin when there are no words', async () => {
    const at = place({ 'a.txt': 'x' })
    expect((await at.halter(['run'], { stdin: 'from a pipe\n' })).stdout).toContain('“from a pipe”')
  })

  test('as words does not wait for a stdin that never ends', async () => {
    const at = place({ 'script.json': says('done') })
    const { stdout } = await at.halter(['run', ...model, 'hi'], { stdin: { kind: 'open' } })
    expect(stdout).toBe('done\n')
  })
})

describe('json', () => {
  test('is one object on stdout and nothing else', async () => {
    const at = place({ 'script.json': says('Hello.') })
    const { code, stdout } = await at.halter(['run', ...model, '--output-format', 'json', 'hi'])
    expect(code).toBe(0)
    const [result, ...rest] = jsonLines<Result>(stdout)
    expect(rest).toEqual([])
    expect(result).toMatchObject({ type: 'result', status: 'completed', reason: 'stop', text: 'Hello.' })
    expect(result!.sessionId).toMatch(UUID)
    expect(result!.usage.inputTokens).toBeGreaterThan(0)
  })

  test('says why a turn failed, and the exit code is 1', async () => {
    const at = place({ 'script.json': { replies: [{ error: 'the script says no' }] } })
    const { code, stdout, stderr } = await at.halter(['run', ...model, '--output-format', 'json', 'hi'])
    expect(code).toBe(1)
    expect(jsonLines<Result>(stdout)[0]).toMatchObject({
      status: 'failed',
      reason: 'error',
      error: { code: 'ERR_MODEL_FAILED', message: expect.stringContaining('the script says no') as unknown },
    })
    expect(stderr).not.toContain('    at ')
  })
})

describe('stream-json', () => {
  test('begins with the session, ends with the result, and has every event and delta between', async () => {
    const at = place({ 'script.json': says(['Hel', 'lo', '.']) })
    const { code, stdout } = await at.halter(['run', ...model, '--output-format', 'stream-json', 'hi'])
    expect(code).toBe(0)
    const lines = jsonLines<{ type: string; sessionId: string; text?: string; seq?: number }>(stdout)
    expect(lines[0]).toMatchObject({ type: 'session', isResumed: false, workingDir: at.cwd })
    expect(lines[0]!.sessionId).toMatch(UUID)
    expect(lines.at(-1)).toMatchObject({ type: 'result', status: 'completed', text: 'Hello.' })
    expect(new Set(lines.map(({ sessionId }) => sessionId)).size).toBe(1)
    const deltas = lines.filter(({ type }) => type === 'text.delta')
    expect(deltas.map(({ text }) => text)).toEqual(['Hel', 'lo', '.'])
    const stored = lines.filter(({ seq }) => seq !== undefined)
    expect(stored.map(({ type }) => type)).toEqual([
      'turn.started',
      'message.appended',
      'message.appended',
      'usage.recorded',
      'turn.completed',
    ])
    expect(stored.map(({ seq }) => seq)).toEqual([2, 3, 4, 5, 6])
  })
})

describe('sessions', () => {
  test('--continue goes on with the newest one of the folder, in another process', async () => {
    const at = place({ 'a.txt': 'alpha', 'b.txt': 'beta' })
    await at.halter(['run', 'first question'])
    const { code, stdout, stderr } = await at.halter(['run', '--continue', 'second question'])
    expect(code).toBe(0)
    expect(stdout).toContain('Before that, you said “first question”')
    expect(stderr).toContain('turn 2')
  })

  test('--continue in a folder without sessions is refused', async () => {
    const at = place({ 'other/x': '' })
    await at.halter(['run', 'hi'])
    const { code, stderr } = await at.halter(['run', '-c', 'hi'], { cwd: join(at.cwd, 'other') })
    expect(code).toBe(2)
    expect(stderr).toContain('There is no session of')
  })

  test('--session takes the beginning of an id, and --model counts for this turn', async () => {
    const at = place({ 'a.txt': 'alpha', 'script.json': says('scripted') })
    const first = jsonLines<Result>((await at.halter(['run', '--output-format', 'json', 'hi'])).stdout)[0]!
    const { stdout } = await at.halter(['run', '--session', first.sessionId.slice(0, 13), ...model, 'more'])
    expect(stdout).toBe('scripted\n')
    const shown = await at.halter(['sessions', 'show', '--json', first.sessionId])
    expect(jsonLines(shown.stdout)[0]).toMatchObject({ turns: 2, model: 'demo' })
  })

  test('a session that is not there is refused', async () => {
    const { code, stderr } = await place().halter(['run', '--session', 'ffff', 'hi'])
    expect(code).toBe(2)
    expect(stderr).toContain('No session has the id ffff')
  })

  test('--title and the system prompts are kept with it', async () => {
    const at = place({ 'script.json': says('ok') })
    const options = [
      '--title',
      'My title',
      '--system-prompt',
      'Be brief.',
      '--append-system-prompt',
      'In French.',
    ]
    await at.halter(['run', ...model, ...options, 'hi'])
    const [session] = jsonLines<{ sessionId: string; title: string }>(
      (await at.halter(['sessions', 'list', '--json'])).stdout,
    )
    expect(session!.title).toBe('My title')
    const shown = jsonLines((await at.halter(['sessions', 'show', '--json', session!.sessionId])).stdout)[0]
    expect(shown).toMatchObject({
      blueprint: { seed: [{ text: 'Be brief.' }], appendSystemPrompt: 'In French.' },
    })
  })

  test('--ephemeral leaves none behind', async () => {
    const at = place({ 'script.json': says('ok') })
    expect((await at.halter(['run', ...model, '--ephemeral', 'hi'])).stdout).toBe('ok\n')
    expect((await at.halter(['sessions', 'list', '--json'])).stdout).toBe('')
  })

  test('--cwd works in another folder', async () => {
    const at = place({ 'deep/only-here.txt': 'found me' })
    expect((await at.halter(['run', '--cwd', 'deep', 'look'])).stdout).toContain('found me')
  })

  test('nothing is kept in the working folder', async () => {
    const at = place({ 'script.json': says('ok') })
    await at.halter(['run', ...model, 'hi'])
    expect(readdirSync(at.cwd)).toEqual(['script.json'])
  })
})

describe('limits and approvals', () => {
  const shell = {
    replies: [{ toolCalls: [{ name: 'shell', input: { command: 'echo ran > mark' } }] }, { text: 'done' }],
  }

  test('a call that needs a yes is denied where nobody can be asked, and stderr says how to allow it', async () => {
    const at = place({ 'script.json': shell })
    const { code, stdout, stderr } = await at.halter(['run', ...model, 'go'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'done\n' })
    expect(stderr).toContain('--allow-tool shell')
    expect(readdirSync(at.cwd)).toEqual(['script.json'])
  })

  test('--allow-tool lets it run, and its output is shown on stderr', async () => {
    const at = place({
      'script.json': {
        replies: [
          { toolCalls: [{ name: 'shell', input: { command: 'echo visible; echo ran > mark' } }] },
          { text: 'done' },
        ],
      },
    })
    const { stdout, stderr } = await at.halter(['run', ...model, '--allow-tool', 'shell', 'go'])
    expect(stdout).toBe('done\n')
    expect(stderr).toContain('● shell echo visible')
    expect(stderr).toContain('\n  visible\n')
    expect(readdirSync(at.cwd).toSorted()).toEqual(['mark', 'script.json'])
  })

  test('--allow-tool with a name that no tool has is said', async () => {
    const at = place({ 'script.json': says('ok') })
    const { stderr } = await at.halter(['run', ...model, '--allow-tool', 'shel', 'go'])
    expect(stderr).toContain('--allow-tool shel: there is no such tool. There is')
  })

  test('--max-turns ends a turn that goes on and on', async () => {
    const at = place({
      'a.txt': 'x',
      'script.json': { replies: [{ toolCalls: [{ name: 'glob', input: { pattern: '*' } }] }], loop: true },
    })
    const { code, stdout } = await at.halter([
      'run',
      ...model,
      '--max-turns',
      '2',
      '--output-format',
      'json',
      'go',
    ])
    expect(code).toBe(1)
    expect(jsonLines<Result>(stdout)[0]).toMatchObject({ reason: 'budget-exhausted' })
  })
})

test('a commit that the store refuses fails the turn with the reason of the store', async () => {
  const core = JSON.stringify(new URL('../../core/src/index.ts', import.meta.url).href)
  const at = place({
    'full.mjs': `
      import { definePlugin, HalterError } from ${core}
      const full = (inner) => new Proxy(inner, {
        get(store, key) {
          if (key === 'commit') return async () => { throw new HalterError('ERR_STORE_FULL', 'The disk is full.') }
          return typeof store[key] === 'function' ? store[key].bind(store) : store[key]
        },
      })
      export default definePlugin({
        name: 'acme-full', apiVersion: 1, decorates: ['sessionStore'], setup: () => ({ sessionStore: full }),
      })`,
    'config.json': { plugins: ['./full.mjs'] },
  })
  const { code, stdout, stderr } = await at.halter([
    'run',
    '--config',
    'config.json',
    '--output-format',
    'json',
    'hi',
  ])
  expect(code).toBe(1)
  expect(jsonLines<Result>(stdout)[0]).toMatchObject({ status: 'failed', error: { code: 'ERR_STORE_FULL' } })
  expect(stderr).not.toContain('    at ')
})
