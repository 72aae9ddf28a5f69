import type { SessionHooks, ToolOutput } from '@halter/core'
import { TestStore, type TestRuntime } from '@halter/core/testing'
import { textOf, type StoredEvent, type UserPart } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { BlobStore } from './support/blob-store.ts'
import { until } from './support/gates.ts'
import { openRuntime, restart, startRuntime } from './support/runtime.ts'
import { bringing, KeepingSink } from './support/sinks.ts'
import { logOf } from './support/sound.ts'
import { tool } from './support/tools.ts'

const LIMIT = 16 * 1024
const long = 'lorem ipsum \u0000 '.repeat(LIMIT / 10)
const picture = { kind: 'image', mediaType: 'image/png', data: 'A'.repeat(LIMIT + 4) } as const
const paper = {
  kind: 'document',
  mediaType: 'application/pdf',
  name: 'a.pdf',
  data: 'B'.repeat(LIMIT + 4),
} as const
const result: ToolOutput = { parts: [{ kind: 'text', text: long }, picture] }

/** A session that was shown a text, a picture and a paper, and whose tool has shown the first two again. */
async function shown(
  store = new BlobStore(),
  more: Parameters<typeof startRuntime>[0] = {},
  open = startRuntime,
) {
  const test = await open({
    store,
    script: [{ toolCalls: [{ name: 'show' }] }, { text: 'seen' }, { text: 'again' }],
    ...more,
  })
  const session = await test.runtime.newSession({ tools: [tool('show', () => result)] })
  const live: StoredEvent[] = []
  test.runtime.events.listen((event) => 'seq' in event && live.push(event))
  await session.submitTurn([{ kind: 'text', text: long }, picture, paper]).orThrow()
  return { ...test, store, session, live }
}

/** Kinds of the parts of the first user message of a log, and of its first tool result. */
function partsIn(log: readonly StoredEvent[]) {
  const [message] = log.filter((event) => event.type === 'message.appended')
  const [finished] = log.filter((event) => event.type === 'toolCall.finished')
  return { shown: message!.message.parts, answered: finished!.parts }
}

describe('parts over 16 KiB', () => {
  test('are stored once each, however often they come, and referred to', async () => {
    const { store } = await shown()
    expect(new Set(store.kept.values())).toEqual(new Set([long, picture.data, paper.data]))
    const { shown: stored, answered } = partsIn(store.stored)
    expect(stored).toMatchObject([
      { kind: 'blob', bytes: Buffer.byteLength(long), of: { kind: 'text' } },
      { kind: 'blob', bytes: LIMIT + 4, of: { kind: 'image', mediaType: 'image/png' } },
      { kind: 'blob', of: { kind: 'document', mediaType: 'application/pdf', name: 'a.pdf' } },
    ])
    expect(answered).toEqual(stored.slice(0, 2))
    expect(JSON.stringify(store.stored).length).toBeLessThan(LIMIT)
    const [start] = store.stored.filter((event) => event.type === 'turn.started')
    expect(start!.input).toEqual(stored)
  })

  test('are whole for the model, in live events and in every replay', async () => {
    const { runtime, provider, session, live } = await shown()
    const whole = { shown: [{ kind: 'text', text: long }, picture, paper], answered: result.parts }
    expect(provider.requests[1]!.messages.at(0)!.parts).toEqual(whole.shown)
    expect(provider.requests[1]!.messages.at(2)!.parts).toEqual(whole.answered)
    expect(partsIn(live)).toEqual(whole)
    expect(partsIn(await logOf(runtime, session.id))).toEqual(whole)
    expect(partsIn((await Array.fromAsync(session.events())) as StoredEvent[])).toEqual(whole)
    expect(JSON.parse((await Array.fromAsync(session.export()))[2]!)).toMatchObject({ input: whole.shown })
  })

  test('are whole for a reader that fell behind, and for one who comes late', async () => {
    const { session } = await shown()
    const events: StoredEvent[] = []
    for await (const event of session.events({ live: true, capacity: 1 })) {
      events.push(event as StoredEvent)
      if (event.type === 'turn.completed') break
    }
    expect(partsIn(events).shown).toMatchObject([{ text: long }, picture, paper])
  })

  test('are whole after a resume, and in a fork', async () => {
    const first = await shown()
    const { runtime, provider } = await restart(first, { script: () => ({ text: 'x' }) })
    const session = (await runtime.resume(first.session.id))!
    const fork = await session.fork({ at: 6 })
    for (const each of [session, fork]) {
      expect(each.state.transcript.at(0)!.parts).toEqual([{ kind: 'text', text: long }, picture, paper])
      await each.submitTurn('go on').orThrow()
      expect(provider.requests.at(-1)!.messages.at(0)!.parts).toMatchObject([{ text: long }, picture, paper])
    }
    expect(first.store.kept.size).toBe(3)
  })

  test('are whole for sinks', async () => {
    const sink = new KeepingSink('keeper', { from: 'start' })
    await shown(new BlobStore(), { plugins: [bringing('keeper', [sink])] })
    await until(() => sink.types.includes('turn.completed'))
    expect(partsIn(sink.events)).toEqual({
      shown: [{ kind: 'text', text: long }, picture, paper],
      answered: result.parts,
    })
  })

  test('may hold what is no text for everybody', async () => {
    const odd = `${'\ud800'.repeat(LIMIT + 1)}\u0000`
    const first = await startRuntime({ store: new BlobStore(), script: () => ({ text: 'x' }) })
    const session = await first.runtime.newSession()
    await session.submitTurn(odd).orThrow()
    const { runtime } = await restart(first)
    expect((await runtime.resume(session.id))!.state.transcript.at(0)!.parts).toEqual([
      { kind: 'text', text: odd },
    ])
  })
})

