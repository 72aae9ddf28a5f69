import { describe, expect, test } from 'vitest'
import { jsonLines, place, type Place } from './halter.ts'

const GUARD = `grep -q 'rm -rf' && { echo 'rm -rf is not for agents' >&2; exit 2; }; exit 0`
const SETTINGS = {
  hooks: {
    PreToolUse: [
      {
        matcher: 'Bash',
        hooks: [
          { type: 'command', command: GUARD },
          {
            type: 'command',
            if: 'Bash(git push:*)',
            command: `printf '{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"ask"}}'`,
          },
          {
            type: 'command',
            if: 'Bash(npm *)',
            command: `printf '{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"allow","updatedInput":{"command":"echo no npm"}}}'`,
          },
        ],
      },
    ],
    WorktreeCreate: [{ hooks: [{ type: 'command', command: 'true' }] }],
    Nonsense: [],
  },
}

/** A folder that its user trusts, with hooks in it; the user's own settings are nobody's here. */
function guarded(script: readonly object[] = []): Place & {
  trusted(args: readonly string[]): ReturnType<Place['halter']>
} {
  const at = place({ '.claude/settings.json': SETTINGS, 'script.json': { replies: script } })
  const trusted = (args: readonly string[]): ReturnType<Place['halter']> =>
    at.halter(args, { env: { HOME: at.home, HALTER_TRUST: '1' } })
  return Object.assign(at, { trusted })
}

describe('halter hooks list', () => {
  test('shows event, matcher, condition, file and whether a handler ever runs', async () => {
    const at = guarded()
    const { code, stdout, stderr } = await at.trusted(['hooks', 'list'])
    expect(code).toBe(0)
    const lines = stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(5)
    expect(lines[1]).toMatch(/^1 +PreToolUse +Bash +command +not yet +grep .*settings\.json$/)
    expect(lines[2]).toContain('Bash if Bash(git push:*)')
    expect(lines[4]).toContain('never: nothing here is a moment for it')
    expect(stderr).toContain('"Nonsense" is no hook event')
    expect(stderr).toContain('no session of this folder is stored')
  })

  test('tells of the last run in the newest session', async () => {
    const at = guarded([
      { toolCalls: [{ name: 'shell', input: { command: 'rm -rf /' } }] },
      { text: 'Done.' },
    ])
    await at.trusted(['run', '--model', 'scripted/script.json', 'go'])
    const { stdout } = await at.trusted(['hooks', 'list', '--json', '--event', 'pre_tool_use'])
    const handlers = jsonLines<{ type: string; lastRun?: { status: string } }>(stdout)
    const runs = handlers.filter(({ type }) => type === 'handler').map(({ lastRun }) => lastRun?.status)
    expect(runs).toEqual(['denied', undefined, undefined])
  })

  test('has nothing of a folder that nobody trusts, and says so', async () => {
    const at = guarded()
    const { stdout, stderr } = await at.halter(['hooks', 'list'], {
      env: { HOME: at.home, HALTER_TRUST: '0' },
    })
    expect(stdout).toBe('')
    expect(stderr).toContain('There are no hooks here')
  })
})

