import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { SqliteSessionStore } from '@halter/plugin-sqlite-store'
import type { StoredEvent } from '@halter/protocol'
import { describe, expect, onTestFinished, test } from 'vitest'

const at = (specifier: string): string => JSON.stringify(import.meta.resolve(specifier))

/** Where two processes meet: a database, and a file to which the tool writes each time that it runs. */
interface Place {
  readonly database: string
  readonly effects: string
}

function place(): Place {
  const folder = mkdtempSync(join(tmpdir(), 'halter-approvals-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return { database: join(folder, 'sessions.db'), effects: join(folder, 'effects.txt') }
}

/** A program with a runtime over the database, a tool that needs a yes, and `body`. */
function program({ database, effects }: Place, body: string): string {
  return `
    import { appendFileSync } from 'node:fs'
    import { defineTool, jsonSchema } from ${at('@halter/core')}
    import { createTestRuntime } from ${at('@halter/core/testing')}
    import { SqliteSessionStore } from ${at('@halter/plugin-sqlite-store')}
    const store = await SqliteSessionStore.open({ path: ${JSON.stringify(database)} })
    const effects = ${JSON.stringify(effects)}
    const deploy = defineTool({
      name: 'deploy', description: 'deploys', input: jsonSchema({ type: 'object' }), effects: 'unsafe', concurrency: 'exclusive',
      needsApproval: () => ({ reason: 'it deploys', scope: 'deploy' }),
      execute: () => { appendFileSync(effects, process.pid + '\\n'); return 'deployed' },
    })
    const script = ({ messages }) =>
      messages.at(-1).role === 'user' ? { toolCalls: [{ name: 'deploy', id: 'd', input: { to: 'moon' } }] } : { text: 'done' }
    const { runtime } = await createTestRuntime({ store, script })
    const tools = [deploy]
    const say = (line) => console.log(line)
    ${body}`
}

const ASKER = `
  const session = await runtime.newSession({ sessionId: 'shared', tools, approve: 'wait' })
  runtime.events.listen((event) => { if (event.type === 'approval.requested') say('asked ' + event.callId) })
  session.submitTurn('go')
  setInterval(() => {}, 1000)`

const ended = `
  while (session.state.turn) await new Promise((resolve) => setTimeout(resolve, 5))
  say('ended ' + session.state.lastTurn.reason)
  await session.detach(); await runtime.shutdown(); await store.close()`

function start(body: string, where: Place): ChildProcess & { readonly lines: AsyncIterator<string> } {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program(where, body)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return Object.assign(child, { lines: createInterface(child.stdout)[Symbol.asyncIterator]() })
}

/** Runs to the end; what it said. */
async function run(body: string, where: Place): Promise<readonly string[]> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program(where, body)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  expect(code).toBe(0)
  return said.trim().split('\n')
}

/** A process that asks, and is killed while it waits. */
async function askAndDie(where: Place): Promise<void> {
  const asker = start(ASKER, where)
  expect((await asker.lines.next()).value).toBe('asked d')
  const exit = once(asker, 'exit')
  asker.kill('SIGKILL')
  await exit
}

async function logIn({ database }: Place): Promise<readonly StoredEvent[]> {
  const store = await SqliteSessionStore.open({ path: database })
  try {
    return await Array.fromAsync(store.replay('shared'))
  } finally {
    await store.close()
  }
}

function effectsIn({ effects }: Place): number {
  try {
    return readFileSync(effects, 'utf8').trim().split('\n').length
  } catch {
    return 0
  }
}

const outcomes = (log: readonly StoredEvent[]): readonly string[] =>
  log.flatMap((event) => {
    if (event.type === 'toolCall.finished') return [event.outcome]
    if (event.type === 'approval.resolved') return [`${event.answer} by ${event.by}`]
    return event.type === 'approval.requested' ? ['asked'] : []
  })

describe('a call that one process asks about and another answers', () => {
  test('runs once, after the asker was killed; the question was stored, and is asked once', async () => {
    const where = place()
    await askAndDie(where)
    const lines = await run(
      `const session = await runtime.resume('shared', { tools, approve: 'wait', interrupted: 'continue' })
      say('open ' + session.approvals.list().map(({ callId, input }) => callId + JSON.stringify(input)))
      await new Promise((resolve) => setTimeout(resolve, 100)) // the turn waits for the answer by now
      await session.approvals.resolve('d', 'once')
      ${ended}`,
      where,
    )
    expect(lines).toEqual(['open d{"to":"moon"}', 'ended stop'])
    expect(outcomes(await logIn(where))).toEqual(['asked', 'once by user', 'ok'])
    expect(effectsIn(where)).toBe(1)
  })

  test('is answered even before the resumed turn got to its question', async () => {
    const where = place()
    await askAndDie(where)
    const lines = await run(
      `const guard = Promise.withResolvers()
      const hooks = { 'toolCall.guard': () => guard.promise }
      const session = await runtime.resume('shared', { tools, hooks, interrupted: 'continue' })
      await session.approvals.resolve('d', 'deny', 'too late')
      guard.resolve()
      ${ended}`,
      where,
    )
    expect(lines).toEqual(['ended stop'])
    expect(outcomes(await logIn(where))).toEqual(['asked', 'deny by user', 'denied'])
    expect(effectsIn(where)).toBe(0)
  })

  test('keeps an answer whose process was killed before the call ran', async () => {
    const where = place()
    await askAndDie(where)
    const answering = start(
      `const hooks = { 'toolCall.guard': () => new Promise(() => {}) }
      const session = await runtime.resume('shared', { tools, hooks, interrupted: 'continue' })
      await session.approvals.resolve('d', 'once')
      say('answered')
      setInterval(() => {}, 1000)`,
      where,
    )
    expect((await answering.lines.next()).value).toBe('answered')
    const exit = once(answering, 'exit')
    answering.kill('SIGKILL')
    await exit
    const lines = await run(
      `const session = await runtime.resume('shared', { tools, approve: 'wait', interrupted: 'continue' })
      ${ended}`,
      where,
    )
    expect(lines).toEqual(['ended stop'])
    expect(outcomes(await logIn(where))).toEqual(['asked', 'once by user', 'ok'])
    expect(effectsIn(where)).toBe(1)
  })

  test('is handed over by detach: the asker lives on, and holds nothing of the session', async () => {
    const where = place()
    const asker = start(
      `const session = await runtime.newSession({ sessionId: 'shared', tools, approve: 'wait' })
      const turn = session.submitTurn('go')
      while (session.approvals.list().length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      await session.detach()
      say('left ' + runtime.describe().openSessions)
      setInterval(() => {}, 1000)`,
      where,
    )
    expect((await asker.lines.next()).value).toBe('left 0')
    const lines = await run(
      `const session = await runtime.resume('shared', { tools, approve: () => 'once', interrupted: 'continue' })
      ${ended}`,
      where,
    )
    expect(lines).toEqual(['ended stop'])
    expect(outcomes(await logIn(where))).toEqual(['asked', 'once by user', 'ok'])
  })

  test('with the default of a resume is not run: the question is answered as not started', async () => {
    const where = place()
    await askAndDie(where)
    const lines = await run(
      `const session = await runtime.resume('shared', { tools })
      say('open ' + session.approvals.list().length)
      ${ended}`,
      where,
    )
    expect(lines).toEqual(['open 0', 'ended crashed'])
    expect(outcomes(await logIn(where))).toEqual(['asked', 'not-started'])
    expect(effectsIn(where)).toBe(0)
  })
})
