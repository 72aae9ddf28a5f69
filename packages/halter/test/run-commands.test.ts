import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { jsonLines, place, says } from './halter.ts'

const files = {
  '.claude/commands/look.md':
    '---\nallowed-tools: Bash(printf:*)\n---\nSaid: !`printf %s $1`. About: @notes.md',
  'notes.md': 'a note',
  'model.json': says('done'),
}
const model = ['--model', 'scripted/model.json', '--trust'] as const

test('halter run "/name args" sends what the command stands for, and the log has both', async () => {
  const at = place(files)
  const { code, stdout, stderr } = await at.halter([
    'run',
    ...model,
    '--output-format',
    'stream-json',
    '/look',
    'hello',
  ])
  expect(stderr).toBe('')
  expect(code).toBe(0)
  const events = jsonLines<{ type: string; input?: unknown; message?: { role: string; parts: unknown } }>(
    stdout,
  )
  expect(events.find(({ type }) => type === 'turn.started')?.input).toEqual([
    { kind: 'text', text: '/look hello' },
  ])
  const message = events.find((event) => event.type === 'message.appended' && event.message?.role === 'user')
  expect(message?.message?.parts).toEqual([
    { kind: 'text', text: 'Said: hello. About: @notes.md' },
    { kind: 'text', text: '<file path="notes.md">\n     1\ta note\n</file>' },
  ])
})

test('a name that nothing has is refused with the nearest, exit code 1, and no model is asked', async () => {
  const { code, stdout, stderr } = await place(files).halter(['run', ...model, '/loook'])
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toContain('There is no command or skill /loook. Did you mean /look?')
  expect(stderr).toContain('0 model calls')
})

test('text that begins with a path is sent as it is', async () => {
  const { code, stdout } = await place(files).halter(['run', ...model, '/usr/bin/env is where?'])
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'done\n' })
})

test('a command that nobody allowed is not run: there is nobody to ask', async () => {
  const at = place({ ...files, '.claude/commands/make.md': '!`touch canary`' })
  const { code, stderr } = await at.halter(['run', ...model, '/make'])
  expect(code).toBe(1)
  expect(stderr).toContain('/make was not sent: its command "touch canary" was not allowed')
})

test('a command that commits, as people write it, commits without a question, and does nothing else', async () => {
  const call = (command: string): object => ({ toolCalls: [{ name: 'shell', input: { command } }] })
  const at = place({
    '.claude/commands/commit.md': `---
allowed-tools: Bash(git add:*), Bash(git status:*), Bash(git diff:*), Bash(git log:*), Bash(git commit:*)
description: Create a git commit
---

- Status: !\`git status --short a.txt\`
- Diff: !\`git diff HEAD\`
- Recent commits: !\`git log --format=%s -10\`

Create a single commit.`,
    'a.txt': 'one\n',
    'model.json': {
      replies: [
        call('git add a.txt'),
        call('git commit --quiet -m "feat: say more; (much more)"'),
        call('git push origin main'),
        { text: 'done' },
      ],
    },
  })
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@b.c', ...args], {
      cwd: at.cwd,
      encoding: 'utf8',
    })
  git('init', '--quiet')
  git('config', 'user.name', 'Ann')
  git('config', 'user.email', 'ann@example.com')
  git('add', 'a.txt')
  git('commit', '--quiet', '-m', 'first')
  at.write('a.txt', 'one\ntwo\n')
  const { code, stdout, stderr } = await at.halter(['run', ...model, '/commit'])
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'done\n' })
  expect(stderr).toContain('+two')
  expect(git('log', '--format=%s')).toBe('feat: say more; (much more)\nfirst\n')
  expect(stderr).toMatch(/git push origin main was denied/)
})
