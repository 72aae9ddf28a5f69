import { expect, test } from 'vitest'
import { compileMatcher } from '../src/matcher.ts'
import { namesOfTool } from '../src/tool-dialect.ts'

async function matches(matcher: string | undefined, tool: string): Promise<boolean> {
  return (await compileMatcher(matcher)).test(namesOfTool(tool))
}

test.each([
  [undefined, 'anything', true],
  ['', 'anything', true],
  ['*', 'anything', true],
  ['Bash', 'shell', true],
  ['shell', 'shell', true],
  ['bash', 'shell', false],
  ['Edit|Write', 'write', true],
  ['Edit|Write', 'edit', true],
  ['Edit | Write', 'edit', true],
  ['Edit, Write', 'write', true],
  ['MultiEdit', 'edit', true],
  ['Edit|Write', 'shell', false],
  ['Task', 'spawn_agent', true],
  ['Agent', 'spawn_agent', true],
  ['Read', 'read', true],
  ['read', 'thread_read', false],
  ['mcp__memory', 'mcp__memory__get', false],
  ['mcp__memory__.*', 'mcp__memory__get', true],
  ['mcp__.*__write.*', 'mcp__files__write_file', true],
  ['^Bash$', 'shell', true],
  ['Ba.*', 'shell', true],
  ['Notebook.*', 'write', false],
  ['.*', 'anything', true],
])('%j matches %s: %s', async (matcher, tool, expected) => {
  expect(await matches(matcher, tool)).toBe(expected)
})

test('a pattern that cannot be used says why, and matches everything: a guard that runs too often guards', async () => {
  for (const pattern of ['(', '^(?!Bash)', '(a)\\1']) {
    const matcher = await compileMatcher(pattern)
    expect(matcher.problem).toBeTypeOf('string')
    expect(matcher.test(['Read'])).toBe(true)
  }
})

test('a pattern takes linear time, whatever it is and whatever it meets', async () => {
  const matcher = await compileMatcher('^(a+)+$')
  const startedAt = performance.now()
  expect(matcher.test([`${'a'.repeat(50_000)}!`])).toBe(false)
  expect(performance.now() - startedAt).toBeLessThan(2_000)
})

test('names of files may have dots in them', async () => {
  const matcher = await compileMatcher('.envrc|package.json', 'files')
  expect(matcher.test(['/w/.envrc', '.envrc'])).toBe(true)
  expect(matcher.test(['/w/xenvrc', 'xenvrc'])).toBe(false)
})
