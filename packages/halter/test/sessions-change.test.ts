import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { eventsOf, familyPlace, sessionsOf } from './families.ts'
import { jsonLines, place, says, type Place } from './halter.ts'

const model = ['--model', 'scripted/script.json']

/** A place with sessions of these prompts, the newest first. */
async function used(...prompts: string[]): Promise<{ at: Place; ids: string[] }> {
  const at = place({ 'script.json': says('ok') })
  for (const prompt of prompts.toReversed()) await at.halter(['run', ...model, prompt])
  return { at, ids: (await sessionsOf(at)).map(({ sessionId }) => sessionId) }
}

describe('fork', () => {
  test('is a new session with the events up to a number, and the old one stays as it is', async () => {
    const {
      at,
      ids: [from],
    } = await used('hello')
    const before = await eventsOf(at, from!)
    const { code, stdout } = await at.halter(['sessions', 'fork', from!, '--at', '3', '--json'])
    expect(code).toBe(0)
    const [fork] = jsonLines<{ sessionId: string }>(stdout)
    expect(fork).toEqual({ sessionId: expect.any(String) as string, from, at: 3 })
    const events = await eventsOf(at, fork!.sessionId)
    expect(events.slice(0, 3).map(({ type }) => type)).toEqual(before.slice(0, 3).map(({ type }) => type))
    expect(events[3]).toMatchObject({ type: 'session.forked', from, atSeq: 3 })
    expect(await eventsOf(at, from!)).toEqual(before)
    expect((await at.halter(['sessions', 'verify', '--all'])).code).toBe(0)
  })

  test('of all there is can be gone on with', async () => {
    const {
      at,
      ids: [from],
    } = await used('hello')
    const { stdout, stderr } = await at.halter(['sessions', 'fork', from!.slice(0, 20)])
    const id = stdout.trimEnd()
    expect(id).toMatch(/^[0-9a-f-]{36}$/)
    expect(stderr).toContain(`halter run --session ${id}`)
    const { code } = await at.halter(['run', ...model, '--session', id, 'And now?'])
    expect(code).toBe(0)
    expect((await sessionsOf(at)).map(({ turns }) => turns)).toEqual([2, 1])
  })

  test('at an event that is not there is refused with what there is', async () => {
    const {
      at,
      ids: [from],
    } = await used('hello')
    const { code, stdout, stderr } = await at.halter(['sessions', 'fork', from!, '--at', '900'])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/has events 1 to \d+/)
    expect(await sessionsOf(at)).toHaveLength(1)
  })
})

describe('repair', () => {
  test('of a healthy session has nothing to do', async () => {
    const {
      at,
      ids: [id],
    } = await used('hello')
    expect(await at.halter(['sessions', 'repair', id!])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: `Nothing is wrong with ${id}.\n`,
    })
    const { stdout } = await at.halter(['sessions', 'repair', id!, '--json'])
    expect(jsonLines(stdout)).toEqual([{ sessionId: null, from: id }])
  })

  test('of a damaged one is a new session with what is good, that can be gone on with', async () => {
    const {
      at,
      ids: [id],
    } = await used('hello')
    damage(
      at,
      `UPDATE events SET payload = replace(payload, 'hello', 'jello') WHERE seq > 2 AND payload LIKE '%hello%'`,
    )
    expect((await at.halter(['sessions', 'verify', id!])).code).toBe(1)
    const { code, stdout } = await at.halter(['sessions', 'repair', id!, '--json'])
    expect(code).toBe(0)
    const [repaired] = jsonLines<{ sessionId: string; at: number }>(stdout)
    expect(repaired).toMatchObject({ from: id, at: expect.any(Number) as number })
    expect((await at.halter(['sessions', 'verify', repaired!.sessionId])).code).toBe(0)
    expect((await at.halter(['run', ...model, '--session', repaired!.sessionId, 'Go on.'])).code).toBe(0)
  })

  test('of one that is not there says so', async () => {
    const { code, stderr } = await place().halter(['sessions', 'repair', 'ffff'])
    expect(code).toBe(2)
    expect(stderr).toContain('No session has the id ffff')
  })
})

