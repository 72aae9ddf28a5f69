import type { Message } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { renderConversation } from '../src/render-conversation.ts'

describe('a conversation as text', () => {
  test('says who wrote what, and what was not text', () => {
    const from = { provider: 'p', model: 'm' }
    const messages: Message[] = [
      {
        role: 'user',
        id: '1',
        at: 0,
        parts: [
          { kind: 'text', text: 'look' },
          { kind: 'image', mediaType: 'image/png', data: 'AAAA' },
        ],
      },
      {
        role: 'assistant',
        id: '2',
        at: 0,
        stopReason: 'tool-calls',
        from,
        parts: [
          { kind: 'thinking', text: 'secret thoughts', signature: 's' },
          { kind: 'native', provider: 'p', data: {}, fallbackText: 'searched the web' },
          { kind: 'toolCall', callId: 'c', name: 'read', malformed: '{"a' },
        ],
      },
      {
        role: 'tool',
        id: '3',
        at: 0,
        callId: 'c',
        name: 'read',
        isError: true,
        parts: [{ kind: 'json', value: { a: 1 } }],
      },
      { role: 'user', id: '4', at: 0, origin: 'hook', parts: [{ kind: 'text', text: 'psst' }] },
    ]
    expect(renderConversation(messages, { maxLength: 10_000 })).toBe(
      [
        '[1. user, 23 characters]\nlook\n(image, image/png)',
        '[2. assistant, 36 characters]\nsearched the web\ncalls read with {"a',
        '[3. result of read, failed, 7 characters]\n{"a":1}',
        '[4. note (hook), 4 characters]\npsst',
      ].join('\n\n'),
    )
  })

  test('long results lose their middle, and say how much', () => {
    const text = renderConversation([result('b'.repeat(20_000))], { maxLength: 100_000 })
    expect(text).toMatch(
      /^\[1\. result of read, 80\d\d characters\]\nb+\n\[… 12000 characters left out …\]\nb+$/,
    )
  })

  test('what a person said is kept whole as long as results can give way', () => {
    const words = 'w'.repeat(5000)
    const text = renderConversation(
      [user(words), ...Array.from({ length: 20 }, () => result('r'.repeat(9000)))],
      { maxLength: 20_000 },
    )
    expect(text).toContain(words)
    expect(text.length).toBeLessThanOrEqual(20_000)
  })

  test('what is left out leaves a line that says who it was', () => {
    const messages = [user('look'), result('a'), result('b')]
    const text = renderConversation(messages, { maxLength: 1000, leftOut: new Set([messages[1]!]) })
    expect(text).toBe(
      '[1. user, 4 characters]\nlook\n\n[2. result of read, left out]\n\n[3. result of read, 1 characters]\nb',
    )
  })

  test('when even that is too long, the middle of all goes', () => {
    const text = renderConversation([user(`begin${'x'.repeat(50_000)}end`)], { maxLength: 3000 })
    expect(text.length).toBeLessThan(3100)
    expect(text).toMatch(/begin.*characters left out.*end$/s)
  })
})

function user(text: string): Message {
  return { role: 'user', id: 'u', at: 0, parts: [{ kind: 'text', text }] }
}

function result(text: string): Message {
  return {
    role: 'tool',
    id: 't',
    at: 0,
    callId: 'c',
    name: 'read',
    isError: false,
    parts: [{ kind: 'text', text }],
  }
}
