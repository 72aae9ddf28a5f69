import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SessionRuntime } from '@halter/core'
import type { StoredEvent } from '@halter/protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openTraced } from './open-traced.ts'
import { eventsOf, linesOf, scratchFolder, tracesIn } from './traces.ts'

/** Every stored event in the order of the commits. */
async function stored(runtime: SessionRuntime): Promise<StoredEvent[]> {
  const { sessions } = await runtime.listSessions({ limit: 1000 })
  const logs = await Promise.all(sessions.map(({ sessionId }) => Array.fromAsync(runtime.replay(sessionId))))
  return logs.flat()
}

/** Compares all traces with the store: each event of each session once, in order, with its root. Returns how many there are. */
async function expectTracesToEqualTheStore(folder: string): Promise<number> {
  const { runtime } = await openTraced(folder, { dir: join(folder, 'traces') })
  await runtime.shutdown() // delivers whatever was still missing
  const { runtime: reader } = await openTraced(folder)
  const { sessions } = await reader.listSessions({ limit: 1000 })
  const events = await stored(reader)
  await reader.shutdown()
  const parents = new Map(sessions.map(({ sessionId, parentId }) => [sessionId, parentId]))
  const roots = sessions.filter(({ parentId }) => parentId === undefined).map(({ sessionId }) => sessionId)
  const dir = join(folder, 'traces')
  expect(tracesIn(dir)).toEqual(roots.map((id) => `${id}.jsonl`).toSorted())
  for (const root of roots) {
    const path = join(dir, `${root}.jsonl`)
    const members = sessions.filter(({ sessionId, parentId }) => sessionId === root || parentId === root)
    for (const { sessionId } of members)
      expect(eventsOf(path, sessionId)).toEqual(events.filter((event) => event.sessionId === sessionId))
    const headers = linesOf(path).filter(({ type }) => type === 'trace.session')
    expect(headers).toHaveLength(members.length)
    expect(headers.every((line) => parents.has(line.sessionId))).toBe(true)
  }
  return events.length
}

test('a trace has its session and the children that it opened, in the order in which things happened', async () => {
  const folder = scratchFolder()
  const { runtime } = await openTraced(folder, { dir: join(folder, 'traces') })
  const session = await runtime.newSession()
  await session.submitTurn('Ask a child.').orThrow()
  await runtime.shutdown()
  const lines = linesOf(join(folder, 'traces', `${session.id}.jsonl`))
  const order = [
    'subagent.spawned',
    'session.started',
    'turn.completed',
    'subagent.settled',
    'turn.completed',
  ]
  const types: string[] = lines.map(({ type }) => type)
  let from = types.indexOf('turn.started')
  for (const type of order) {
    from = types.indexOf(type, from + 1)
    expect(from, type).not.toBe(-1)
  }
  await expectTracesToEqualTheStore(folder)
})

test('a folder that is a file stops the start, by the name of the plugin and of the file', async () => {
  const folder = scratchFolder()
  writeFileSync(join(folder, 'traces'), '')
  await expect(openTraced(folder, { dir: join(folder, 'traces') })).rejects.toMatchObject({
    code: 'ERR_PLUGIN_SETUP',
    plugin: '@halter/plugin-sink-jsonl',
    message: expect.stringContaining(join(folder, 'traces')) as string,
  })
})

describe('with processes', () => {
  test('that are killed again and again, nothing is missing and nothing is there twice', async () => {
    const folder = scratchFolder()
    for (let round = 0; round < 8; round++) {
      const child = start(folder, '0')
      await firstLine(child)
      await new Promise((resolve) => setTimeout(resolve, 40 + 37 * round))
      child.kill('SIGKILL')
      await once(child, 'close')
    }
    expect(await expectTracesToEqualTheStore(folder)).toBeGreaterThan(100)
  }, 60_000)

  test('that run at the same time, nothing is missing and nothing is there twice', async () => {
    const folder = scratchFolder()
    const children = [
      start(folder, '15'),
      start(folder, '15'),
      start(folder, '15'),
      start(folder, '15', 'none'),
    ]
    await Promise.all(children.map((child) => once(child, 'close')))
    expect(await expectTracesToEqualTheStore(folder)).toBeGreaterThan(15 * 4 * 10)
  }, 60_000)
})

function start(folder: string, turns: string, sink = 'sink'): ChildProcess {
  const program = join(import.meta.dirname, 'children/run-turns.ts')
  const child = spawn(process.execPath, [program, folder, turns, sink], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  child.stdout.resume()
  return child
}

async function firstLine(child: ChildProcess): Promise<void> {
  await once(child.stdout!, 'data')
}