describe('halter hooks test', () => {
  test.each([
    ['rm -rf /', 1, 'deny'],
    ['git push --force', 3, 'ask'],
    ['npm install', 0, 'allow'],
    ['ls', 0, 'none'],
  ])('%s: exit code %i', async (command, expected, decision) => {
    const at = guarded()
    const args = ['hooks', 'test', 'PreToolUse', '--tool', 'shell', '--input', JSON.stringify({ command })]
    const { code, stdout } = await at.trusted(args)
    expect(code).toBe(expected)
    expect(stdout).toMatch(new RegExp(`^together +${decision}`, 'm'))
    if (decision === 'deny') expect(stdout).toContain('reason: rm -rf is not for agents')
    if (decision === 'allow')
      expect(stdout).toContain('{"command":{"from":"npm install","to":"echo no npm"}}')
  })

  test("takes Claude Code's name of a tool, and answers programs in JSON", async () => {
    const at = guarded()
    const input = JSON.stringify({ command: 'rm -rf /' })
    const { stdout } = await at.trusted([
      'hooks',
      'test',
      'pre-tool-use',
      '--tool',
      'Bash',
      '--input',
      input,
      '--json',
    ])
    expect(JSON.parse(stdout)).toMatchObject({
      event: 'PreToolUse',
      decision: 'deny',
      answers: [{ status: 'blocked', exitCode: 2, reason: 'rm -rf is not for agents' }],
    })
  })

  test('leaves nothing behind: no session is stored', async () => {
    const at = guarded()
    await at.trusted(['hooks', 'test', 'PreToolUse', '--tool', 'shell', '--input', '{"command":"ls"}'])
    expect((await at.trusted(['sessions', 'list', '--json'])).stdout).toBe('')
  })

  test.each([
    [['hooks', 'test', 'Nonsense'], 'There is no hook event "Nonsense"'],
    [['hooks', 'test', 'PreToolUse', '--input', '{}'], 'name it with --tool'],
    [['hooks', 'test', 'PreToolUse', '--tool', 'shell', '--input', '{'], '--input takes JSON'],
    [['hooks', 'test', 'Stop', '--fields', '[]'], '--fields takes a JSON object'],
  ])('%j is a mistake', async (args, message) => {
    const { code, stderr } = await guarded().trusted(args)
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })
})

describe('halter sessions explain', () => {
  test('tells which handler of which file blocked a call', async () => {
    const at = guarded([
      { toolCalls: [{ name: 'shell', input: { command: 'rm -rf /' } }] },
      { text: 'Done.' },
    ])
    await at.trusted(['run', '--model', 'scripted/script.json', 'go'])
    const { id, seq } = await finishedCall(at)
    const { code, stdout } = await at.trusted(['sessions', 'explain', id, String(seq)])
    expect(code).toBe(0)
    expect(stdout).toContain('the model called shell rm -rf /')
    expect(stdout).toMatch(
      /PreToolUse hook denied: rm -rf is not for agents\n +handler grep .*\n +file .*\.claude\/settings\.json/,
    )
    expect(stdout).toMatch(/it ended: denied\. The model read: .*rm -rf is not for agents/)
  })

  test('tells what a handler changed, by the id of the call too', async () => {
    const at = guarded([
      { toolCalls: [{ name: 'shell', input: { command: 'npm install' } }] },
      { text: 'Done.' },
    ])
    await at.trusted(['run', '--model', 'scripted/script.json', 'go'])
    const { id, callId } = await finishedCall(at)
    const { stdout } = await at.trusted(['sessions', 'explain', id, callId])
    expect(stdout).toContain('patch {"command":{"from":"npm install","to":"echo no npm"}}')
    expect(stdout).toContain('it ran as shell echo no npm, which is not what the model wrote')
  })

  test('an event that is not there is a mistake', async () => {
    const at = guarded([{ text: 'Done.' }])
    await at.trusted(['run', '--model', 'scripted/script.json', 'go'])
    const { sessionId } = jsonLines<{ sessionId: string }>(
      (await at.trusted(['sessions', 'list', '--json'])).stdout,
    )[0]!
    const { code, stderr } = await at.trusted(['sessions', 'explain', sessionId, '999'])
    expect(code).toBe(2)
    expect(stderr).toContain('has no event 999')
  })
})

/** The newest session's only tool call. */
async function finishedCall(
  at: ReturnType<typeof guarded>,
): Promise<{ id: string; seq: number; callId: string }> {
  const { sessionId } = jsonLines<{ sessionId: string }>(
    (await at.trusted(['sessions', 'list', '--json'])).stdout,
  )[0]!
  const { stdout } = await at.trusted(['sessions', 'replay', sessionId, '--json'])
  const events = jsonLines<{ type: string; seq: number; callId: string }>(stdout)
  const { seq, callId } = events.find(({ type }) => type === 'toolCall.finished')!
  return { id: sessionId, seq, callId }
}
