import { execFile } from 'node:child_process'
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'

const folder = fileURLToPath(new URL('..', import.meta.url))
const offline = new URL('offline.mjs', import.meta.url).href
const scratch = mkdtempSync(join(tmpdir(), 'halter-examples-'))
writeFileSync(join(scratch, 'README.md'), '# A folder to look at\n')
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** What each example prints, in order. */
const prints: Record<string, readonly (string | RegExp)[]> = {
  'first-session.ts': [
    '[glob] {',
    '[read] {"file_path":"README.md"}',
    '# A folder to look at',
    /completed \(stop\), \d+ tokens in, \d+ out/,
    '“And what else?”',
    /2 turns, \d+ events:/,
    "'session.resumed': 1",
  ],
  'first-plugin.ts': [
    'word_count: [{"kind":"json","value":{"words":4}}]',
    'No shell in this house.',
    'state: { refused: 1 }',
  ],
  'long-turn.ts': [
    /\d{4} → \d+ tokens: a summary by .+ stands for \d+ messages/,
    'The plan: each promise',
    '- [rule] Two people look at every change.',
    /\d+ messages in the window, \d+ before the last compaction/,
  ],
  'custom-store.ts': ['Hello!', 'In a journal: 1 turn', '1 session.started', 'turn.completed'],
  'runner.ts': ['Call 1. You said: Good morning!', /Call 2\. You said: And good night\. \(\d+ tokens in\)/],
  'custom-context-manager.ts': [
    /\d+ messages in the window, of 12 turns/,
    'What was said before, one line a turn:',
    '- “Question 1: which colour?',
  ],
  'own-assembler.ts': [
    'static  role: You answer questions about the Acme kettle.',
    'static  rules:',
    'session customer: The customer has a premium contract.',
    'turn    date: Today is',
  ],
  'retrieval-assembler.ts': [
    /kettle boils\? .*\[notes\] The kettle boils a litre in four minutes\./,
    /\[notes\] The toaster takes two slices\./,
    /Thanks\. \[environment\] .*/,
    'the cached part of the prompt changed 0 times',
  ],
}

test.each(Object.keys(prints))(
  '%s runs offline, in less than two seconds, and prints what it says',
  async (name) => {
    const first = await run(name)
    expect(first.stderr).toBe('')
    let from = 0
    for (const expected of prints[name]!) {
      const rest = first.stdout.slice(from)
      const at = typeof expected === 'string' ? rest.indexOf(expected) : rest.search(expected)
      expect(at, `${String(expected)} in:\n${rest}`).not.toBe(-1)
      from += at
    }
    // A second try, so that a machine that was busy for a moment does not decide.
    const elapsedMs = first.elapsedMs < 2000 ? first.elapsedMs : (await run(name)).elapsedMs
    expect(elapsedMs).toBeLessThan(2000)
  },
)

test('there is no example that nobody runs', () => {
  expect(globSync('*.ts', { cwd: folder }).sort()).toEqual(Object.keys(prints).sort())
})

async function run(name: string) {
  const start = performance.now()
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--import', offline, join(folder, name)],
    { cwd: scratch, env: { ...process.env, HALTER_HOME: join(scratch, '.halter') }, timeout: 15_000 },
  )
  return { stdout, stderr, elapsedMs: performance.now() - start }
}
