import type { SessionSummary } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { eventsOf, sessionsOf } from './families.ts'
import { place, type Place, type Running } from './halter.ts'

/** Says something else at each prompt; the prompt "slowly" takes two seconds more than the others. */
const files = {
  'script.mjs': `
    export default ({ messages }) => {
      const prompt = messages.at(-1).parts[0].text
      return { text: ['begun ', 'answer to ' + prompt], delayMs: prompt === 'slowly' ? 2000 : 0 }
    }`,
}
const model = ['--model', 'scripted/script.mjs']

/** A place with a session, in which a turn is running. */
async function running(): Promise<{ at: Place; running: Running; session: SessionSummary }> {
  const at = place(files)
  await at.halter(['run', ...model, 'first'])
  const turn = at.start(['run', ...model, '--continue', 'slowly'])
  await turn.shows('begun')
  const [session] = await sessionsOf(at)
  expect(session).toMatchObject({ status: 'running' })
  return { at, running: turn, session: session! }
}

describe('a session that another process holds', () => {
  test('is refused, by the process that has it', async () => {
    const { at, running: holder, session } = await running()
    const { code, stdout, stderr } = await at.halter(['run', ...model, '--session', session.sessionId, 'too'])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('ERR_SESSION_LEASED')
    expect(stderr).toContain(String(holder.child.pid))
    expect((await holder.finished).code).toBe(0)
  })

  test('is taken with --steal, and whoever had it can write no more', async () => {
    const { at, running: holder, session } = await running()
    const { code, stdout } = await at.halter([
      'run',
      ...model,
      '--session',
      session.sessionId,
      '--steal',
      'mine',
    ])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'begun answer to mine\n' })
    expect((await holder.finished).code).toBe(1)
    const events = await eventsOf(at, session.sessionId)
    expect(events.at(-1)).toMatchObject({ type: 'turn.completed' })
    expect(JSON.stringify(events)).not.toContain('answer to slowly')
    expect((await at.halter(['sessions', 'verify', '--all'])).code).toBe(0)
  })
})

describe('a turn that a killed process left open', () => {
  async function killed(): Promise<{ at: Place; session: SessionSummary }> {
    const { at, running: turn, session } = await running()
    turn.child.kill('SIGKILL')
    await turn.finished
    expect(await sessionsOf(at, '--status', 'interrupted')).toHaveLength(1)
    return { at, session }
  }

  test('is closed as crashed, unless something else is asked for', async () => {
    const { at, session } = await killed()
    const { code } = await at.halter(['run', ...model, '--session', session.sessionId, 'next'])
    expect(code).toBe(0)
    const events = await eventsOf(at, session.sessionId)
    expect(events.map(({ type }) => type).slice(-9)).toContain('session.resumed')
    expect(events).toContainEqual(expect.objectContaining({ type: 'turn.failed', reason: 'crashed' }))
  })

  test('is gone on with by --interrupted continue, before the new prompt is answered', async () => {
    const { at, session } = await killed()
    const { code, stdout } = await at.halter([
      'run',
      ...model,
      '--session',
      session.sessionId,
      '--interrupted',
      'continue',
      'next',
    ])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'begun answer to next\n' })
    const events = await eventsOf(at, session.sessionId)
    expect(events.filter(({ type }) => type === 'turn.failed')).toEqual([])
    const said = events.flatMap((event) =>
      event.type === 'message.appended' && event.message.role === 'assistant' ? [event.message.parts] : [],
    )
    expect(JSON.stringify(said)).toMatch(/answer to first.*answer to slowly.*answer to next/)
  })
})

test.each([
  [['--steal'], 'are about a session to go on with'],
  [['--interrupted', 'continue'], 'are about a session to go on with'],
  [['--continue', '--interrupted', 'resume'], 'one of close, continue'],
])('%j without a session, or as something else, is refused', async (args, message) => {
  const { code, stderr } = await place().halter(['run', ...args, 'hi'])
  expect(code).toBe(2)
  expect(stderr).toContain(message)
})
