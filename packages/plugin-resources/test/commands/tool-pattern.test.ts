import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { matchesCall, parseToolPatterns } from '../../src/commands/tool-pattern.ts'

const HERE = '/work/project'

function allows(entry: string, name: string, input: Record<string, string>): boolean {
  return parseToolPatterns([entry]).some((pattern) => matchesCall(pattern, { name, input }, HERE))
}

const shell = (entry: string, command: string): boolean => allows(entry, 'shell', { command })

describe('a command is allowed', () => {
  test.each([
    ['Bash(git status:*)', 'git status'],
    ['Bash(git status:*)', 'git status --short'],
    ['Bash(git status *)', 'git status --short'],
    ['Bash(git commit:*)', 'git commit -m "feat: say what it is for; (all of it)"'],
    ['Bash(git commit:*)', 'git commit -m \'it costs $5 & more\' --author="Ann <a@b.c>"'],
    ['Bash(git commit:*)', 'git commit -m "a title\n\nand a body"'],
    ['Bash(npm test)', 'npm test'],
    ['Bash(git log | head)', 'git log | head'],
    ['shell(ls:*)', 'ls -la src'],
    ['Bash', 'rm -rf /'],
    ['Bash(*)', 'rm -rf /'],
    ['Bash()', 'ls'],
  ])('by %s: %j', (entry, command) => {
    expect(shell(entry, command)).toBe(true)
  })
})

describe('a command is not allowed', () => {
  test.each([
    ['Bash(git status:*)', 'git statusx'],
    ['Bash(git status:*)', 'git'],
    ['Bash(git status:*)', ' git status'],
    ['Bash(git status:*)', 'git  status'],
    ['Bash(git status:*)', 'git status; id'],
    ['Bash(git status:*)', 'git status && id'],
    ['Bash(git status:*)', 'git status | sh'],
    ['Bash(git status:*)', 'git status\nid'],
    ['Bash(git status:*)', 'git status $(id)'],
    ['Bash(git status:*)', 'git status `id`'],
    ['Bash(git status:*)', 'git status > ~/.bashrc'],
    ['Bash(git status:*)', 'git status & id'],
    ['Bash(git status:*)', 'git status "$(id)"'],
    ['Bash(git commit:*)', 'git commit -m "$HOME"'],
    ['Bash(git commit:*)', 'git commit -m "`id`"'],
    ['Bash(git commit:*)', 'git commit -m "a\\"; id; \\""'],
    ['Bash(git commit:*)', 'git commit -m "a"; id; "b"'],
    ['Bash(git commit:*)', "git commit -m 'a' ; id"],
    ['Bash(git commit:*)', "git commit -m $'a'"],
    ['Bash(git commit:*)', 'git commit -m "not closed'],
    ['Bash(git commit:*)', 'g"i"t commit -m x'],
    ['Bash(git commit:*)', 'git commit -F - <<E\nx\nE'],
    ['Bash(git status:*)', 'git status {a,b}'],
    ['Bash(git status:*)', 'git status \u202e'],
    ['Bash(git status:*)', 'X=1 git status'],
    ['Bash(npm test)', 'npm test --watch'],
    ['Bash(npm test)', 'npm test '],
    ['Bash(git:*', 'git status'],
    ['Read', 'cat x'],
    ['', 'ls'],
    ['*', 'ls'],
    ['Bash(git:*) trailing', 'git status'],
  ])('by %j: %j', (entry, command) => {
    expect(shell(entry, command)).toBe(false)
  })
})

test('whatever follows the words of an entry, what is allowed is that one program with words', () => {
  const folder = mkdtempSync(join(tmpdir(), 'halter-allowed-'))
  const unit = fc.constantFrom(
    ' ',
    ' ',
    "'",
    '"',
    'a',
    '-m',
    'touch canary',
    '$(touch canary)',
    '`touch canary`',
    ';',
    '|',
    '&',
    '\n',
    '\\',
    '$',
    '(',
    ')',
    '<',
    '>',
    '{',
    '}',
    '#',
    '*',
    '!',
    '=',
    '~',
  )
  let allowed = 0
  try {
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 10 }), (units) => {
        const command = `git status${units.join('')}`
        if (!shell('Bash(git status:*)', command)) return
        allowed += 1
        const { status, stdout } = spawnSync('bash', ['-c', `git() { echo "ran $1"; }\n${command}`], {
          cwd: folder,
          encoding: 'utf8',
        })
        expect({ status, stdout }).toEqual({ status: 0, stdout: 'ran status\n' })
        expect(existsSync(join(folder, 'canary'))).toBe(false)
      }),
      { numRuns: 5000, interruptAfterTimeLimit: 10_000 },
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  expect(allowed).toBeGreaterThan(5)
})

describe('paths', () => {
  test.each([
    ['Edit(docs/**)', 'edit', { file_path: 'docs/a/b.md' }, true],
    ['Edit(docs/**)', 'edit', { file_path: `${HERE}/docs/b.md` }, true],
    ['Edit(./docs/*.md)', 'edit', { file_path: 'docs/b.md' }, true],
    ['Edit(/docs/**)', 'edit', { file_path: 'docs/b.md' }, true],
    ['Edit(//etc/**)', 'edit', { file_path: '/etc/hosts' }, true],
    ['MultiEdit(docs/**)', 'edit', { file_path: 'docs/b.md' }, true],
    ['Write', 'write', { file_path: '/anywhere' }, true],
    ['Edit(docs/**)', 'edit', { file_path: 'docs/../src/a.ts' }, false],
    ['Edit(docs/**)', 'edit', { file_path: '../docs/a.md' }, false],
    ['Edit(docs/**)', 'edit', { file_path: '/docs/a.md' }, false],
    ['Edit(docs/**)', 'write', { file_path: 'docs/a.md' }, false],
    ['Edit(docs/**)', 'edit', {}, false],
    ['Edit(docs/*)', 'edit', { file_path: 'docs/a/b.md' }, false],
  ])('%s, %s %j: %s', (entry, tool, input, isAllowed) => {
    expect(allows(entry, tool, input as Record<string, string>)).toBe(isAllowed)
  })
})

describe('other tools', () => {
  test.each([
    ['mcp__github__get_issue', 'mcp__github__get_issue', true],
    ['mcp__github__*', 'mcp__github__get_issue', true],
    ['mcp__github__*', 'mcp__gitlab__get_issue', false],
    ['mcp__git.ub__x', 'mcp__github__x', false],
    ['WebFetch', 'webfetch', true],
    ['WebFetch(domain:example.com)', 'webfetch', false],
    ['Grep', 'grep', true],
  ])('%s, %s: %s', (entry, tool, isAllowed) => {
    expect(allows(entry, tool, { url: 'https://example.com' })).toBe(isAllowed)
  })

  test('a skill by its name', () => {
    expect(allows('Skill(pdf)', 'skill', { name: 'pdf' })).toBe(true)
    expect(allows('Skill(pdf)', 'skill', { name: 'other' })).toBe(false)
  })
})
