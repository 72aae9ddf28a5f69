import { describe, expect, test } from 'vitest'
import { place, says } from './halter.ts'
import { hasTerminal, onScreen } from './terminal-screen.ts'

describe.runIf(hasTerminal)('on a terminal', () => {
  test('everything that a folder brings is one question; a change asks again and says what has changed', async () => {
    const at = place({
      '.git/HEAD': '',
      'script.json': says('done'),
      '.halterrc': 'plugins: [./mine.mjs]\n',
      'mine.mjs': `import { definePlugin } from ${JSON.stringify(import.meta.resolve('@halter/core'))}
        export default definePlugin({ name: 'acme-mine', apiVersion: 1, setup: () => ({}) })`,
      '.claude/skills/a/SKILL.md': '---\nname: a\ndescription: a\n---\n',
      '.claude/skills/b/SKILL.md': '---\nname: b\ndescription: b\n---\n',
    })
    const args = ['run', '--ephemeral', '--model', 'scripted/script.json', 'hi']
    const first = onScreen(at, args)
    await first.shows('go on without it:')
    expect(first.text()).toContain(
      'brings:\n  .halterrc (with 1 file that it names)\n  .claude/skills (2 files)\n',
    )
    first.type('y\n')
    expect(await first.finished).toBe(0)
    expect(first.text()).toContain('done')

    const second = onScreen(at, args)
    expect(await second.finished).toBe(0)
    expect(second.text()).not.toContain('brings:')

    at.write('.claude/skills/b/SKILL.md', '---\nname: b\ndescription: changed\n---\n')
    const third = onScreen(at, args)
    await third.shows('go on without it:')
    expect(third.text()).toContain('brings:\n  .claude/skills (2 files, changed since you trusted it)\n')
    third.type('n\n')
    expect(await third.finished).toBe(0)
  })

  test('trust add asks, and a no changes nothing', async () => {
    const at = place({ '.halterrc': 'model: demo\n' })
    const screen = onScreen(at, ['trust', 'add'])
    await screen.shows('[y]es, [n]o:')
    screen.type('n\n')
    expect(await screen.finished).toBe(1)
    expect((await at.halter(['trust', 'list', '--json'])).stdout).toBe('')
  })

  test.each([
    ['plugins', 'list'],
    ['config', 'print', '--provenance'],
    ['trust', 'list'],
  ])('a narrow terminal gets a row per line: %s %s', async (...args) => {
    const at = place({ 'halter.config.json': { systemPrompt: 'long '.repeat(100) } })
    await at.halter(['trust', 'add', '--yes'])
    const wide = (await at.halter(args.filter((arg) => arg !== undefined))).stdout.trimEnd().split('\n')
    const screen = onScreen(
      at,
      args.filter((arg) => arg !== undefined),
      { columns: 90, rows: 50 },
    )
    await screen.finished
    const shown = screen.rows().filter((row) => row !== '')
    // What is said beside the table is a line at most.
    expect(shown.length).toBeLessThanOrEqual(wide.filter((line) => line !== '').length + 1)
  })

  test('the doctor marks what is wrong with colour and sign, and without colour where none is wanted', async () => {
    const at = place({ 'halter.config.json': { modle: 1 } })
    const screen = onScreen(at, ['doctor', '--trust'], { columns: 100, rows: 90 })
    expect(await screen.finished).toBe(1)
    expect(screen.text()).toContain('✗ configuration:')
    expect(screen.bytes()).toContain('\u001B[31m')
    const plain = onScreen(at, ['doctor', '--trust'], { env: { NO_COLOR: '1' } })
    await plain.finished
    expect(plain.bytes()).not.toContain('\u001B[31m')
  })
})
