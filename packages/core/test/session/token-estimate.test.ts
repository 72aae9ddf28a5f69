import { EVENT_VERSIONS, SessionFold, type PendingEvent } from '@halter/protocol'
import { messageTokens, TokenEstimate } from '@halter/core/testing'
import { describe, expect, test } from 'vitest'

describe('row 66: the rule of thumb', () => {
  test.each([
    ['', 0],
    ['four', 1],
    ['ten chars.', 2],
    ['x'.repeat(37), 10],
  ])('%o is %d tokens', (text, tokens) => {
    expect(messageTokens(user(text))).toBe(tokens)
  })

  test('W-18: pictures and documents count', () => {
    const picture = { kind: 'image' as const, mediaType: 'image/png', data: 'AAAA' }
    expect(messageTokens({ ...user('four'), parts: [picture, { kind: 'text', text: 'four' }] })).toBe(1501)
  })

  test('another one takes its place', () => {
    expect(messageTokens(user('ten chars.'), (piece) => (typeof piece === 'string' ? piece.length : 0))).toBe(
      10,
    )
  })
})

describe('row 67: the newest usable report counts', () => {
  test('before any, everything is estimated, the schemas of the tools too', () => {
    const session = new Log()
    session.say('x'.repeat(370))
    const tools = [{ name: 'read', description: 'Reads.', inputSchema: { type: 'object' } }]
    const size = new TokenEstimate().size(session.state, tools)
    expect(size).toEqual({
      tokens: 100 + Math.floor((JSON.stringify(tools).length * 10) / 37),
      estimatedFrom: 0,
    })
  })

  test('after one, only what came later is estimated', () => {
    const session = new Log()
    session.say('hello')
    session.reply('x'.repeat(37))
    session.say('x'.repeat(370))
    expect(new TokenEstimate().size(session.state, [])).toEqual({ tokens: 5000 + 100, estimatedFrom: 2 })
  })

  test('a report of nothing is none, nor is that of a reply which was cut off; the one before still counts', () => {
    const estimate = new TokenEstimate()
    const session = new Log()
    session.say('hello')
    session.reply('hi')
    expect(estimate.size(session.state, []).estimatedFrom).toBe(2)
    const from = { provider: 'p', model: 'm' }
    const usage = { turnId: 't', purpose: 'turn', model: 'm' }
    session.say('again')
    const parts = [{ kind: 'text' as const, text: 'I was say' }]
    const half = {
      role: 'assistant' as const,
      id: 'half',
      at: 0,
      parts,
      stopReason: 'interrupted' as const,
      from,
    }
    session.append({ type: 'message.appended', turnId: 't', message: half })
    session.append({ type: 'usage.recorded', ...usage, usage: { inputTokens: 9, outputTokens: 1 } })
    expect(estimate.size(session.state, [])).toEqual({ tokens: 5000 + 1 + 2, estimatedFrom: 2 })
    const whole = { ...half, id: 'whole', stopReason: 'end' as const }
    session.append({ type: 'message.appended', turnId: 't', message: whole })
    session.append({ type: 'usage.recorded', ...usage, usage: { inputTokens: 0, outputTokens: 0 } })
    expect(estimate.size(session.state, []).estimatedFrom).toBe(2)
  })

  test('row 76: a compaction ends it, and the size that this led to holds until the next', () => {
    const estimate = new TokenEstimate()
    const session = new Log()
    session.say('hello')
    session.reply('hi')
    session.say('and?')
    expect(estimate.size(session.state, []).tokens).toBeGreaterThan(5000)
    const outcome = {
      trigger: 'auto' as const,
      droppedSeqs: [{ from: 2, to: 4 }],
      summary: 'S',
      tokensBefore: 5001,
    }
    session.append({ type: 'compaction.applied', ...outcome, tokensAfter: 700 })
    estimate.compacted(session.state, 700)
    expect(estimate.size(session.state, []).tokens).toBe(700)
    session.say('x'.repeat(37))
    expect(estimate.size(session.state, [])).toEqual({ tokens: 710, estimatedFrom: 2 })
    session.reply('yes')
    expect(estimate.size(session.state, [])).toEqual({ tokens: 5000, estimatedFrom: 4 })
    expect(new TokenEstimate().size(session.state, []).tokens).toBe(5000)
  })
})

test('a session without events has no size', () => {
  expect(new TokenEstimate().size(new SessionFold(), [])).toEqual({ tokens: 0, estimatedFrom: 0 })
})

/** A session of which every report says 5,000 tokens. */
class Log {
  readonly state = new SessionFold()

  constructor() {
    const blueprint = { sessionId: 's', depth: 0, model: 'm', workingDir: '/', limits: {}, metadata: {} }
    this.append({ type: 'session.started', blueprint })
  }

  append(event: PendingEvent): void {
    const seq = this.state.head + 1
    this.state.apply({ sessionId: 's', seq, at: seq, v: EVENT_VERSIONS[event.type], ...event })
  }

  say(text: string): void {
    this.append({ type: 'message.appended', turnId: 't', message: user(text) })
  }

  reply(text: string): void {
    const parts = [{ kind: 'text' as const, text }]
    const from = { provider: 'p', model: 'm' }
    const message = { role: 'assistant' as const, id: 'a', at: 0, parts, stopReason: 'end' as const, from }
    this.append({ type: 'message.appended', turnId: 't', message })
    const usage = { inputTokens: 5000 - 10, outputTokens: 10 }
    this.append({ type: 'usage.recorded', turnId: 't', purpose: 'turn', model: 'm', usage })
  }
}

function user(text: string) {
  return { role: 'user' as const, id: 'u', at: 0, parts: [{ kind: 'text' as const, text }] }
}
