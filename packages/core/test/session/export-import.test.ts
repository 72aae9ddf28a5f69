import { TestStore } from '@halter/core/testing'
import type { StoredEvent } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { byPrompt, spawns } from './support/children.ts'
import { startRuntime } from './support/runtime.ts'
import { logOf } from './support/sound.ts'
import { noneSpawned, spawning } from './support/spawning.ts'
import { summariser } from './support/summariser.ts'

/** The lines of an export, as somebody else reads them. */
async function* lines(text: string): AsyncGenerator<string> {
  for (const line of text.split('\n')) yield line
}

/** A parent of two children, one of which has one itself. */
async function family() {
  const { runtime, store } = await startRuntime({
    script: byPrompt({
      lead: [
        { toolCalls: [spawns('dig'), spawns('ask')], thinking: 'hm' },
        { text: 'both are done \u0000 \ud800' },
      ],
      dig: [{ toolCalls: [spawns('deeper')] }, { text: 'dug' }],
      deeper: [{ text: 'found' }],
      ask: [{ text: 'asked' }],
    }),
  })
  const session = await runtime.newSession({
    tools: [spawning(noneSpawned())],
    title: 'family',
    metadata: { a: 'b' },
  })
  await session.submitTurn('lead').orThrow()
  const text = await exported(runtime, session.id)
  return { runtime, store, session, text }
}

async function exported(
  runtime: Awaited<ReturnType<typeof startRuntime>>['runtime'],
  id: string,
): Promise<string> {
  return (await Array.fromAsync(runtime.exportSession(id))).join('')
}

describe('an export', () => {
  test('holds the session and its descendants, each after a header of its own', async () => {
    const { runtime, session, text } = await family()
    const values = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as StoredEvent & { readonly head?: number })
    const headers = values.filter(({ type }) => (type as string) === 'export.header')
    expect(headers.map(({ sessionId }) => sessionId)).toEqual([
      session.id,
      'session-2',
      'session-4',
      'session-3',
    ])
    let at = 0
    for (const { sessionId, head } of headers) {
      expect(values.slice(at + 1, at + 1 + head!)).toEqual(await logOf(runtime, sessionId))
      at += 1 + head!
    }
    expect(at).toBe(values.length)
  })

  test('imported into another runtime gives the same sessions and the same export', async () => {
    const { runtime: first, session, text } = await family()
    const { runtime, store } = await startRuntime({ script: [{ text: 'and on' }] })
    const ids = await runtime.importSessions(lines(text))
    expect(ids).toEqual([session.id, 'session-2', 'session-4', 'session-3'])
    for (const id of ids) {
      expect(await logOf(runtime, id)).toEqual(await logOf(first, id))
      expect((await store.load(id))!.summary).toEqual(
        (await first.listSessions()).sessions.find((each) => each.sessionId === id),
      )
    }
    expect(await exported(runtime, session.id)).toBe(text)
    const again = (await runtime.resume(session.id))!
    expect(again.state).toMatchObject({ title: 'family', turns: 1, metadata: { a: 'b' } })
    expect(await again.submitTurn('more').result).toMatchObject({ text: 'and on' })
  })

  test('is the same whether or not usage came after the last change of the list', async () => {
    const { runtime } = await startRuntime({
      script: () => ({ text: 'a' }),
      plugins: [summariser()],
    })
    const session = await runtime.newSession()
    for (const prompt of ['a', 'b']) await session.submitTurn(prompt).orThrow()
    expect(await session.compact()).toBeDefined()
    expect((await logOf(runtime, session.id)).slice(-2).map(({ type }) => type)).toEqual([
      'usage.recorded',
      'compaction.applied',
    ])
    const text = await exported(runtime, session.id)
    const other = await startRuntime()
    await other.runtime.importSessions(lines(text))
    expect(await exported(other.runtime, session.id)).toBe(text)
  })

  test('of a session that somebody works in ends at an event, and is whole', async () => {
    const { runtime } = await startRuntime({ script: () => ({ text: 'x' }) })
    const session = await runtime.newSession()
    await session.submitTurn('a').orThrow()
    const parts: string[] = []
    for await (const line of session.export()) {
      parts.push(line)
      if (parts.length === 2) await session.submitTurn('b').orThrow()
    }
    const other = await startRuntime()
    expect(await other.runtime.importSessions(lines(parts.join('')))).toEqual([session.id])
    expect(await logOf(other.runtime, session.id)).toEqual((await logOf(runtime, session.id)).slice(0, 6))
  })

  test('of a session that nobody knows is refused', async () => {
    const { runtime } = await startRuntime()
    await expect(exported(runtime, 'nobody')).rejects.toMatchObject({ code: 'ERR_SESSION_UNKNOWN' })
  })
})

