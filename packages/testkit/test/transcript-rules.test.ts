import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fold, type AssistantPart, type Message, type UserPart } from '@halter/protocol'
import { arbitraryLog, arbitraryPrefix } from '../../protocol/test/support/arbitrary-log.ts'
import { extendLog, repairOf } from '../../protocol/test/support/play-log.ts'
import { checkTranscript, MODEL_APIS, type ModelApi, type TranscriptRule } from '../src/transcript-rules.ts'

const png = { kind: 'image', mediaType: 'image/png', data: '' } as const
const signed = { kind: 'thinking', text: 'hm', signature: 'c2ln' } as const
const blob = { kind: 'blob', sha256: '0'.repeat(64), bytes: 1, of: { kind: 'text' } } as const
const talk = [user('hi'), reply('a', 'b'), result('a'), result('b'), user('more'), said('done')]

describe('what every API takes', () => {
  test.each<[string, readonly Message[]]>([
    ['nothing', []],
    ['a prompt', [user('hi')]],
    ['a prompt of a picture', [user(png)]],
    ['talk with tools', talk],
    ['several turns', [...talk, user('next'), reply('c'), result('c')]],
    ['a prompt after another, when no reply came', [user('hi'), user('still there?'), said('yes')]],
    [
      'a reply that thinks, speaks and calls',
      [user('hi'), assistant(signed, text('let me see'), call('a')), result('a')],
    ],
    [
      'unsigned thinking, which is left out',
      [user('hi'), assistant({ kind: 'thinking', text: 'hm' }, text('yes'))],
    ],
    ['blank text beside a call', [user('hi'), assistant(text(' \n'), call('a')), result('a')]],
    ['another provider’s item that has words', [user(native('earlier: …')), said('go on')]],
  ])('%s', (_, messages) => {
    expect(checkTranscript(messages)).toEqual([])
  })
})

describe('what every API refuses', () => {
  test.each<[string, TranscriptRule, number, readonly Message[]]>([
    ['a call that is never answered', 'call-without-result', 1, [user('hi'), reply('a')]],
    [
      'a call of several without answer',
      'call-without-result',
      1,
      [user('hi'), reply('a', 'b'), result('b'), user('x')],
    ],
    ['a result without a call', 'result-without-call', 1, [user('hi'), result('a')]],
    ['a result twice', 'result-twice', 3, [user('hi'), reply('a'), result('a'), result('a')]],
    ['one id for two calls of a reply', 'call-id-twice', 1, [user('hi'), reply('a', 'a'), result('a')]],
    ['a reply of nothing', 'empty-message', 1, [user('hi'), assistant()]],
    ['a reply of blank text', 'empty-message', 1, [user('hi'), said(' \n\t')]],
    [
      'a reply of unsigned thinking',
      'empty-message',
      1,
      [user('hi'), assistant({ kind: 'thinking', text: 'hm' })],
    ],
    ['a prompt of nothing', 'empty-message', 0, [user()]],
    ['a wordless item of another provider', 'empty-message', 0, [user(native(''))]],
    ['a reference in place of a prompt', 'blob-not-loaded', 0, [user(blob)]],
    [
      'a reference in place of a result',
      'blob-not-loaded',
      2,
      [user('hi'), reply('a'), { ...result('a'), parts: [blob] }],
    ],
  ])('%s', (_, rule, index, messages) => {
    for (const api of MODEL_APIS)
      expect(checkTranscript(messages, [api])).toContainEqual(expect.objectContaining({ api, rule, index }))
  })
})

