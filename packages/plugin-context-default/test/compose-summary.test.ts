import { messageTokens } from '@halter/core/testing'
import { describe, expect, test } from 'vitest'
import { composeSummary, type SummaryTask } from '../src/compose-summary.ts'
import { DEFAULT_SETTINGS } from '../src/settings.ts'
import { play, words } from './played.ts'

describe('a summary is judged by what can be checked', () => {
  const goal = { kind: 'goal', text: 'Make the tests pass.' }
  const child = { kind: 'child', text: 'Subagent child-7 is running: count sheep', mark: 'child-7' }

  test('one that keeps everything is taken as it is', () => {
    const written = 'The user wants: “make the  tests\npass.” Child-7 counts sheep.'
    const settings = { ...DEFAULT_SETTINGS, recall: false }
    expect(composeSummary(task({ obligations: [goal, child], settings }), { text: written })).toEqual({
      text: `The earlier part of this conversation was replaced by this summary of it.\n\n${written}`,
      flaws: [],
    })
  })

  test('one that lost an obligation is rejected: a plain one has them all, and what was written', () => {
    const written = 'They spoke of sheep.'
    const { text, flaws } = composeSummary(task({ obligations: [goal, child] }), { text: written })
    expect(flaws).toEqual(['had lost 2 of 2 obligations (goal, child)'])
    expect(text).toContain(written)
    expect(text).toContain(
      'Still in force, word for word:\n- [goal] Make the tests pass.\n- [child] Subagent child-7',
    )
  })

  test('one that is longer than half of what it replaces is rejected, and not used', () => {
    const written = words(1200, 'blah')
    const { text, flaws } = composeSummary(task({ tokens: 2000 }), { text: written })
    expect(flaws).toEqual([expect.stringMatching(/^was too long: 1\d\d\d tokens for what took 2000$/)])
    expect(text).not.toContain('blah blah')
    expect(text).toContain('What was asked:\n- the question')
    expect(text).toContain('What was called, oldest first:\n- read {"file_path":"a"}')
    expect(text).toContain('What was said last: the answer')
    expect(text.length).toBeLessThan(1000 * 3.7)
  })

  test('a short one is never too long', () => {
    expect(composeSummary(task({ tokens: 5 }), { text: words(300) }).flaws).toEqual([])
  })

  test('an empty one is rejected', () => {
    expect(composeSummary(task({}), { text: ' \n' }).flaws).toEqual(['was empty'])
  })

  test('large outputs that leave are named, so that they can be asked for', () => {
    const { text } = composeSummary(task({}), { text: 'So.' })
    expect(text).toMatch(
      /Outputs that recall_output shows again, by id:\n- "id\d+-0-result": read \{"file_path":"a"\}, about 5\d\d tokens$/,
    )
    const settings = { ...DEFAULT_SETTINGS, recall: false }
    expect(composeSummary(task({ settings }), { text: 'So.' }).text).not.toContain('recall_output')
  })

  test('a plain summary of a plain summary goes on with it', () => {
    const first = composeSummary(task({}), { text: '' })
    const messages = task({}).messages
    const earlier = {
      role: 'user' as const,
      id: 'c',
      at: 0,
      origin: 'compaction' as const,
      parts: [{ kind: 'text' as const, text: first.text }],
    }
    const { text } = composeSummary(task({ messages: [earlier, ...messages] }), { text: '' })
    expect(text).toContain('What was said last: the answer')
    expect(text.match(/What was asked/g)).toHaveLength(2)
  })
})

function task(more: Partial<SummaryTask>): SummaryTask {
  const session = play()
  session.say('the question')
  session.reply('', [{ input: { file_path: 'a' }, output: words(550) }])
  session.reply('the answer')
  return {
    messages: session.state.transcript.slice(),
    tokens: 4000,
    isOfSteps: false,
    obligations: [],
    settings: DEFAULT_SETTINGS,
    tokensOf: (piece) => (typeof piece === 'string' ? Math.floor(piece.length / 3.7) : messageTokens(piece)),
    ...more,
  }
}
