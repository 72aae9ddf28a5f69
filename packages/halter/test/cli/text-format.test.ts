import type { SessionEvent, StoredEvent, StoredEventType } from '@halter/protocol'
import { expect, test } from 'vitest'
import { TextFormat } from '../../src/cli/text-format.ts'
import { readableOutput } from './terminal.ts'

const base = { sessionId: 's', turnId: 't', messageId: 'm' }

function text(text: string, offset: number, part = 0): SessionEvent {
  return { ...base, type: 'text.delta', part, offset, text }
}

function reply(...texts: string[]): SessionEvent {
  const parts = texts.map((each) => ({ kind: 'text' as const, text: each }))
  return stored('message.appended', {
    message: {
      role: 'assistant',
      id: 'm',
      at: 0,
      parts,
      stopReason: 'end',
      from: { provider: 'p', model: 'm' },
    },
  })
}

function stored<T extends StoredEventType>(type: T, payload: object): StoredEvent<T> {
  return { sessionId: 's', seq: 1, at: 0, v: 1, type, ...payload } as unknown as StoredEvent<T>
}

function show(events: readonly SessionEvent[], columns?: number): { stdout: string; stderr: string } {
  const { output, stdout, stderr } = readableOutput(columns)
  const format = new TextFormat(output)
  for (const event of events) format.event(event)
  return { stdout: stdout(), stderr: stderr() }
}

test('stdout gets the text as it comes, and the stored message adds nothing to it', () => {
  expect(show([text('Hel', 0), text('lo', 3), reply('Hello')])).toEqual({ stdout: 'Hello\n', stderr: '' })
})

test('text that was lost on the way is made up for by the stored message', () => {
  expect(
    show([text('Hel', 0), { type: 'lagged', dropped: 1 }, text('rld', 8), reply('Hello world')]).stdout,
  ).toBe('Hello world\n')
})

test('a piece that comes twice is written once', () => {
  expect(show([text('Hel', 0), text('ello', 1), reply('Hello')]).stdout).toBe('Hello\n')
})

test('a reply that a hook changed after it was shown is shown again, and said to be', () => {
  const { stdout, stderr } = show([text('secret', 0), reply('[removed]')])
  expect(stdout).toBe('secret\n[removed]\n')
  expect(stderr).toContain('was changed after it had been shown')
})

test('calls, their output and their failures go to stderr', () => {
  const { stdout, stderr } = show([
    stored('toolCall.started', { callId: 'c', name: 'shell', input: { command: 'ls' } }),
    { ...base, type: 'toolOutput.delta', callId: 'c', part: 0, offset: 0, text: 'a\n10%\r100%\nb' },
    stored('toolCall.finished', { callId: 'c', outcome: 'error', parts: [{ kind: 'text', text: 'exit 1' }] }),
  ])
  expect(stdout).toBe('')
  expect(stderr).toBe('● shell ls\n  a\n  100%\n  b\n  error: exit 1\n')
})

test('the output of one tool is bounded, and what is missing is counted', () => {
  const lines = Array.from({ length: 100_000 }, (_, index) => `line ${index}\n`).join('')
  const { stderr } = show([
    stored('toolCall.started', { callId: 'c', name: 'shell', input: {} }),
    { ...base, type: 'toolOutput.delta', callId: 'c', part: 0, offset: 0, text: lines },
    stored('toolCall.finished', { callId: 'c', outcome: 'ok', parts: [] }),
  ])
  expect(stderr.split('\n')).toHaveLength(23)
  expect(stderr).toContain('… 99980 more lines')
})

test('a line of output keeps to a row of the terminal', () => {
  const long = {
    ...base,
    type: 'toolOutput.delta' as const,
    callId: 'c',
    part: 0,
    offset: 0,
    text: `${'x'.repeat(300)}\n`,
  }
  for (const [columns, width] of [
    [40, 39],
    [undefined, 162],
  ] as const)
    expect(
      show(
        [stored('toolCall.started', { callId: 'c', name: 'shell', input: {} }), long],
        columns,
      ).stderr.split('\n')[1],
    ).toHaveLength(width)
})

test('on one terminal talk never lands in the middle of a line of the answer', () => {
  const { stdout } = show(
    [text('Let me look', 0), stored('toolCall.started', { callId: 'c', name: 'ls', input: {} })],
    80,
  )
  expect(stdout).toBe('Let me look\n')
})

test('what a model writes cannot drive the terminal, and reaches a pipe as it is', () => {
  const evil = 'x\u001B]0;title\u0007'
  expect(show([text(evil, 0)], 80).stdout).toBe('x␛]0;title␇')
  expect(show([text(evil, 0)]).stdout).toBe(evil)
})
