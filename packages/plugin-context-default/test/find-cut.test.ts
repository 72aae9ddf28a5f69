import type { Message } from '@halter/protocol'
import { expect, test } from 'vitest'
import { findCut } from '../src/find-cut.ts'

test('a call whose result comes only after the newest prompt stays with it', () => {
  const messages: Message[] = [
    user('first'),
    reply('a'),
    result('a'),
    reply('b', 'c'),
    result('c'),
    user('newest'),
    result('b'),
  ]
  expect(findCut(messages)).toBe(3)
})

test('without a prompt there is nothing to cut', () => {
  expect(findCut([])).toBe(0)
  expect(findCut([reply('a'), result('a')])).toBe(0)
})

function user(text: string): Message {
  return { role: 'user', id: text, at: 0, parts: [{ kind: 'text', text }] }
}

function reply(...calls: string[]): Message {
  const parts = calls.map((callId) => ({ kind: 'toolCall' as const, callId, name: 'read', input: {} }))
  return {
    role: 'assistant',
    id: calls.join(),
    at: 0,
    parts,
    stopReason: 'tool-calls',
    from: { provider: 'p', model: 'm' },
  }
}

function result(callId: string): Message {
  return { role: 'tool', id: `${callId}-result`, at: 0, callId, name: 'read', parts: [], isError: false }
}
