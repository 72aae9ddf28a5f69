import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { SessionSummary } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { elsewhere, familyPlace, sessionsOf } from './families.ts'
import { jsonLines, place, says, type Place } from './halter.ts'

/** Said by a model, and large enough to be kept apart from its event. */
const SAID = `quote " back\\ nul \u0000 half \ud800 end\u2028of\u2029line ${'x'.repeat(20_000)}`

/** A session with a child. */
async function family(): Promise<{ at: Place; root: SessionSummary; exported: string }> {
  const at = familyPlace(SAID)
  const { code, stderr } = await at.halter(['run', 'Ask a child.'])
  expect(code, stderr).toBe(0)
  const root = (await sessionsOf(at)).find(({ parentId }) => parentId === undefined)!
  const { stdout } = await at.halter(['sessions', 'export', root.sessionId])
  return { at, root, exported: stdout }
}

describe('an export', () => {
  test('imported where nothing was is the same session with the same child, and exports as the same bytes', async () => {
    const { at, root, exported } = await family()
    const there = elsewhere(at)
    const imported = await there.run(['sessions', 'import'], exported)
    expect(imported).toMatchObject({ code: 0, stderr: '2 sessions imported.\n' })
    const ids = imported.stdout.trimEnd().split('\n')
    expect(ids[0]).toBe(root.sessionId)
    expect(ids).toHaveLength(2)
    const again = await there.run(['sessions', 'export', root.sessionId])
    expect(again.stdout === exported).toBe(true) // not toBe: nobody wants to read that difference
    const { stdout: list } = await there.run(['sessions', 'list', '--children', '--json'])
    expect(new Set(jsonLines(list))).toEqual(new Set(await sessionsOf(at)))
    expect((await there.run(['sessions', 'verify', '--all'])).code).toBe(0)
  })

  test('can be gone on with where it was imported', async () => {
    const { at, root, exported } = await family()
    const there = elsewhere(at)
    await there.run(['sessions', 'import'], exported)
    const { code, stdout } = await there.run(['run', '--session', root.sessionId, 'And again?'])
    expect({ code, hasAnswer: stdout.includes('quote') }).toEqual({ code: 0, hasAnswer: true })
  })

  test('goes into a file that only its owner can read, comes back from it, and never takes the place of one', async () => {
    const { at, root, exported } = await family()
    const { code, stdout } = await at.halter(['sessions', 'export', root.sessionId, 'out.jsonl'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    const path = join(at.cwd, 'out.jsonl')
    expect(readFileSync(path, 'utf8') === exported).toBe(true)
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600)
    const imported = await elsewhere(at).run(['sessions', 'import', 'out.jsonl', '--json'])
    expect(jsonLines(imported.stdout)[0]).toEqual({ sessionId: root.sessionId })
    const again = await at.halter(['sessions', 'export', root.sessionId, 'out.jsonl'])
    expect(again.code).toBe(2)
    expect(again.stderr).toContain('out.jsonl is there already')
    expect(readFileSync(path, 'utf8') === exported).toBe(true)
  })

  test('into a folder that is not there fails, and leaves nothing', async () => {
    const at = place({ 'script.json': says('ok') })
    await at.halter(['run', '--model', 'scripted/script.json', 'hi'])
    const [session] = await sessionsOf(at)
    const { code, stderr } = await at.halter(['sessions', 'export', session!.sessionId, 'nowhere/out.jsonl'])
    expect(code).toBe(1)
    expect(stderr).toContain('nowhere')
    expect(existsSync(join(at.cwd, 'nowhere'))).toBe(false)
  })
})

describe('an import', () => {
  test('of what is there already is refused, and changes nothing', async () => {
    const { at, exported } = await family()
    const before = await sessionsOf(at)
    const { code, stdout, stderr } = await at.halter(['sessions', 'import'], { stdin: exported })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('ERR_SESSION_EXISTS')
    expect(await sessionsOf(at)).toEqual(before)
  })

  test('of what is no whole export is refused by its line, and stores nothing of that session', async () => {
    const { at, exported } = await family()
    const lines = exported.trimEnd().split('\n')
    const there = elsewhere(at)
    const broken: readonly (readonly [string[], string])[] = [
      [[lines[0]!, 'oops', ...lines.slice(1)], 'Line 2'],
      [lines.toSpliced(3, 1), 'Line 4'],
      [lines.slice(0, 5), 'cut off'],
      [lines.slice(1), 'header'],
      [lines.with(2, lines[2]!.replace('turn.started', 'turn.begun')), 'Line 3'],
    ]
    for (const [text, message] of broken) {
      const { code, stdout, stderr } = await there.run(['sessions', 'import'], text.join('\n'))
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toContain(message)
    }
    expect((await there.run(['sessions', 'list', '--json'])).stdout).toBe('')
  })

  test('of a file that is not there is refused', async () => {
    const { code, stderr } = await place().halter(['sessions', 'import', 'nowhere.jsonl'])
    expect(code).toBe(2)
    expect(stderr).toContain('nowhere.jsonl: there is no such file')
  })

  test('of nothing imports nothing', async () => {
    expect(await place().halter(['sessions', 'import'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '0 sessions imported.\n',
    })
  })
})

test('an export of many megabytes goes through a pipe without being kept in memory', async () => {
  const at = place({ 'script.json': says('ok') })
  await at.halter(['run', '--model', 'scripted/script.json', 'hi'])
  const [session] = await sessionsOf(at)
  const { stdout } = await at.halter(['sessions', 'export', session!.sessionId])
  const lines = jsonLines(stdout)
  const { sessionId, seq, at: time } = lines.at(-1) as { sessionId: string; seq: number; at: number }
  const note = {
    sessionId,
    at: time,
    v: 1,
    type: 'notification.raised',
    kind: 'test',
    message: 'x'.repeat(10_000),
  }
  const more = Array.from({ length: 4_000 }, (_, index) => ({ ...note, seq: seq + 1 + index }))
  const big = [{ ...lines[0], head: seq + more.length }, ...lines.slice(1), ...more]
  at.write('big.jsonl', big.map((line) => JSON.stringify(line)).join('\n'))
  const there = elsewhere(at)
  expect(await there.run(['sessions', 'import', 'big.jsonl'])).toMatchObject({ code: 0 })
  const {
    code,
    stdout: exported,
    stderr,
  } = await at.halter(['sessions', 'export', sessionId], {
    env: { HALTER_HOME: there.home, NODE_OPTIONS: '--max-old-space-size=32' },
  })
  expect(code, stderr).toBe(0)
  expect(jsonLines(exported)).toEqual(big)
}, 60_000)