test.each([
  ['stays', LIMIT, 0],
  ['goes', LIMIT + 1, 1],
])('a part %s where it is when it has %i characters', async (_what, length, blobs) => {
  const store = new BlobStore()
  const { runtime } = await startRuntime({ store, script: () => ({ text: 'x' }) })
  const session = await runtime.newSession()
  await session.submitTurn('a'.repeat(length)).orThrow()
  expect(store.kept.size).toBe(blobs)
})

describe('a large part that is gone', () => {
  async function withoutPaper(): Promise<TestRuntime & { readonly id: string }> {
    const { store, runtime: first, session } = await shown(new BlobStore(), {}, openRuntime)
    await first.shutdown()
    for (const [hash, content] of store.kept) if (content === paper.data) store.kept.delete(hash)
    return { ...(await openRuntime({ store, script: () => ({ text: 'fine' }) })), id: session.id }
  }

  test('is damage: it names session, place and hash, and harms no other session', async () => {
    const { runtime, id } = await withoutPaper()
    const damaged = {
      code: 'ERR_SESSION_DAMAGED',
      message: expect.stringMatching(/Session session-1, seq 2: .*sha256 [0-9a-f]{64}/) as string,
      data: { seq: 2 },
    }
    await expect(runtime.resume(id)).rejects.toMatchObject(damaged)
    await expect(logOf(runtime, id)).rejects.toMatchObject(damaged)
    expect((await runtime.verify(id)).problems).toMatchObject([{ seq: 2 }])
    const other = await runtime.newSession()
    expect(await other.submitTurn('a').result).toMatchObject({ text: 'fine' })
    await runtime.shutdown()
  })

  test('does not keep what comes before it from being repaired', async () => {
    const { runtime, id } = await withoutPaper()
    const fork = (await runtime.repairSession(id))!
    expect(await fork.submitTurn('a').result).toMatchObject({ text: 'fine' })
    expect(fork.state.transcript).toHaveLength(2)
    await runtime.shutdown()
  })
})

describe('a part that the caller says is elsewhere', () => {
  const blob: UserPart = { kind: 'blob', sha256: 'a'.repeat(64), bytes: 9, of: { kind: 'text' } }

  test.each([
    ['prompt', {}],
    ['steered input', { whenBusy: 'steer' as const }],
  ])('is refused in a %s: no replay could show it', async (_what, options) => {
    const { runtime, store, session } = await shown()
    const turn = session.submitTurn([blob as never], options)
    expect(await turn.result).toMatchObject({ status: 'rejected', error: { code: 'ERR_SESSION_INPUT' } })
    expect((await runtime.verify(session.id)).problems).toEqual([])
    expect(JSON.stringify(store.stored)).not.toContain(blob.sha256)
  })

  test('is refused from hooks: the turn fails, or the model hears of it', async () => {
    const store = new BlobStore()
    const { runtime } = await startRuntime({
      store,
      script: [{ toolCalls: [{ name: 'show' }] }, { text: 'x' }],
    })
    const hooks: SessionHooks = {
      'prompt.transform': (draft) => (textOf(draft) === 'bad' ? { ...draft, parts: [blob] } : draft),
      'toolResult.transform': (given) => ({ ...given, parts: [blob as never] }),
    }
    const session = await runtime.newSession({ tools: [tool('show', () => 'x')], hooks })
    expect(await session.submitTurn('bad').result).toMatchObject({ error: { code: 'ERR_SESSION_INPUT' } })
    expect(await session.submitTurn('good').result).toMatchObject({ status: 'completed' })
    expect(session.state.transcript.at(-2)).toMatchObject({
      role: 'tool',
      isError: true,
      parts: [{ text: expect.stringContaining('kind "blob"') as string }],
    })
    expect(JSON.stringify(store.stored)).not.toContain(`"kind":"blob","sha256":"${blob.sha256}"`)
  })
})

test('a store without blobs keeps large parts where they are', async () => {
  const store = new TestStore()
  const { runtime } = await startRuntime({ store, script: () => ({ text: 'x' }) })
  const session = await runtime.newSession()
  await session.submitTurn([{ kind: 'text', text: long }, picture]).orThrow()
  const stored = await Array.fromAsync(store.replay(session.id))
  expect(stored.find((event) => event.type === 'turn.started')!.input).toEqual([
    { kind: 'text', text: long },
    picture,
  ])
  expect(await logOf(runtime, session.id)).toEqual(stored)
})