describe('what some APIs refuse', () => {
  test.each<[string, TranscriptRule, number, readonly ModelApi[], readonly Message[]]>([
    ['a reply that comes first', 'first-not-user', 0, ['anthropic-messages', 'gemini'], [said('hello')]],
    [
      'input between a call and its result',
      'result-not-first',
      3,
      ['anthropic-messages', 'gemini'],
      [user('hi'), reply('a'), user('wait'), result('a')],
    ],
    [
      'input between a call and its result',
      'result-without-call',
      3,
      ['openai-chat'],
      [user('hi'), reply('a'), user('wait'), result('a')],
    ],
    [
      'another reply between a call and its result',
      'result-without-call',
      5,
      ['anthropic-messages', 'openai-chat', 'gemini'],
      [user('hi'), reply('a'), user('x'), said('y'), user('z'), result('a')],
    ],
    [
      'one id for calls of two replies',
      'call-id-twice',
      3,
      ['anthropic-messages', 'openai-responses'],
      [user('hi'), reply('a'), result('a'), reply('a'), result('a')],
    ],
    [
      'an id with a dot',
      'call-id-malformed',
      1,
      ['anthropic-messages'],
      [user('hi'), reply('a.b'), result('a.b')],
    ],
    [
      'thinking at the end',
      'thinking-last',
      1,
      ['anthropic-messages'],
      [user('hi'), assistant(text('x'), signed)],
    ],
    [
      'thinking alone',
      'empty-message',
      1,
      ['openai-chat', 'openai-responses', 'gemini'],
      [user('hi'), assistant(signed)],
    ],
    [
      'calls right after a reply',
      'call-not-after-user',
      2,
      ['gemini'],
      [user('hi'), said('one moment'), reply('a'), result('a')],
    ],
    [
      'results out of order',
      'result-order',
      1,
      ['gemini'],
      [user('hi'), assistant(call('a', 'read'), call('b', 'list')), result('b', 'list'), result('a', 'read')],
    ],
  ])('%s: %s', (_, rule, index, refusing, messages) => {
    for (const api of MODEL_APIS) {
      const found = checkTranscript(messages, [api]).filter((problem) => problem.rule === rule)
      expect(found.map((problem) => problem.index)).toEqual(refusing.includes(api) ? [index] : [])
    }
  })
})

test('a problem names the API, the rule, the message and the call', () => {
  expect(checkTranscript([user('hi'), reply('a')], ['openai-chat'])).toEqual([
    { api: 'openai-chat', rule: 'call-without-result', index: 1, message: 'no tool message follows for a' },
  ])
})

test('the transcript of every whole log is one that every API takes', () => {
  fc.assert(
    fc.property(arbitraryLog(), (log) => {
      expect(checkTranscript(fold(log).transcript)).toEqual([])
    }),
    { numRuns: 200 },
  )
})

test('the transcript of every prefix of a log, once repaired, is one that every API takes', () => {
  fc.assert(
    fc.property(arbitraryPrefix(), (prefix) => {
      expect(checkTranscript(fold(extendLog(prefix, repairOf(prefix))).transcript)).toEqual([])
    }),
    { numRuns: 500 },
  )
})

test('call ids that start again with every reply are taken where calls are told apart by place', () => {
  fc.assert(
    fc.property(arbitraryLog({ callIds: 'reply' }), (log) => {
      expect(checkTranscript(fold(log).transcript, ['openai-chat', 'gemini'])).toEqual([])
    }),
  )
})

function text(words: string) {
  return { kind: 'text', text: words } as const
}

function native(fallbackText: string) {
  return { kind: 'native', provider: 'acme', data: null, fallbackText } as const
}

function call(callId: string, name = 'read') {
  return { kind: 'toolCall', callId, name, input: {} } as const
}

function user(...parts: readonly (string | UserPart)[]): Message {
  const whole = parts.map((part) => (typeof part === 'string' ? text(part) : part))
  return { role: 'user', id: 'u', at: 0, parts: whole }
}

function assistant(...parts: readonly AssistantPart[]): Message {
  return {
    role: 'assistant',
    id: 'a',
    at: 0,
    parts,
    stopReason: 'end',
    from: { provider: 'acme', model: 'm' },
  }
}

function said(words: string): Message {
  return assistant(text(words))
}

function reply(...callIds: readonly string[]): Message {
  return assistant(...callIds.map((id) => call(id)))
}

function result(callId: string, name = 'read'): Message & { role: 'tool' } {
  return { role: 'tool', id: 't', at: 0, callId, name, parts: [], isError: false }
}
