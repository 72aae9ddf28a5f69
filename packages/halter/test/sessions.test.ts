import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import type { SessionSummary, StoredEvent } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { jsonLines, place, says, type Place } from './halter.ts'

/** A place with one finished session, which used a tool. */
async function used(): Promise<{ at: Place; session: SessionSummary }> {
  const at = place({ 'a.txt': 'alpha' })
  await at.halter(['run', '--title', 'A title', 'What is here?'])
  const [session] = jsonLines<SessionSummary>((await at.halter(['sessions', 'list', '--json'])).stdout)
  return { at, session: session! }
}

describe('list', () => {
  test('says so when there is nothing', async () => {
    const { code, stdout, stderr } = await place().halter(['sessions', 'list'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toContain('There are no sessions')
  })

  test('is a table for people and one summary per line for programs', async () => {
    const { at, session } = await used()
    expect(session).toMatchObject({
      title: 'A title',
      model: 'demo',
      turns: 1,
      status: 'idle',
      workingDir: at.cwd,
    })
    const { stdout } = await at.halter(['sessions', 'list'])
    const [head, row] = stdout.split('\n')
    expect(head).toMatch(/^SESSION +LAST USED +STATUS +TURNS +MODEL +TITLE$/)
    expect(row).toContain(session.sessionId)
    expect(row).toContain('A title')
  })

  test('--here leaves out other folders, --limit says that there are more', async () => {
    const at = place({ 'other/x': '', 'script.json': says('ok') })
    const model = ['--model', 'scripted/script.json']
    await at.halter(['run', ...model, 'one'])
    await at.halter(['run', ...model, 'two'])
    const here = await at.halter(['sessions', 'list', '--here', '--json', '--cwd', 'other'])
    expect(here.stdout).toBe('')
    const { stdout, stderr } = await at.halter(['sessions', 'list', '--limit', '1'])
    expect(stdout.trimEnd().split('\n')).toHaveLength(2)
    expect(stdout).toContain('two')
    expect(stderr).toContain('There are more')
  })
})

describe('show', () => {
  test('tells what it is, what it cost and what was said last', async () => {
    const { at, session } = await used()
    const { code, stdout } = await at.halter(['sessions', 'show', session.sessionId.slice(0, 20)])
    expect(code).toBe(0)
    for (const part of [
      session.sessionId,
      'A title',
      'demo',
      at.cwd,
      'tokens in',
      '\nuser\n  What is here?',
      'alpha',
    ])
      expect(stdout).toContain(part)
  })

  test('as JSON is one object', async () => {
    const { at, session } = await used()
    const { stdout } = await at.halter(['sessions', 'show', session.sessionId, '--json', '--messages', '1'])
    expect(jsonLines(stdout)).toMatchObject([
      { sessionId: session.sessionId, blueprint: { model: 'demo' }, messages: [{ role: 'assistant' }] },
    ])
  })
})

describe('replay', () => {
  test('gives every event, from 1 without gaps', async () => {
    const { at, session } = await used()
    const { stdout } = await at.halter(['sessions', 'replay', session.sessionId, '--json'])
    const events = jsonLines<StoredEvent>(stdout)
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
    expect(events[0]?.type).toBe('session.started')
    expect(events.at(-1)?.type).toBe('turn.completed')
  })

  test('is a line per event for people, and can begin and end anywhere', async () => {
    const { at, session } = await used()
    const { stdout } = await at.halter([
      'sessions',
      'replay',
      session.sessionId,
      '--after',
      '1',
      '--limit',
      '2',
    ])
    const lines = stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatch(/^ {4}2 {2}\d\d:\d\d:\d\d\.\d{3} {2}turn\.started +What is here\?$/)
  })

  test('appends nothing to the session', async () => {
    const { at, session } = await used()
    for (const command of ['show', 'replay', 'verify'])
      await at.halter(['sessions', command, session.sessionId])
    const [after] = jsonLines<SessionSummary>((await at.halter(['sessions', 'list', '--json'])).stdout)
    expect(after).toEqual(session)
  })

  test('into a reader that has seen enough ends without a word', async () => {
    const { at, session } = await used()
    const bin = fileURLToPath(new URL('../src/bin.ts', import.meta.url))
    const child = spawn(process.execPath, [bin, 'sessions', 'replay', session.sessionId, '--json'], {
      cwd: at.cwd,
      env: { ...process.env, HALTER_HOME: at.home },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.stdout.destroy()
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })
})

describe('verify', () => {
  test('finds nothing wrong with what was just written', async () => {
    const { at, session } = await used()
    const { code, stdout, stderr } = await at.halter(['sessions', 'verify', '--all'])
    expect(code).toBe(0)
    expect(stdout).toMatch(new RegExp(`^ok {7}${session.sessionId} {2}\\d+ events\\n$`))
    expect(stderr).toContain('1 checked, 0 with problems.')
    const json = await at.halter(['sessions', 'verify', session.sessionId, '--json'])
    expect(jsonLines(json.stdout)).toMatchObject([{ sessionId: session.sessionId, problems: [] }])
  })
})

test('damage in the file is found, named by its place, and the other sessions are still checked', async () => {
  const at = place({ 'script.json': says('ok') })
  const model = ['--model', 'scripted/script.json']
  await at.halter(['run', ...model, 'the good one'])
  await at.halter(['run', ...model, 'the bad one'])
  const db = new DatabaseSync(join(at.home, 'sessions.db'))
  db.exec(
    `UPDATE events SET payload = replace(payload, 'the bad one', 'the odd one') WHERE payload LIKE '%the bad one%'`,
  )
  db.close()
  const { code, stdout, stderr } = await at.halter(['sessions', 'verify', '--all'])
  expect(code).toBe(1)
  expect(stdout).toMatch(/^damaged {2}[0-9a-f-]{36} {2}1 events\n {9}at 2: .+\nok {7}/)
  expect(stderr).toContain('2 checked, 1 with problems.')
})

test('the beginning of an id that several sessions have is refused with their titles', async () => {
  const at = place({ 'script.json': says('ok') })
  const model = ['--model', 'scripted/script.json']
  await at.halter(['run', ...model, 'the first one'])
  await at.halter(['run', ...model, 'the second one'])
  const { code, stderr } = await at.halter(['sessions', 'show', '0'])
  expect(code).toBe(2)
  expect(stderr).toContain('2 sessions begin with 0')
  expect(stderr).toContain('the first one')
  expect(stderr).toContain('the second one')
})