describe('delete', () => {
  test('needs a yes: where nobody can be asked, --yes', async () => {
    const {
      at,
      ids: [id],
    } = await used('hello')
    const refused = await at.halter(['sessions', 'delete', id!])
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(refused.stderr).toContain('--yes')
    expect(await sessionsOf(at)).toHaveLength(1)
    expect(await at.halter(['sessions', 'delete', id!, '--yes'])).toMatchObject({
      code: 0,
      stdout: `${id}\n`,
    })
    expect(await sessionsOf(at)).toEqual([])
    expect((await at.halter(['sessions', 'show', id!])).code).toBe(2)
  })

  test('takes what a session has opened with it only when told to', async () => {
    const at = familyPlace()
    for (const prompt of ['one', 'two']) await at.halter(['run', prompt])
    const [first, second] = (await sessionsOf(at)).filter(({ parentId }) => parentId === undefined)
    await at.halter(['sessions', 'delete', first!.sessionId, '--yes'])
    const { stdout } = await at.halter([
      'sessions',
      'delete',
      second!.sessionId,
      '--yes',
      '--cascade',
      '--json',
    ])
    expect(jsonLines(stdout)).toEqual([
      { sessionId: second!.sessionId, deleted: true },
      { sessionId: expect.any(String) as string, deleted: true },
    ])
    expect((await sessionsOf(at)).map(({ parentId }) => parentId)).toEqual([first!.sessionId])
  })

  test('leaves forks whole', async () => {
    const {
      at,
      ids: [from],
    } = await used('hello')
    const fork = (await at.halter(['sessions', 'fork', from!])).stdout.trimEnd()
    const before = await eventsOf(at, fork)
    await at.halter(['sessions', 'delete', from!, '--yes'])
    expect(await eventsOf(at, fork)).toEqual(before)
    expect((await at.halter(['sessions', 'verify', '--all'])).stderr).toContain('1 checked, 0 with problems')
  })

  test('of a session that runs is refused', async () => {
    const at = place({ 'script.json': { replies: [{ text: ['begun ', 'ended'], delayMs: 1500 }] } })
    const running = at.start(['run', ...model, 'hello'])
    await running.shows('begun')
    const [session] = await sessionsOf(at)
    const { code, stderr } = await at.halter(['sessions', 'delete', session!.sessionId, '--yes'])
    expect(code).toBe(2)
    expect(stderr).toContain('is running')
    expect((await running.finished).code).toBe(0)
  })
})

describe('prune', () => {
  test('only tells what would go, until --yes', async () => {
    const { at, ids } = await used('three', 'two', 'one')
    const dry = await at.halter(['sessions', 'prune', '--keep', '1'])
    expect(dry.code).toBe(0)
    expect(dry.stdout).toContain(ids[1])
    expect(dry.stdout).toContain(ids[2])
    expect(dry.stdout).not.toContain(ids[0])
    expect(dry.stderr).toContain('2 sessions would be deleted')
    expect(await sessionsOf(at)).toHaveLength(3)
    const { stdout } = await at.halter(['sessions', 'prune', '--keep', '1', '--yes', '--json'])
    expect(jsonLines(stdout)).toMatchObject([
      { sessionId: ids[1], deleted: true },
      { sessionId: ids[2], deleted: true },
    ])
    expect((await sessionsOf(at)).map(({ sessionId }) => sessionId)).toEqual([ids[0]])
  })

  test('goes by age, and by both when both are given', async () => {
    const { at, ids } = await used('new')
    const day = 24 * 3_600_000
    const { stdout } = await at.halter(['sessions', 'export', ids[0]!])
    for (const [id, days] of [
      ['a-month', 31],
      ['a-week', 7],
    ] as const) {
      const old = stdout
        .replaceAll(ids[0]!, id)
        .replaceAll(/"at":(\d+)/g, (_, at: string) => `"at":${Number(at) - days * day}`)
      await at.halter(['sessions', 'import'], { stdin: old })
    }
    const going = async (...args: string[]): Promise<unknown[]> =>
      jsonLines((await at.halter(['sessions', 'prune', '--json', ...args])).stdout).map(
        ({ sessionId }) => sessionId,
      )
    expect(await going('--older-than', '30d')).toEqual(['a-month'])
    expect(await going('--older-than', '1w')).toEqual(['a-week', 'a-month'])
    expect(await going('--older-than', '150h', '--keep', '2')).toEqual(['a-month'])
    expect(await going('--older-than', '1w', '--keep', '3')).toEqual([])
    expect((await at.halter(['sessions', 'prune', '--older-than', '90d'])).stderr).toBe(
      'There is nothing to delete.\n',
    )
  })

  test('takes children with their parents, and leaves other folders alone with --here', async () => {
    const at = familyPlace()
    await at.halter(['run', 'one'])
    at.write('other/script.mjs', 'export default () => ({ text: "ok" })')
    await at.halter(['run', '--model', 'scripted/other/script.mjs', '--cwd', 'other', 'two'])
    await at.halter(['sessions', 'prune', '--keep', '0', '--here', '--yes'])
    expect(await sessionsOf(at)).toMatchObject([{ title: 'two' }])
  })

  test.each([
    [[], '--older-than 30d, --keep 100'],
    [['--older-than', '30'], 'a number with its unit'],
    [['--older-than', 'soon'], 'a number with its unit'],
  ])('%j is refused before anything is opened', async (args, message) => {
    const { code, stderr } = await place().halter(['sessions', 'prune', ...args])
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })
})

/** Changes the file of the sessions behind the store's back. */
function damage(at: Place, sql: string): void {
  const db = new DatabaseSync(join(at.home, 'sessions.db'))
  db.exec(sql)
  db.close()
}