describe('an import', () => {
  const header = (sessionId: string, head: number): string =>
    JSON.stringify({ type: 'export.header', v: 1, sessionId, head })

  /** The lines of a whole export of one session `session-1`, with its header. */
  async function whole(): Promise<string[]> {
    const { runtime } = await startRuntime({ script: [{ text: 'x' }] })
    const session = await runtime.newSession()
    await session.submitTurn('a').orThrow()
    return (await exported(runtime, session.id)).trim().split('\n')
  }

  const edit = (line: string, change: object): string =>
    JSON.stringify({ ...(JSON.parse(line) as object), ...change })
  const blob = { kind: 'blob', sha256: 'a'.repeat(64), bytes: 9, of: { kind: 'text' } }

  test.each<[string, (lines: string[]) => string[], number, RegExp]>([
    ['is no JSON', (all) => all.with(3, '{"cut'), 4, /not a JSON object/],
    ['is no object', (all) => all.with(3, '7'), 4, /not a JSON object/],
    ['is a list', (all) => all.with(3, '[]'), 4, /not an event/],
    ['stands before any header', (all) => all.slice(1), 1, /header/],
    ['is a header of another version', (all) => all.with(0, edit(all[0]!, { v: 2 })), 1, /version 2/],
    ['is a header without a head', (all) => all.with(0, edit(all[0]!, { head: 'six' })), 1, /header/],
    ['is a header of no events', (all) => [header('empty', 0), ...all], 1, /head of 1 or more/],
    ['leaves a gap', (all) => all.toSpliced(3, 1), 4, /seq 4 stands where 3 should/],
    ['comes twice', (all) => all.toSpliced(3, 0, all[2]!), 4, /seq 2 stands where 3 should/],
    [
      'belongs to another session',
      (all) => all.with(2, edit(all[2]!, { sessionId: 'other' })),
      3,
      /session other, not to session-1/,
    ],
    ['is of an unknown type', (all) => all.with(3, edit(all[3]!, { type: 'weather.changed' })), 4, /weather/],
    ['is of a newer version', (all) => all.with(3, edit(all[3]!, { v: 2 })), 4, /version 2.*Update halter/],
    ['has a key too many', (all) => all.with(3, edit(all[3]!, { extra: 1 })), 4, /extra/],
    ['lacks a key', (all) => all.with(2, edit(all[2]!, { turnId: undefined })), 3, /turnId/],
    [
      'refers to a large part that is elsewhere',
      (all) => all.with(2, edit(all[2]!, { input: [blob] })),
      3,
      /large part/,
    ],
    [
      'begins a session with something else',
      (all) => [header('session-1', 1), edit(all[2]!, { seq: 1 })],
      2,
      /session\.started/,
    ],
    ['is missing at the end', (all) => all.slice(0, -1), 6, /should have 6 events and has 5/],
    ['is missing before the next', (all) => [...all.slice(0, -1), header('next', 1)], 7, /has 5.*cut off/],
    ['is one too many', (all) => all.with(0, edit(all[0]!, { head: 4 })), 6, /should have 4 events/],
  ])(
    'with a line that %s is refused, naming the line, and stores nothing',
    async (_what, damage, line, why) => {
      const damaged = damage(await whole())
      const { runtime, store } = await startRuntime()
      await expect(runtime.importSessions(lines(damaged.join('\n')))).rejects.toMatchObject({
        code: 'ERR_SESSION_INPUT',
        message: expect.stringMatching(new RegExp(`^Line ${line} of the export .*${why.source}`)) as string,
      })
      expect((await store.list()).sessions).toEqual([])
    },
  )

  test('of a session that is there already is refused, and changes nothing', async () => {
    const { runtime, session, text } = await family()
    const before = await logOf(runtime, session.id)
    await expect(runtime.importSessions(lines(text))).rejects.toMatchObject({ code: 'ERR_SESSION_EXISTS' })
    expect(await logOf(runtime, session.id)).toEqual(before)
  })

  test('keeps the sessions before the one that is broken', async () => {
    const { session, text } = await family()
    const { runtime, store } = await startRuntime()
    const all = text.trim().split('\n')
    await expect(runtime.importSessions(lines(all.slice(0, -1).join('\n')))).rejects.toMatchObject({
      code: 'ERR_SESSION_INPUT',
      message: expect.stringMatching(/cut off\. Stored before that: /) as string,
      data: { stored: expect.arrayContaining([session.id]) as string[] },
    })
    const stored = (await store.list()).sessions.map(({ sessionId }) => sessionId)
    expect(stored).toContain(session.id)
    expect(stored).not.toContain('session-3')
  })

  test('passes over blank lines, and of nothing is nothing', async () => {
    const all = await whole()
    const { runtime } = await startRuntime({ store: new TestStore() })
    expect(await runtime.importSessions(lines(''))).toEqual([])
    expect(await runtime.importSessions(lines(`\n${all.join('\n\n')}\r\n`))).toEqual(['session-1'])
  })
})
