import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { EMPTY_RESOURCES } from '@halter/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { InstructionFiles } from '../src/instruction-files.ts'

let root: string
let files: InstructionFiles

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'halter-instructions-')))
  files = new InstructionFiles(join(root, 'home'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

describe('which files count', () => {
  test("the user's, then those from the root of the repository down to the working directory", () => {
    write('home/AGENTS.md', 'user')
    write('AGENTS.md', 'above the repository')
    mkdirSync(join(root, 'repo/.git'), { recursive: true })
    write('repo/AGENTS.md', 'repo')
    write('repo/a/CLAUDE.md', 'a')
    write('repo/a/b/AGENTS.md', 'b')
    write('repo/other/AGENTS.md', 'other')
    expect(found('repo/a/b')).toEqual([
      ['home/AGENTS.md', 'user'],
      ['repo/AGENTS.md', 'repo'],
      ['repo/a/CLAUDE.md', 'a'],
      ['repo/a/b/AGENTS.md', 'b'],
    ])
  })

  test('AGENTS.md of a folder is taken instead of its CLAUDE.md', () => {
    write('w/AGENTS.md', 'agents')
    write('w/CLAUDE.md', 'claude')
    expect(found('w')).toEqual([['w/AGENTS.md', 'agents']])
  })

  test('outside a repository only the working directory counts', () => {
    write('AGENTS.md', 'a stranger could have put it here')
    write('w/CLAUDE.md', 'mine')
    expect(found('w')).toEqual([['w/CLAUDE.md', 'mine']])
  })

  test('without any, and in a folder that does not exist, there are no resources', () => {
    expect(snapshot('w')).toBe(EMPTY_RESOURCES)
    write('w/AGENTS.md', ' \n')
    mkdirSync(join(root, 'w/CLAUDE.md'))
    expect(snapshot('w')).toBe(EMPTY_RESOURCES)
  })

  test('a file that is both the user’s and the project’s counts once', () => {
    write('home/AGENTS.md', 'one')
    expect(found('home')).toEqual([['home/AGENTS.md', 'one']])
  })
})

describe('the revision', () => {
  test('is the same for the same content, and another for any other', () => {
    write('w/AGENTS.md', 'one')
    const first = snapshot('w')
    expect(first.revision).toMatch(/^[\da-f]{64}$/)
    write('w/AGENTS.md', 'two')
    const second = snapshot('w')
    write('w/AGENTS.md', 'one')
    expect(second.revision).not.toBe(first.revision)
    expect(snapshot('w').revision).toBe(first.revision)
    expect(new InstructionFiles(root).snapshot(blueprint('w')).revision).toBe(first.revision)
  })

  test('while nothing changes the snapshot is the same object', () => {
    write('w/AGENTS.md', 'one')
    expect(snapshot('w')).toBe(snapshot('w'))
    const before = snapshot('w')
    write('w/AGENTS.md', 'one')
    expect(snapshot('w').revision).toBe(before.revision)
  })

  test('files that come and go are noticed at once', () => {
    mkdirSync(join(root, 'w'))
    expect(found('w')).toEqual([])
    write('w/CLAUDE.md', 'claude')
    expect(found('w')).toEqual([['w/CLAUDE.md', 'claude']])
    write('w/AGENTS.md', 'agents')
    expect(found('w')).toEqual([['w/AGENTS.md', 'agents']])
    rmSync(join(root, 'w/AGENTS.md'))
    expect(found('w')).toEqual([['w/CLAUDE.md', 'claude']])
    rmSync(join(root, 'w/CLAUDE.md'))
    expect(snapshot('w')).toBe(EMPTY_RESOURCES)
  })

  test('many working directories are remembered, and not without end', () => {
    for (let index = 0; index < 150; index++) write(`w${index}/AGENTS.md`, `${index}`)
    const all = Array.from({ length: 150 }, (_, index) => snapshot(`w${index}`))
    expect(snapshot('w149')).toBe(all[149])
    expect(snapshot('w0')).not.toBe(all[0])
    expect(snapshot('w0')).toEqual(all[0])
  })
})

describe('what a file cannot do', () => {
  test('a long one is cut at 32 KiB, between characters, and both model and user are told', () => {
    write('w/AGENTS.md', `a${'é'.repeat(20_000)}`)
    const { instructions, warnings } = snapshot('w')
    const [text, notice] = instructions[0]!.text.split('\n\n')
    expect(text).toBe(`a${'é'.repeat(16_383)}`)
    expect(notice).toBe('[This file has 40001 bytes, of which only the first 32768 are used.]')
    expect(warnings).toEqual([
      `${join(root, 'w/AGENTS.md')} has 40001 bytes, of which only the first 32768 are used. Shorten it.`,
    ])
  })

  test.skipIf(process.platform === 'win32')(
    'a link out of the repository is not followed, one within it is',
    () => {
      write('secret.txt', 'the key')
      mkdirSync(join(root, 'repo/.git'), { recursive: true })
      write('repo/a/real.md', 'in the repository')
      symlinkSync('../../secret.txt', join(root, 'repo/a/AGENTS.md'))
      symlinkSync('a/real.md', join(root, 'repo/AGENTS.md'))
      const { instructions, warnings } = snapshot('repo/a')
      expect(instructions.map(({ text }) => text)).toEqual(['in the repository'])
      expect(warnings).toEqual([
        expect.stringMatching(/repo\/a\/AGENTS\.md leads out of .*secret\.txt, and is not used/),
      ])
    },
  )

  test.skipIf(process.platform === 'win32')('the user’s own may be a link to anywhere', () => {
    write('dotfiles/agents.md', 'mine')
    mkdirSync(join(root, 'home'))
    symlinkSync('../dotfiles/agents.md', join(root, 'home/AGENTS.md'))
    expect(found('w')).toEqual([['home/AGENTS.md', 'mine']])
  })

  test.skipIf(process.platform === 'win32')('a pipe blocks nobody, and is no file', () => {
    mkdirSync(join(root, 'w'))
    execFileSync('sh', ['-c', `mkfifo '${join(root, 'w/AGENTS.md')}'`])
    write('w/CLAUDE.md', 'claude')
    expect(found('w')).toEqual([['w/CLAUDE.md', 'claude']])
  })

  test('what is not text is not used', () => {
    write('w/AGENTS.md', 'a\0b')
    expect(snapshot('w')).toMatchObject({
      instructions: [],
      warnings: [expect.stringContaining('is not text')],
    })
  })

  test.skipIf(process.platform === 'win32' || process.getuid?.() === 0)(
    'one that must not be read costs a warning, not the turn',
    () => {
      write('w/AGENTS.md', 'x')
      chmodSync(join(root, 'w/AGENTS.md'), 0)
      expect(snapshot('w')).toMatchObject({
        instructions: [],
        warnings: [expect.stringContaining('could not be read')],
      })
    },
  )

  test.skipIf(process.platform === 'win32')(
    'a link that leads in circles costs a warning, not the turn',
    () => {
      mkdirSync(join(root, 'w'))
      symlinkSync('AGENTS.md', join(root, 'w/AGENTS.md'))
      expect(snapshot('w')).toMatchObject({
        instructions: [],
        warnings: [expect.stringContaining('could not be read')],
      })
    },
  )
})

function write(name: string, text: string): void {
  const file = join(root, name)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

function blueprint(folder: string) {
  return { sessionId: 's', depth: 0, model: 'm', workingDir: join(root, folder), limits: {}, metadata: {} }
}

function snapshot(folder: string) {
  return files.snapshot(blueprint(folder))
}

function found(folder: string) {
  return snapshot(folder).instructions.map(({ source, text }) => [source.slice(root.length + 1), text])
}
