import {
  appendFileSync,
  chmodSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { JsonlSink } from '@halter/plugin-sink-jsonl'
import { MemorySessionStore } from '@halter/plugin-memory-store'
import type { StoredEvent } from '@halter/protocol'
import { sampleEvents, sampleSession } from '@halter/testkit'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { eventsOf, linesOf, never, openSink, scratchFolder, tracesIn } from './traces.ts'

describe('a trace', () => {
  test('is a header and a line per event, in a file of its own that only its owner can read', async () => {
    const dir = join(scratchFolder(), 'deep', 'traces')
    const sink = await openSink(dir)
    const { sessionId, events } = sampleSession({ texts: ['one', 'two'] })
    await sink.write(events, never)
    expect(tracesIn(dir)).toEqual([`${sessionId}.jsonl`])
    const path = join(dir, `${sessionId}.jsonl`)
    expect(linesOf(path)).toEqual([{ type: 'trace.session', v: 1, sessionId }, ...events])
    if (process.platform === 'win32') return
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(join(dir, '.lock')).mode & 0o777).toBe(0o600)
    expect(statSync(dir).mode & 0o777).toBe(0o700)
  })

  test('has the sessions that its session has opened, each behind a header that names its parent', async () => {
    const dir = scratchFolder()
    const root = sampleSession()
    const child = sampleSession({ parentId: root.sessionId })
    const grandchild = sampleSession({ parentId: child.sessionId })
    const stranger = sampleSession()
    const sink = await openSink(dir)
    await sink.write(
      [root, child, stranger, grandchild].flatMap(({ events }) => events),
      never,
    )
    expect(tracesIn(dir)).toEqual([`${root.sessionId}.jsonl`, `${stranger.sessionId}.jsonl`].toSorted())
    expect(linesOf(join(dir, `${root.sessionId}.jsonl`))).toEqual([
      { type: 'trace.session', v: 1, sessionId: root.sessionId },
      ...root.events,
      { type: 'trace.session', v: 1, sessionId: child.sessionId, parentId: root.sessionId },
      ...child.events,
      { type: 'trace.session', v: 1, sessionId: grandchild.sessionId, parentId: child.sessionId },
      ...grandchild.events,
    ])
  })

  test('finds the family of sessions that began before the sink did, by the store', async () => {
    const dir = scratchFolder()
    const store = new MemorySessionStore()
    const root = sampleSession()
    const child = sampleSession({ parentId: root.sessionId })
    for (const session of [root, child]) await store.create(session)
    const sink = await openSink(dir, (id) => store.load(id))
    await sink.write(sampleEvents(child.sessionId, 1, ['late']), never)
    expect(tracesIn(dir)).toEqual([`${root.sessionId}.jsonl`])
  })

  test('of sessions that are each other’s parents ends somewhere', async () => {
    const dir = scratchFolder()
    const [one, other] = [
      sampleSession({ sessionId: 'one', parentId: 'other' }),
      sampleSession({ sessionId: 'other', parentId: 'one' }),
    ]
    const sink = await openSink(dir)
    await sink.write([...one.events, ...other.events], never)
    const written = tracesIn(dir).flatMap((name) => eventsOf(join(dir, name)))
    expect(written).toHaveLength(2)
  })

  test.each([
    '../../etc/passwd',
    '/etc/passwd',
    '..',
    '.',
    '',
    'a/b',
    'a\\b',
    'a\u0000b',
    'C:x',
    'x'.repeat(5000),
    '\ud800',
    '\udfff',
    'ä ö',
    '.lock',
  ])('of a session called %j stays in the folder, and in a file of its own', async (sessionId) => {
    const dir = scratchFolder()
    const sink = await openSink(join(dir, 'traces'))
    const hostile = sampleSession({ sessionId })
    const harmless = sampleSession({ sessionId: sessionId.replace(/[^\w-]/g, '_').slice(0, 50) || '_' })
    await sink.write([...hostile.events, ...harmless.events], never)
    await sink.write([...hostile.events, ...harmless.events], never)
    const names = tracesIn(join(dir, 'traces'))
    expect(names).toHaveLength(2)
    for (const name of names) expect(name).toMatch(/^[\w-]{1,130}\.jsonl$/)
    expect(names.map((name) => eventsOf(join(dir, 'traces', name)))).toContainEqual(hostile.events)
    expect(tracesIn(dir)).toEqual([])
  })
})

