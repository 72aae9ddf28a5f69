import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SessionSummary, StoredEvent } from '@halter/protocol'
import { describe, expect, test, vi } from 'vitest'
import { jsonLines, place, says, type Place } from './halter.ts'

const model = ['--model', 'scripted/script.json']
const ok = { 'script.json': { replies: [{ text: 'ok' }], loop: true } }

async function log(at: Place): Promise<StoredEvent[]> {
  const [session] = jsonLines<SessionSummary>((await at.halter(['sessions', 'list', '--json'])).stdout)
  return jsonLines<StoredEvent>(
    (await at.halter(['sessions', 'replay', session!.sessionId, '--json'])).stdout,
  )
}

describe('chat without a terminal', () => {
  test('each line of stdin is a prompt of one session; blank lines count for nothing, and the end ends it', async () => {
    const at = place({ 'script.json': says('one', ['t', 'wo'], 'three') })
    const { code, stdout, stderr } = await at.halter(['chat', ...model], { stdin: 'a\n\n  \nb\r\nlast' })
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'one\ntwo\nthree\n' })
    expect(stderr).not.toContain('\u001B')
    const prompts = (await log(at)).filter((event) => event.type === 'turn.started')
    expect(prompts.map(({ input }) => input)).toEqual(
      ['a', 'b', 'last'].map((text) => [{ kind: 'text', text }]),
    )
  })

  test('words behind it are the first prompt, and the options of sessions count', async () => {
    const at = place({ 'script.json': says('one', 'two') })
    await at.halter(['chat', ...model, '--title', 'Mine', 'hello', 'there'])
    await at.halter(['chat', '--continue', '--fork'], { stdin: 'and on' })
    const sessions = jsonLines<SessionSummary>((await at.halter(['sessions', 'list', '--json'])).stdout)
    expect(sessions.map(({ title, turns }) => `${title} ${turns}`).toSorted()).toEqual(['Mine 1', 'Mine 2'])
  })

  test('the text comes through a pipe as it is, and talk goes to stderr', async () => {
    const text = '# T **b**\u001B]0;x\u0007'
    const { stdout } = await place({ 'script.json': says(text) }).halter(['chat', ...model], { stdin: 'a\n' })
    expect(stdout).toBe(`${text}\n`)
  })

  test('a turn that fails ends it with 1, and what comes next is not sent', async () => {
    const at = place({
      'script.json': { replies: [{ text: 'fine' }, { error: 'broken' }, { text: 'never' }] },
    })
    const { code, stdout, stderr } = await at.halter(['chat', ...model], { stdin: 'a\nb\nc\n' })
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'fine\n' })
    expect(stderr).toContain('broken')
    expect((await log(at)).filter(({ type }) => type === 'turn.started')).toHaveLength(2)
  })

  test('commands work, and a name that nobody knows is not sent', async () => {
    const at = place(ok)
    const { code, stdout, stderr } = await at.halter(['chat', ...model], {
      stdin: 'hello\n/cost\n/nonsense\n/etc/hosts is a file\n/quit\nnever\n',
    })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ok\n {2}in all .*\nok\n$/)
    expect(stderr).toContain('There is no /nonsense')
  })

  test('a command of the project is expanded by the session', async () => {
    const at = place({
      ...ok,
      '.halter/commands/greet.md': '---\ndescription: greets\n---\nSay hello to $ARGUMENTS.\n',
    })
    const { code } = await at.halter(['chat', '--trust', ...model], { stdin: '/greet Ada\n' })
    expect(code).toBe(0)
    const said = (await log(at)).find((event) => event.type === 'message.appended')
    expect(JSON.stringify(said)).toContain('Say hello to Ada.')
  })

  test('nobody is asked: a call that needs a yes is denied', async () => {
    const at = place({
      'script.json': {
        replies: [{ toolCalls: [{ name: 'shell', input: { command: 'touch mark' } }] }, { text: 'no' }],
      },
    })
    const { stderr } = await at.halter(['chat', ...model], { stdin: 'go\n' })
    expect(stderr).toContain('Allow it with --allow-tool shell')
    expect(existsSync(join(at.cwd, 'mark'))).toBe(false)
  })

  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s ends the turn in the log and leaves with 130',
    async (signal) => {
      const at = place({ 'script.json': { replies: [{ text: ['Once ', 'upon ', 'a time'], delayMs: 400 }] } })
      const running = at.start(['chat', ...model], { stdin: { kind: 'open' } })
      running.child.stdin!.write('go\n')
      await running.shows('Once')
      running.child.kill(signal)
      expect((await running.finished).code).toBe(130)
      expect((await log(at)).at(-1)).toMatchObject({ type: 'turn.failed', reason: 'interrupted' })
    },
  )

  test('a signal while it waits for a line leaves, too', async () => {
    const running = place(ok).start(['chat', ...model], { stdin: { kind: 'open' } })
    await running.shows('session ')
    running.child.kill('SIGTERM')
    expect((await running.finished).code).toBe(130)
  })

  test('a reader that has gone ends it', async () => {
    const at = place({ 'script.json': { replies: [{ text: 'x'.repeat(1_000) }], loop: true } })
    const running = at.start(['chat', ...model], { stdin: { kind: 'open' } })
    running.child.stdout!.destroy()
    running.child.stdin!.write('a\n'.repeat(50))
    expect((await running.finished).code).toBe(130)
  })

  test('/reload takes changed options, and gives back what a preset has when they are gone', async () => {
    const config = (tools: object[]): string => JSON.stringify({ plugins: tools })
    const at = place({ ...ok, 'config.json': config([['@halter/plugin-tools', { tools: ['read'] }]]) })
    const running = at.start(['chat', ...model, '--config', 'config.json'], { stdin: { kind: 'open' } })
    const tools = async (shown: string): Promise<string> => {
      const before = running.stdout().length
      running.child.stdin!.write('/tools\n')
      const now = (): string => running.stdout().slice(before)
      await vi.waitFor(() => expect(now()).toContain(shown), { timeout: 10_000 })
      return now()
    }
    expect(await tools('  read ')).not.toContain('  glob ')
    writeFileSync(join(at.cwd, 'config.json'), config([['@halter/plugin-tools', { tools: ['glob'] }]]))
    running.child.stdin!.write('/reload\n')
    await running.shows('started again: @halter/plugin-tools')
    expect(await tools('  glob ')).not.toContain('  read ')
    writeFileSync(join(at.cwd, 'config.json'), '{}')
    running.child.stdin!.write('/reload\n')
    await running.shows('generation 3')
    expect(await tools('  shell ')).toContain('  read ')
    running.child.stdin!.end()
    expect((await running.finished).code).toBe(0)
  })

  test('/reload of a broken configuration changes nothing, and tells the file', async () => {
    const at = place({ ...ok, 'config.json': { limits: { steps: 5 } } })
    const running = at.start(['chat', ...model, '--config', 'config.json'], { stdin: { kind: 'open' } })
    running.child.stdin!.write('one\n')
    await running.shows('model call')
    writeFileSync(join(at.cwd, 'config.json'), '{ "nonsense": 1 }')
    running.child.stdin!.write('/reload\n')
    await running.shows('Nothing was reloaded')
    running.child.stdin!.end('two\n')
    const { code, stdout, stderr } = await running.finished
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'ok\nok\n' })
    expect(stderr).toContain(join(at.cwd, 'config.json'))
  })
})
