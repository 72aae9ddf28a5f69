import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { History } from '../../../src/cli/chat/history.ts'

function home(): string {
  const folder = mkdtempSync(join(tmpdir(), 'halter-history-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

test('steps go back and forth, and the draft comes back at the end', () => {
  const history = new History(home())
  history.add('one')
  history.add('two\nlines')
  history.add('two\nlines')
  history.add('  ')
  expect(history.step('older', 'draft')).toBe('two\nlines')
  expect(history.step('older', 'x')).toBe('one')
  expect(history.step('older', 'x')).toBeUndefined()
  expect(history.step('newer', 'x')).toBe('two\nlines')
  expect(history.step('newer', 'x')).toBe('draft')
  expect(history.step('newer', 'x')).toBeUndefined()
})

test('two processes add to one file, which only its owner can read', () => {
  const folder = join(home(), 'deeper')
  const [first, second] = [new History(folder), new History(folder)]
  first.add('from the first')
  second.add('from the second')
  expect(statSync(join(folder, 'chat-history.jsonl')).mode & 0o777).toBe(0o600)
  const third = new History(folder)
  expect([third.step('older', ''), third.step('older', '')]).toEqual(['from the second', 'from the first'])
})

test('a file that was open to others is closed to them, and half a line is left out', () => {
  const folder = home()
  const file = join(folder, 'chat-history.jsonl')
  writeFileSync(file, '"good"\n"half', { mode: 0o644 })
  chmodSync(file, 0o644)
  const history = new History(folder)
  expect(history.step('older', '')).toBe('good')
  history.add('more')
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('it does not grow for ever', () => {
  const folder = home()
  const file = join(folder, 'chat-history.jsonl')
  writeFileSync(file, Array.from({ length: 5_000 }, (_, index) => `"${index}"\n`).join(''))
  const history = new History(folder)
  expect(history.step('older', '')).toBe('4999')
  expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(1_001)
})

test('where nothing can be written, the inputs of now are still there', () => {
  const folder = home()
  mkdirSync(join(folder, 'chat-history.jsonl'))
  const history = new History(folder)
  history.add('one')
  expect(history.step('older', '')).toBe('one')
})
