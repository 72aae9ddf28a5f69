import type { Message } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { evictUnits, unitsOf, type Unit } from '../src/units.ts'
import { play } from './played.ts'

describe('row 70: units', () => {
  test('a reply and its results are one, every other message is one of its own', () => {
    const session = play()
    session.say('a')
    session.reply('b', [{}, {}])
    session.say('c', 'hook')
    session.reply('d')
    expect(unitsOf(session.state.transcript.slice()).map(({ from, to }) => [from, to])).toEqual([
      [0, 1],
      [1, 4],
      [4, 5],
      [5, 6],
    ])
  })

  test('W-18: a step that only calls tools says what its results say, however much was thought', () => {
    const session = play()
    session.say('a')
    session.reply('', [{ name: 'grep', isError: true }])
    session.reply('', [{ name: 'grep', output: '' }])
    session.reply('', [{ name: 'grep' }, { name: 'read' }])
    session.reply('so', [{ output: '' }])
    const messages = session.state.transcript.slice().map(thinking)
    expect(unitsOf(messages).map(({ signal }) => signal)).toEqual([
      'anchor',
      'low',
      'very-low',
      'high',
      'very-high',
    ])
  })
})

describe('rows 71 and 72: what is left out', () => {
  const units = unitsOf(conversation())
  const tokensOf = () => 100

  test('what says the least goes first, then the oldest, and no more than is needed', () => {
    const evict = (target: number) => namesOf(evictUnits(units, { target, threshold: 'high', tokensOf }))
    expect(evict(900)).toEqual([])
    expect(evict(899)).toEqual(['empty'])
    expect(evict(600)).toEqual(['empty', 'failed 1', 'failed 2'])
    expect(evict(500)).toEqual(['empty', 'failed 1', 'failed 2', 'found'])
  })

  test.each([
    ['very-low', ['empty']],
    ['low', ['empty', 'failed 1', 'failed 2']],
    ['normal', ['empty', 'failed 1', 'failed 2', 'found']],
    ['high', ['empty', 'failed 1', 'failed 2', 'found', 'note', 'seen']],
  ] as const)('up to %s, nothing that says more goes, prompts and what was said never', (threshold, gone) => {
    expect(namesOf(evictUnits(units, { target: 0, threshold, tokensOf }))).toEqual(gone)
  })
})

/** Nine units, each named by its text. */
function conversation(): Message[] {
  const session = play()
  session.say('prompt')
  session.reply('', [{ name: 'read', output: 'seen' }])
  session.reply('', [{ name: 'grep', output: 'failed 1', isError: true }])
  session.reply('', [{ name: 'grep', output: 'found' }])
  session.say('note', 'hook')
  session.reply('said', [{ name: 'grep', output: '' }])
  session.reply('', [{ name: 'grep', output: '' }])
  session.reply('', [{ name: 'grep', output: 'failed 2', isError: true }])
  session.reply('said')
  return session.state.transcript.slice()
}

function namesOf(units: Iterable<Unit>): readonly string[] {
  return [...units]
    .map(({ messages }) => {
      const part = messages.at(-1)!.parts[0]
      return part?.kind === 'text' ? part.text : 'empty'
    })
    .toSorted()
}

function thinking(message: Message): Message {
  if (message.role !== 'assistant') return message
  return { ...message, parts: [{ kind: 'thinking', text: 'hm, let me see' }, ...message.parts] }
}
