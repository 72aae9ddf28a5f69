import { expectStablePrefix, testPromptAssembler } from '@halter/testkit'
import { expect, test } from 'vitest'
import { HelpDeskAssembler, helpDesk } from '../own-assembler.ts'
import notes, { NoteIndex, withNotes } from '../retrieval-assembler.ts'

const index = new NoteIndex(['This is a text about one kettle.'])

testPromptAssembler('the help desk', { create: () => new HelpDeskAssembler('the kettle') })
testPromptAssembler('retrieval around the help desk', {
  create: () => withNotes(new HelpDeskAssembler('the kettle'), index),
})

test('neither of them breaks the cache', async () => {
  await expectStablePrefix([[helpDesk, { product: 'the kettle' }]])
  await expectStablePrefix([helpDesk, [notes, { notes: ['one is about text', 'two is about text'] }]], {
    prompts: ['what about one text', 'what about two text'],
  })
})

test('a note is found by two words that it shares with the question, and not by one', () => {
  expect(index.find('Tell me about a KETTLE, please')).toContain('one kettle')
  expect(index.find('a kettle')).toBeUndefined()
})
