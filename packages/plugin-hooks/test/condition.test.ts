import { homedir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Json } from '@halter/protocol'
import { compileCondition } from '../src/condition.ts'
import { namesOfTool } from '../src/tool-dialect.ts'

async function holds(condition: string, tool: string | undefined, input: Json = null): Promise<boolean> {
  const subject = tool === undefined ? undefined : { names: namesOfTool(tool), input, cwd: '/work' }
  return (await compileCondition(condition)).test(subject)
}

test.each([
  ['', 'shell', {}, true],
  ['*', 'shell', {}, true],
  ['Bash', 'shell', {}, true],
  ['bash', 'shell', {}, true],
  ['Read', 'shell', {}, false],
  ['^Read$', 'read', {}, true],
  ['Shell(git *)', 'shell', { command: 'git status' }, true],
  ['Shell(git *)', 'shell', { command: 'cargo test' }, false],
  ['Bash(git commit:*)', 'shell', { command: 'git commit -m x' }, true],
  ['Bash(git commit:*)', 'shell', { command: 'git commit' }, true],
  ['Bash(git commit:*)', 'shell', { command: 'git committed' }, false],
  ['Bash(git push *)', 'shell', { command: 'npm test && git push origin' }, true],
  ['Bash(git push *)', 'shell', { command: 'FOO=bar git push origin' }, true],
  ['Bash(rm *)', 'shell', { command: 'echo $(rm -rf /)' }, true],
  ['Bash(rm *)', 'shell', { command: 'echo `rm -rf /`' }, true],
  ['Bash(rm *)', 'shell', { command: 'ls\nrm -rf /' }, true],
  ['Bash(rm *)', 'shell', { command: 'ls | rm -rf /' }, true],
  ['Bash(rm *)', 'shell', { command: 'echo farm x' }, false],
  ['Read(^src/.*\\.rs$)', 'read', 'src/lib.rs', true],
  ['Read(*)', 'read', {}, true],
  ['Write(src/.*)', 'read', {}, false],
  ['Edit(*.ts)', 'edit', { file_path: 'src/a.ts' }, true],
  ['Edit(*.ts)', 'edit', { file_path: '/elsewhere/a.ts' }, true],
  ['Edit(*.ts)', 'edit', { file_path: 'src/a.js' }, false],
  ['Edit(src/**)', 'edit', { file_path: '/work/src/deep/a.js' }, true],
  ['Edit(./src/**)', 'edit', { file_path: 'src/deep/a.js' }, true],
  ['Edit(/src/**)', 'edit', { file_path: 'src/deep/a.js' }, true],
  ['Read(//etc/*)', 'read', { file_path: '/etc/passwd' }, true],
  ['Edit(src/**)', 'edit', { file_path: '/other/src/a.js' }, false],
  ['Read(~/.ssh/*)', 'read', { file_path: join(homedir(), '.ssh/id') }, true],
  ['WebFetch(domain:example.com)', 'web_fetch', { url: 'https://a.example.com/x' }, true],
  ['WebFetch(domain:example.com)', 'web_fetch', { url: 'https://badexample.com/x' }, false],
  ['Grep(*"pattern":"x"*)', 'grep', { pattern: 'x' }, true],
  ['mcp__memory__get', 'mcp__memory__get', {}, true],
] as const)('%j of %s with %j: %s', async (condition, tool, input, expected) => {
  expect(await holds(condition, tool, input)).toBe(expected)
})

test('what is no condition is never true, and says so', async () => {
  const condition = await compileCondition('Bash((?!x))')
  expect(condition.problem).toBeTypeOf('string')
  expect(condition.test({ names: ['shell', 'Bash'], input: { command: 'x' }, cwd: '/' })).toBe(false)
})

test('text behind the closing parenthesis, and an event without a tool, are never meant', async () => {
  expect(await holds('Bash(git *) now', 'shell', { command: 'git x' })).toBe(false)
  expect(await holds('Bash(git *)', undefined)).toBe(false)
})

test('a glob spans lines and separators', async () => {
  expect(await holds('Bash(echo *done)', 'shell', { command: 'echo a\nb/c done' })).toBe(true)
})

test('no text breaks a condition, and no input breaks its test', async () => {
  const text = fc.oneof(
    fc.string(),
    fc.string().map((inner) => `Bash(${inner})`),
    fc.string().map((inner) => `Bash(${inner}:*)`),
  )
  await fc.assert(
    fc.asyncProperty(text, fc.jsonValue(), async (condition, input) => {
      expect(typeof (await holds(condition, 'shell', input as Json))).toBe('boolean')
    }),
  )
})

test('a command is found wherever it stands in a line', async () => {
  const joint = fc.constantFrom(' && ', ' || ', ' ; ', ' | ', '\n', ' & ', ' $(', ' `')
  const other = fc.constantFrom('ls', 'echo hi', 'A=1 make', 'cd x')
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(other, joint), { maxLength: 3 }), async (before) => {
      const line = `${before.map((pair) => pair.join('')).join('')}git push --force`
      expect(await holds('Bash(git push:*)', 'shell', { command: line })).toBe(true)
      expect(await holds('Bash(git pull:*)', 'shell', { command: line })).toBe(false)
    }),
  )
})
