import { expect, test } from 'vitest'
import { readReply } from '../../src/cli/terminal-approvals.ts'

test.each([
  ['y', { answer: 'once' }],
  [' Yes ', { answer: 'once' }],
  ['s', { answer: 'session' }],
  ['always', { answer: 'always', keep: 'folder' }],
  ['e', { answer: 'always', keep: 'everywhere' }],
  ['n', { answer: 'deny' }],
  ['no, use the test database', { answer: 'deny', reason: 'use the test database' }],
])('%j is an answer', (line, reply) => {
  expect(readReply(line)).toEqual(reply)
})

test.each(['', '  ', 'what?', 'yn', 'sure', 'yes please, but not there', 'always look first'])(
  '%j is asked again',
  (line) => {
    expect(readReply(line)).toBeUndefined()
  },
)
