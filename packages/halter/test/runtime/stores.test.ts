import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SessionStore } from '@halter/core'
import { createTestRuntime } from '@halter/core/testing'
import { MemorySessionStore } from '@halter/plugin-memory-store'
import { SqliteSessionStore } from '@halter/plugin-sqlite-store'
import { fold, isStored, type SessionEvent, type SessionState, type StoredEvent } from '@halter/protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import { echo, playScenario } from './scenario.ts'

const stores: Readonly<Record<string, () => Promise<SessionStore>>> = {
  memory: async () => new MemorySessionStore(),
  sqlite: () => openSqlite(scratch()),
}

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'halter-stores-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'sessions.db')
}

async function openSqlite(path: string): Promise<SqliteSessionStore> {
  const store = await SqliteSessionStore.open({ path, durability: 'process' })
  onTestFinished(() => store.close())
  return store
}

function logOf(session: { replay(): AsyncIterable<StoredEvent> }): Promise<StoredEvent[]> {
  return Array.fromAsync(session.replay())
}

/** What a state says, as plain data. */
function stateOf({
  transcript,
  openCalls,
  usage,
  title,
  metadata,
  head,
  lastTurn,
  seqs,
  anchor,
}: SessionState) {
  return {
    messages: [...transcript],
    openCalls: [...openCalls],
    usage,
    title,
    metadata,
    head,
    lastTurn,
    seqs,
    anchor,
  }
}

test('promise 20: the same session is the same log in every store, NUL, surrogates and large parts included', async () => {
  const logs: string[] = []
  for (const open of Object.values(stores)) {
    const { runtime, session } = await playScenario(await open())
    logs.push((await logOf(session)).map((event) => JSON.stringify(event)).join('\n'))
    expect((await runtime.verify(session.id)).problems).toEqual([])
    await runtime.shutdown()
  }
  expect(logs[0]).toBe(logs[1])
  expect(logs[0]!.split('\n').length).toBeGreaterThan(20)
})

describe.each(Object.entries(stores))('on %s', (_name, open) => {
  test('promise 6: the fold of the log is the state, live and after a resume', async () => {
    const store = await open()
    const { runtime, session } = await playScenario(store)
    const live = stateOf(session.state)
    expect(live).toEqual(stateOf(fold(await logOf(session))))
    await runtime.shutdown()
    const second = await createTestRuntime({ store, script: [{ text: 'and on' }] })
    const resumed = (await second.runtime.resume('scenario', { tools: [echo] }))!
    const { head, ...rest } = live
    expect(stateOf(resumed.state)).toEqual({ ...rest, head: head + 1 })
    expect(await resumed.submitTurn('more').result).toMatchObject({ status: 'completed', text: 'and on' })
    expect(stateOf(resumed.state)).toEqual(stateOf(fold(await logOf(resumed))))
    await second.runtime.shutdown()
  })

  test('promise 29: a slow reader with a small buffer gets every stored event once and in order', async () => {
    const store = await open()
    const { runtime } = await createTestRuntime({
      store,
      script: Array.from({ length: 6 }, (_, turn) => ({
        text: Array.from({ length: 50 }, (_, n) => `${turn}.${n} `),
      })),
    })
    const session = await runtime.newSession()
    const seen: SessionEvent[] = []
    const reading = (async () => {
      for await (const event of session.events({ live: true, capacity: 3 })) {
        seen.push(event)
        if (seen.length % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
      }
    })()
    for (let turn = 0; turn < 6; turn++) await session.submitTurn('go').result
    await session.shutdown()
    await reading
    expect(seen.filter(isStored)).toEqual(await Array.fromAsync(runtime.replay(session.id)))
    expect(seen.some(({ type }) => type === 'lagged')).toBe(true)
    await runtime.shutdown()
  })

  test('a fork at any event resumes, and leaves its parent alone', async () => {
    const store = await open()
    const { runtime, session } = await playScenario(store)
    const log = await logOf(session)
    for (let at = 1; at <= log.length; at += 3) {
      const fork = await session.fork({ at })
      const events = await logOf(fork)
      expect(events.slice(0, at).map(({ type, seq }) => [type, seq])).toEqual(
        log.slice(0, at).map(({ type, seq }) => [type, seq]),
      )
      expect(stateOf(fork.state)).toEqual(stateOf(fold(events)))
      expect(fork.state.turn).toBeUndefined()
      expect((await runtime.verify(fork.id)).problems).toEqual([])
      await fork.detach()
    }
    expect(await logOf(session)).toEqual(log)
    await runtime.shutdown()
  })

  test('many sessions at once each have a log of their own', async () => {
    const { runtime } = await createTestRuntime({
      store: await open(),
      script: ({ messages }) =>
        messages.length === 1
          ? {
              toolCalls: [
                { name: 'echo', id: 'a' },
                { name: 'echo', id: 'b' },
              ],
            }
          : { text: 'done' },
    })
    const sessions = await Promise.all(
      Array.from({ length: 25 }, () => runtime.newSession({ tools: [echo] })),
    )
    const results = await Promise.all(sessions.map((session) => session.submitTurn('go').result))
    expect(results.every(({ status }) => status === 'completed')).toBe(true)
    for (const session of sessions)
      expect(stateOf(session.state)).toEqual(stateOf(fold(await logOf(session))))
    await runtime.shutdown()
  })

  test('interrupts at random moments leave logs that are whole', async () => {
    const { runtime } = await createTestRuntime({
      store: await open(),
      timeouts: { interruptGrace: 20 },
      script: ({ messages }) =>
        messages.at(-1)!.role === 'user'
          ? { text: ['a', 'b'], toolCalls: [{ name: 'echo', id: `c${messages.length}` }] }
          : { text: 'done' },
    })
    const session = await runtime.newSession({ tools: [echo] })
    for (let round = 0; round < 30; round++) {
      const turn = session.submitTurn('go')
      for (let wait = 0; wait < round; wait++) await new Promise((resolve) => setImmediate(resolve))
      await session.interrupt()
      await turn.result
    }
    expect((await runtime.verify(session.id)).problems).toEqual([])
    expect(stateOf(session.state)).toEqual(stateOf(fold(await logOf(session))))
    await runtime.shutdown()
  })
})
