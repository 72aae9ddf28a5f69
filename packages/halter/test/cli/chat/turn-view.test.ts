import type { SessionEvent, StoredEvent, StoredEventType } from '@halter/protocol'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { TurnView } from '../../../src/cli/chat/turn-view.ts'

const base = { sessionId: 's', turnId: 't' }

function delta(text: string, offset: number, { part = 0, messageId = 'm' } = {}): SessionEvent {
  return { ...base, type: 'text.delta', messageId, part, offset, text }
}

function stored<T extends StoredEventType>(type: T, payload: object): StoredEvent<T> {
  return { ...base, seq: 1, at: 0, v: 1, type, ...payload } as unknown as StoredEvent<T>
}

function reply(texts: readonly string[], id = 'm'): SessionEvent {
  const parts = texts.map((text) => ({ kind: 'text', text }))
  return stored('message.appended', { message: { role: 'assistant', id, at: 0, parts, stopReason: 'end' } })
}

const started = (callId: string, command = 'ls'): SessionEvent =>
  stored('toolCall.started', { callId, name: 'shell', input: { command } })
const output = (callId: string, text: string): SessionEvent => ({
  ...base,
  type: 'toolOutput.delta',
  messageId: 'o',
  callId,
  part: 0,
  offset: 0,
  text,
})
const finished = (callId: string, outcome = 'ok', text = ''): SessionEvent =>
  stored('toolCall.finished', { callId, outcome, parts: text === '' ? [] : [{ kind: 'text', text }] })

/** What is printed, and what is live at the end. */
function show(events: readonly SessionEvent[]): { printed: string; live: string[] } {
  let printed = ''
  const view = new TurnView({
    width: 40,
    hasColours: false,
    print: (rows) => (printed += rows),
    paint: (text) => text,
  })
  for (const event of events) view.event(event)
  return { printed, live: view.liveRows() }
}

test('a row is live until it is full or ended, and then stays', () => {
  expect(show([delta('Hello wor', 0)])).toEqual({ printed: '', live: ['Hello'] })
  expect(show([delta('Hello wor', 0), delta('ld\nand', 9)])).toEqual({ printed: 'Hello world\n', live: [] })
  expect(show([delta('Hello wor', 0), reply(['Hello world'])])).toEqual({
    printed: 'Hello world\n',
    live: [],
  })
})

test('text that was lost on the way is made up for, and what comes twice is shown once', () => {
  const lagged: SessionEvent = { type: 'lagged', dropped: 1 }
  expect(show([delta('Hel', 0), lagged, delta('rld', 8), reply(['Hello world'])]).printed).toBe(
    'Hello world\n',
  )
  expect(show([delta('Hel', 0), delta('ello', 1), reply(['Hello'])]).printed).toBe('Hello\n')
  expect(show([reply(['never streamed'])]).printed).toBe('never streamed\n')
})

test('a reply that a hook changed after it was shown is shown again, and said to be', () => {
  const { printed } = show([delta('secret\n', 0), reply(['[removed]'])])
  expect(printed).toBe('secret\nThe reply was changed after it had been\nshown. It now is:\n[removed]\n')
})

test('a message that was broken off keeps what was shown, and the next one begins anew', () => {
  const { printed } = show([delta('half a', 0), delta('whole', 0, { messageId: 'n' }), reply(['whole'], 'n')])
  expect(printed).toBe('half a\nwhole\n')
})

test('calls side by side are live together, and each is printed when it has ended', () => {
  const events = [started('a', 'one'), started('b', 'two'), output('a', '1\n2\n3\n4\n'), output('b', 'x')]
  expect(show(events).live).toEqual(['● shell one', '  2', '  3', '  4', '● shell two', '  x'])
  const { printed, live } = show([...events, finished('b'), finished('a', 'error', '1\n2\n3\n4\nexit 1')])
  expect(printed).toBe('● shell two\n  x\n● shell one\n  1\n  2\n  3\n  4\n  error: exit 1\n')
  expect(live).toEqual([])
})

test('a call that showed nothing while it ran is summed up, and one that failed says why', () => {
  expect(show([started('a'), finished('a', 'ok', 'one\ntwo\n')]).printed).toBe('● shell ls\n  2 lines\n')
  expect(show([started('a'), finished('a', 'ok')]).printed).toBe('● shell ls\n  nothing\n')
  expect(show([finished('a', 'denied', 'not\ntoday')]).printed).toBe('  denied: not\n  today\n')
})

test('an empty row stands between text and calls', () => {
  const { printed } = show([
    reply(['before']),
    started('a'),
    output('a', 'x\n'),
    finished('a'),
    reply(['after'], 'n'),
  ])
  expect(printed).toBe('before\n\n● shell ls\n  x\n\nafter\n')
})

test('a prompt is shown again, and of a long one the beginning', () => {
  const prompt = (text: string): string =>
    show([stored('turn.started', { input: [{ kind: 'text', text }] })]).printed
  expect(prompt('one\ntwo')).toBe('\n› one\n  two\n\n')
  expect(prompt('x\n'.repeat(100)).split('\n').slice(-4)).toEqual(['  x', '  … 80 more lines', '', ''])
  expect(prompt('x'.repeat(1_000_000)).length).toBeLessThan(2_100)
})

test('whatever a model and its tools write, no control character gets through', () => {
  const text = fc.string({ unit: 'binary' })
  fc.assert(
    fc.property(text, text, text, (a, b, c) => {
      const input = [{ kind: 'text', text: c }]
      const { printed, live } = show([
        stored('turn.started', { input }),
        delta(a, 0),
        reply([a]),
        started('x', b),
        output('x', c),
        stored('warning.raised', { code: 'X', message: b }),
        finished('x', 'error', a),
        started('y', a),
        output('y', b),
      ])
      for (const shown of [printed.replaceAll('\n', ''), ...live])
        expect(/[\p{Cc}\u202A-\u202E\u2066-\u2069]/u.test(shown)).toBe(false)
    }),
  )
})
