import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { ApprovalRules } from '../../src/cli/approval-rules.ts'

let rules: ApprovalRules
beforeEach(() => {
  const home = mkdtempSync(join(tmpdir(), 'halter-rules-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  rules = new ApprovalRules(join(home, 'deeper'))
})

test('a rule covers calls of its tool and scope, in its folder or everywhere', () => {
  rules.add({ tool: 'shell', scope: 'npm test', folder: '/a' })
  rules.add({ tool: 'write', scope: 'write' })
  expect(rules.find({ name: 'shell', scope: 'npm test' }, '/a')).toBeDefined()
  expect(rules.find({ name: 'shell', scope: 'npm test' }, '/b')).toBeUndefined()
  expect(rules.find({ name: 'shell', scope: 'npm test; rm -rf /' }, '/a')).toBeUndefined()
  expect(rules.find({ name: 'write', scope: 'write' }, '/b')).toBeDefined()
  // A command that is called like a tool is not that tool.
  expect(rules.find({ name: 'shell', scope: 'write' }, '/b')).toBeUndefined()
})

test('the same rule twice is one, and only its owner can read the file', () => {
  rules.add({ tool: 'write', scope: 'write' })
  rules.add({ tool: 'write', scope: 'write' })
  expect(JSON.parse(readFileSync(rules.file, 'utf8'))).toEqual({ rules: [{ tool: 'write', scope: 'write' }] })
  expect(statSync(rules.file).mode & 0o777).toBe(0o600)
})

test('a rule that was taken out counts no more', () => {
  rules.add({ tool: 'write', scope: 'write' })
  writeFileSync(rules.file, '{ "rules": [] }')
  expect(rules.find({ name: 'write', scope: 'write' }, '/a')).toBeUndefined()
})

test.each([
  '',
  '{',
  '[]',
  '{"rules":{}}',
  '{"rules":[{"tool":"write"}]}',
  '{"rules":[{"tool":"write","scope":"write","folder":1}]}',
])('a file with %j allows nothing, and is not written over', (text) => {
  rules.add({ tool: 'write', scope: 'write' })
  writeFileSync(rules.file, text)
  expect(() => rules.find({ name: 'write', scope: 'write' }, '/a')).toThrow(
    'cannot be understood, so nothing is',
  )
  expect(() => rules.add({ tool: 'write', scope: 'write' })).toThrow()
  expect(readFileSync(rules.file, 'utf8')).toBe(text)
})
