import type { Message } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { scoreMessage, type Signal } from '../src/score-message.ts'

describe('row 69: how much a message says', () => {
  test.each<[string, Signal, Message]>([
    ['a prompt', 'anchor', user({})],
    ['what was steered in', 'anchor', user({ origin: 'steer' })],
    ['what a hook put in', 'high', user({ origin: 'hook' })],
    ['an earlier summary', 'very-high', user({ origin: 'compaction' })],
    ['text of the model', 'very-high', assistant({ kind: 'text', text: 'so' }, call)],
    ['a thought of the model', 'very-high', assistant({ kind: 'thinking', text: 'hm' }, call)],
    ['a bare call', 'normal', assistant(call)],
    ['a call beside empty text', 'normal', assistant({ kind: 'text', text: '' }, call)],
    ['an empty reply', 'normal', assistant()],
    ['a failed result, whatever it says', 'low', tool({ isError: true })],
    ['a failed result of read', 'low', tool({ isError: true, name: 'read' })],
    ['an empty result', 'very-low', tool({ parts: [] })],
    ['a result of read', 'high', tool({ name: 'read' })],
    ['any other result', 'normal', tool({})],
  ])('%s is %s', (_, signal, message) => {
    expect(scoreMessage(message)).toBe(signal)
  })
})

const call = { kind: 'toolCall', callId: 'c', name: 'grep', input: {} } as const

function user(more: Partial<Message & { role: 'user' }>): Message {
  return { role: 'user', id: 'u', at: 0, parts: [{ kind: 'text', text: 'hello' }], ...more }
}

function assistant(...parts: (Message & { role: 'assistant' })['parts'][number][]): Message {
  return { role: 'assistant', id: 'a', at: 0, parts, stopReason: 'end', from: { provider: 'p', model: 'm' } }
}

function tool(more: Partial<Message & { role: 'tool' }>): Message {
  const parts = [{ kind: 'text' as const, text: 'found' }]
  return { role: 'tool', id: 't', at: 0, callId: 'c', name: 'grep', parts, isError: false, ...more }
}
