import { describe, expect, test } from 'vitest'
import { jsonLines, place, type Place } from './halter.ts'

/** A place with a session of two turns, the second of which read a file; `AGENTS.md` is the project's. */
async function used(): Promise<{
  at: Place
  id: string
  prompt: (...args: string[]) => ReturnType<Place['halter']>
}> {
  const read = { toolCalls: [{ name: 'read', input: { file_path: 'a.txt' } }] }
  const replies = [{ text: 'one' }, read, { text: 'two' }]
  const at = place({ 'a.txt': 'alpha', 'AGENTS.md': 'Be quick.', 'script.json': { replies } })
  await at.halter(['run', '--model', 'scripted/script.json', 'first'])
  // Another process begins the script again.
  at.write('script.json', { replies: replies.slice(1) })
  await at.halter(['run', '--continue', 'second'])
  const [{ sessionId: id }] = jsonLines<{ sessionId: string }>(
    (await at.halter(['sessions', 'list', '--json'])).stdout,
  ) as [{ sessionId: string }]
  return { at, id, prompt: (...args) => at.halter(['sessions', 'prompt', id, ...args]) }
}

describe('sessions prompt', () => {
  test('shows each part with its tokens, whose it is, and where caches end', async () => {
    const { at, id, prompt } = await used()
    const { code, stdout } = await prompt()
    expect(code).toBe(0)
    expect(stdout).toMatch(
      new RegExp(`^turn 2 of ${id}, model scripted/script.json, about \\d+ tokens, \\d+ % of \\d+`),
    )
    const rows = [
      /^tools \(\d+ tokens\)$/m,
      /^ +\d+  read$/m,
      /^ +\d+  seed  static, @halter\/plugin-prompt-default$/m,
      /^ +\d+  instructions:.+AGENTS\.md  session, @halter\/plugin-prompt-default\n +--- cached up to here$/m,
      /^ +\d+  user  second$/m,
      /^ +\d+  tool read .*alpha$/m,
      /^ +\d+  environment  turn, @halter\/plugin-prompt-default$/m,
    ]
    for (const row of rows) expect(stdout).toMatch(row)
    expect(stdout).not.toContain('two')
    expect((await at.halter(['sessions', 'verify', id])).code).toBe(0)
  })

  test('--turn shows an earlier one, --diff what came, went and changed since the turn before', async () => {
    const { prompt } = await used()
    const first = await prompt('--turn', '1')
    expect(first.stdout).toMatch(/^turn 1 of /)
    expect(first.stdout).not.toContain('second')
    const { stdout } = await prompt('--diff')
    expect(stdout).toMatch(/against turn 1: \d+ parts are the same/)
    const changes = stdout.split('\n').filter((line) => /^[+~-]/.test(line))
    expect(changes.map((line) => line.replace(/ +\d+ +/, ' ').split('  ')[0])).toEqual([
      '+ assistant',
      '+ user',
      '+ assistant',
      '+ tool read',
    ])
  })

  test('--json is one object, the same for every look, and nothing is appended', async () => {
    const { at, id, prompt } = await used()
    const events = async () => (await at.halter(['sessions', 'replay', id, '--json'])).stdout
    const before = await events()
    const [one] = jsonLines((await prompt('--json')).stdout)
    expect(one).toMatchObject({ sessionId: id, turn: 2, leftOut: [], compactions: [] })
    expect(jsonLines((await prompt('--json')).stdout)).toEqual([one])
    const [diff] = jsonLines<{ changes: object[] }>((await prompt('--json', '--diff')).stdout)
    expect(diff).toMatchObject({ turn: 2, against: 1 })
    expect(diff!.changes).toContainEqual(expect.objectContaining({ change: 'added', place: 'messages' }))
    expect(await events()).toBe(before)
  })

  test('a turn that is not there, or has none before it, is refused', async () => {
    const { prompt } = await used()
    expect(await prompt('--turn', '9')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no turn 9: it has 2'),
    })
    expect(await prompt('--turn', '1', '--diff')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('none before it'),
    })
  })
})