describe('what a file has is not written again', () => {
  test('by the same sink, by a new one, and by two at once', async () => {
    const dir = scratchFolder()
    const { sessionId, events } = sampleSession({ texts: ['one', 'two', 'three'] })
    const sinks = [await openSink(dir), await openSink(dir)]
    for (let round = 0; round < 3; round++) await sinks[0]!.write(events.slice(0, 3), never)
    await Promise.all(sinks.map((sink) => sink.write(events, never)))
    await Promise.all(sinks.map((sink) => sink.write(events, never)))
    expect(eventsOf(join(dir, `${sessionId}.jsonl`))).toEqual(events)
  })

  test('whatever is cut off its end, and wherever a new sink begins again', async () => {
    const root = sampleSession({ texts: ['ä', 'b'.repeat(300), '漢'] })
    const child = sampleSession({ parentId: root.sessionId, texts: ['c', 'd'] })
    const events = [...root.events, ...child.events, ...sampleEvents(root.sessionId, 4, ['last'])]
    const whole = await traceOf(events)
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length), fc.nat(events.length), async (cut, from) => {
        const dir = scratchFolder()
        const path = join(dir, `${root.sessionId}.jsonl`)
        writeFileSync(path, whole.subarray(0, cut))
        const store = new MemorySessionStore()
        for (const session of [root, child]) await store.create(session)
        const sink = await JsonlSink.open({ dir, load: (id) => store.load(id) })
        // The cursor is never ahead of the file, but it may be behind it by any number of events.
        const known = linesBefore(whole, cut).filter((line) => !line.includes('trace.session')).length
        for (const event of events.slice(Math.min(from, known))) await sink.write([event], never)
        sink.close()
        expect(readFileSync(path).equals(whole)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  test('and half a line is cut off before the next one', async () => {
    const dir = scratchFolder()
    const { sessionId, events } = sampleSession({ texts: ['one', 'two'] })
    const path = join(dir, `${sessionId}.jsonl`)
    const first = await openSink(dir)
    await first.write(events.slice(0, 2), never)
    appendFileSync(path, JSON.stringify(events[2]).slice(0, 40))
    await first.write(events.slice(1), never)
    expect(eventsOf(path)).toEqual(events)
  })

  test('and lines of somebody else are left alone', async () => {
    const dir = scratchFolder()
    const { sessionId, events } = sampleSession({ texts: ['one'] })
    const path = join(dir, `${sessionId}.jsonl`)
    writeFileSync(path, '# a note\n{"sessionId":7}\n')
    const sink = await openSink(dir)
    await sink.write(events, never)
    await sink.write(events, never)
    expect(readFileSync(path, 'utf8').split('\n').slice(0, 2)).toEqual(['# a note', '{"sessionId":7}'])
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(2 + 1 + events.length + 1)
  })
})

test('a trace that is taken away, or the whole folder, begins anew', async () => {
  const dir = join(scratchFolder(), 'traces')
  const { sessionId, events } = sampleSession({ texts: ['one', 'two'] })
  const path = join(dir, `${sessionId}.jsonl`)
  const sink = await openSink(dir)
  await sink.write(events.slice(0, 1), never)
  rmSync(path)
  await sink.write(events.slice(1, 2), never)
  expect(eventsOf(path)).toEqual(events.slice(1, 2))
  rmSync(dir, { recursive: true })
  await expect(sink.write(events.slice(2), never)).rejects.toThrow() // the runtime tries again
  await sink.write(events.slice(2), never)
  expect(eventsOf(path)).toEqual(events.slice(2))
})

test('a trace that was moved away, and begun anew by another process, is read from its beginning', async () => {
  const dir = scratchFolder()
  const { sessionId, events } = sampleSession({ texts: ['one', 'x'.repeat(2000), 'three'] })
  const path = join(dir, `${sessionId}.jsonl`)
  const [sink, other] = [await openSink(dir), await openSink(dir)]
  await sink.write(events.slice(0, 2), never)
  renameSync(path, `${path}.1`)
  await other.write(events.slice(2, 3), never)
  await sink.write(events.slice(2), never)
  expect(eventsOf(path)).toEqual(events.slice(2))
})

test('a batch of many megabytes is written in pieces, and whole', async () => {
  const dir = scratchFolder()
  const { sessionId, events } = sampleSession({
    texts: Array.from({ length: 30 }, (_, index) => `${index}`.repeat(200_000)),
  })
  const sink = await openSink(dir)
  await sink.write(events, never)
  await sink.write(events, never)
  expect(eventsOf(join(dir, `${sessionId}.jsonl`))).toEqual(events)
})

test('no file stays open between two writes, however many sessions there are', async () => {
  const dir = scratchFolder()
  const sink = await openSink(dir)
  await sink.write(sampleSession().events, never)
  const before = openFiles()
  await sink.write(
    Array.from({ length: 1500 }, () => sampleSession()).flatMap(({ events }) => events),
    never,
  )
  expect(openFiles()).toBe(before)
  expect(tracesIn(dir)).toHaveLength(1501)
})

test('a lock that somebody else holds is waited for, until the signal says that it was too long', async () => {
  const dir = scratchFolder()
  const { DatabaseSync } = await import('node:sqlite')
  const { sessionId, events } = sampleSession()
  const sink = await openSink(dir)
  const other = new DatabaseSync(join(dir, '.lock'))
  other.exec('BEGIN IMMEDIATE')
  await expect(sink.write(events, AbortSignal.timeout(50))).rejects.toThrow()
  const writing = sink.write(events, never)
  setTimeout(() => other.close(), 50)
  await writing
  expect(eventsOf(join(dir, `${sessionId}.jsonl`))).toEqual(events)
})

describe('a folder that cannot be', () => {
  test.each(['file', 'file/below'])('is refused when the sink is made: %s', async (dir) => {
    const folder = scratchFolder()
    writeFileSync(join(folder, 'file'), '')
    await expect(openSink(join(folder, dir))).rejects.toMatchObject({
      code: 'ERR_PLUGIN_CONFIG',
      message: expect.stringContaining(join(folder, dir)) as string,
    })
  })

  test.skipIf(process.getuid?.() === 0)('or that cannot be written', async () => {
    const folder = scratchFolder()
    chmodSync(folder, 0o500)
    await expect(openSink(folder)).rejects.toMatchObject({ code: 'ERR_PLUGIN_CONFIG' })
  })
})

async function traceOf(events: readonly StoredEvent[]): Promise<Buffer> {
  const dir = scratchFolder()
  const sink = await openSink(dir)
  for (const event of events) await sink.write([event], never)
  return readFileSync(join(dir, tracesIn(dir)[0]!))
}

function linesBefore(whole: Buffer, cut: number): string[] {
  const text = whole.subarray(0, cut).toString('latin1')
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1)
}

function openFiles(): number {
  return process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0
}
