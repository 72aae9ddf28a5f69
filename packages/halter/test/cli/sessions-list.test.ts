import type { SessionSummary } from '@halter/protocol'
import { expect, test } from 'vitest'
import { sessionTable } from '../../src/cli/sessions-list.ts'
import { textWidth } from '../../src/cli/text-width.ts'

const session = (change: Partial<SessionSummary> = {}): SessionSummary => ({
  sessionId: '019ab3c2-1d2f-7c31-9e55-0b6f1c2d3e4f',
  status: 'idle',
  title: 'What is in this folder, and how does it all fit together?',
  metadata: {},
  model: 'scripted/examples/scripts/tools.json',
  workingDir: '/',
  head: 1,
  turns: 1,
  usage: { inputTokens: 0, outputTokens: 0 },
  createdAt: 0,
  updatedAt: 0,
  ...change,
})

test.each([40, 60, 80, 100, 200])('a table fits into %i columns', (width) => {
  const table = sessionTable([session(), session({ title: '你好'.repeat(50) })], Math.max(width, 64))
  for (const line of table.trimEnd().split('\n'))
    expect(textWidth(line)).toBeLessThanOrEqual(Math.max(width, 64))
})

test('what is left of a narrow id can be pasted', () => {
  const [, row] = sessionTable([session()], 60).split('\n')
  expect(session().sessionId.startsWith(row!.split(' ', 1)[0]!)).toBe(true)
})

test('without a terminal nothing is cut', () => {
  const table = sessionTable([session()], undefined)
  expect(table).toContain(session().sessionId)
  expect(table).toContain(session().title)
})

test('a title cannot break the table', () => {
  const table = sessionTable([session({ title: 'a\nb\u001B[2J' })], undefined)
  expect(table.trimEnd().split('\n')).toHaveLength(2)
  expect(table).toContain('a ⏎ b␛[2J')
})
