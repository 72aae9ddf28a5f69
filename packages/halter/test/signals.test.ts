import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SessionSummary, StoredEvent } from '@halter/protocol'
import { describe, expect, test, vi } from 'vitest'
import { jsonLines, place, type Place, type Running } from './halter.ts'

const model = ['--model', 'scripted/script.json']

async function log(at: Place): Promise<StoredEvent[]> {
  const [session] = jsonLines<SessionSummary>((await at.halter(['sessions', 'list', '--json'])).stdout)
  return jsonLines<StoredEvent>(
    (await at.halter(['sessions', 'replay', session!.sessionId, '--json'])).stdout,
  )
}

describe.each(['SIGINT', 'SIGTERM'] as const)('%s', (signal) => {
  test('while the model speaks keeps what was said, ends the turn in the log, and exits 130', async () => {
    const at = place({
      'script.json': { replies: [{ text: ['Once upon a time ', 'there was ', 'no more'], delayMs: 400 }] },
    })
    const running = at.start(['run', ...model, 'a story'])
    await running.shows('Once upon a time')
    running.child.kill(signal)
    const { code, stderr } = await running.finished
    expect(code).toBe(130)
    expect(stderr).toContain('ending the turn')
    const events = await log(at)
    expect(events.at(-1)).toMatchObject({ type: 'turn.failed', reason: 'interrupted' })
    const reply = events.findLast((event) => event.type === 'message.appended')
    expect(reply?.message).toMatchObject({ role: 'assistant', stopReason: 'interrupted' })
    expect((await at.halter(['sessions', 'verify', '--all'])).code).toBe(0)
  })

  test('while a tool runs stops the tool and its children', async () => {
    const command = 'sleep 300 & echo $! > child; echo started; wait'
    const at = place({ 'script.json': { replies: [{ toolCalls: [{ name: 'shell', input: { command } }] }] } })
    const running = at.start(['run', ...model, '--allow-tool', 'shell', 'go'])
    await running.shows('  started')
    running.child.kill(signal)
    expect((await running.finished).code).toBe(130)
    const child = Number(readFileSync(join(at.cwd, 'child'), 'utf8'))
    await vi.waitFor(() => expect(isAlive(child)).toBe(false), { timeout: 2_000 })
    const events = await log(at)
    expect(events.at(-1)).toMatchObject({ type: 'turn.failed', reason: 'interrupted' })
    expect(events.findLast(({ type }) => type === 'toolCall.finished')).toMatchObject({
      outcome: expect.stringMatching(/cancelled|error/) as unknown,
    })
  })
})

test('the second signal leaves at once', async () => {
  const at = place({
    'stubborn.mjs': `
      import { definePlugin, defineTool } from ${JSON.stringify(new URL('../../core/src/index.ts', import.meta.url).href)}
      const tool = defineTool({
        name: 'stubborn', description: 'Ignores its signal.', input: { type: 'object' }, effects: 'none', concurrency: 'exclusive',
        async execute(_, ctx) { ctx.emit('working\\n'); await new Promise((resolve) => setTimeout(resolve, 60_000)) },
      })
      export default definePlugin({
        name: 'acme-stubborn', apiVersion: 1, contributes: ['tools'],
        setup({ defer }) { defer(() => new Promise((resolve) => setTimeout(resolve, 60_000))); return { tools: [tool] } },
      })`,
    'config.json': { plugins: ['./stubborn.mjs'], timeouts: { cleanup: 60_000 } },
    'script.json': { replies: [{ toolCalls: [{ name: 'stubborn' }] }] },
  })
  const running = at.start(['run', ...model, '--config', 'config.json', 'go'])
  await running.shows('  working')
  running.child.kill('SIGINT')
  await running.shows('Once more leaves at once')
  const asked = performance.now()
  running.child.kill('SIGINT')
  expect((await running.finished).code).toBe(130)
  expect(performance.now() - asked).toBeLessThan(500)
})

test('a session that was interrupted goes on', async () => {
  const at = place({
    'script.json': { replies: [{ text: ['one ', 'two'], delayMs: 400 }] },
    'a.txt': 'alpha',
  })
  const running = at.start(['run', ...model, 'count'])
  await running.shows('one ')
  running.child.kill('SIGINT')
  await running.finished
  const { code, stdout } = await at.halter(['run', '--continue', '--model', 'demo', 'and now?'])
  expect(code).toBe(0)
  expect(stdout).toContain('Before that, you said “count”')
})

test('a turn whose reader has gone is ended, without a word', async () => {
  const at = place({
    'script.json': {
      replies: [{ text: Array.from({ length: 100 }, (_, index) => `line ${index}\n`), delayMs: 30 }],
    },
  })
  const running = at.start(['run', ...model, 'go'])
  await running.shows('line 0')
  running.child.stdout!.destroy()
  const { code, stderr } = await running.finished
  expect(code).toBe(130)
  expect(stderr).not.toContain('EPIPE')
  expect((await log(at)).at(-1)).toMatchObject({ type: 'turn.failed', reason: 'interrupted' })
})

test('a process that was killed leaves a session that goes on where it was', async () => {
  const at = place({
    'script.json': { replies: [{ text: ['one ', 'two'], delayMs: 5_000 }] },
    'a.txt': 'alpha',
  })
  const running: Running = at.start(['run', ...model, '--output-format', 'stream-json', 'count'])
  await running.shows('"role":"user"')
  running.child.kill('SIGKILL')
  await running.finished
  const { code } = await at.halter(['run', '--continue', '--model', 'demo', 'and now?'])
  expect(code).toBe(0)
  const types = (await log(at)).map((event) => (event.type === 'turn.failed' ? event.reason : event.type))
  expect(types).toContain('crashed')
  expect(existsSync(at.home)).toBe(true)
  expect((await at.halter(['sessions', 'verify', '--all'])).code).toBe(0)
})

/** A process that has ended and that nobody has asked about yet is not alive. */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
  return stdout.trim() !== '' && !stdout.startsWith('Z')
}
