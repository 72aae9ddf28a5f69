import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { EMPTY_RESOURCES } from '@halter/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ResourceFiles } from '../src/index.ts'

let root: string
let files: ResourceFiles

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'halter-instructions-')))
  files = open()
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

describe('which files count', () => {
  test("the user's, then those from the root of the repository down to the working directory", async () => {
    write('home/AGENTS.md', 'user')
    write('AGENTS.md', 'above the repository')
    mkdirSync(join(root, 'repo/.git'), { recursive: true })
    write('repo/AGENTS.md', 'repo')
    write('repo/a/CLAUDE.md', 'a')
    write('repo/a/b/AGENTS.md', 'b')
    write('repo/other/AGENTS.md', 'other')
    expect(await found('repo/a/b')).toEqual([
      ['home/AGENTS.md', 'user'],
      ['repo/AGENTS.md', 'repo'],
      ['repo/a/CLAUDE.md', 'a'],
      ['repo/a/b/AGENTS.md', 'b'],
    ])
  })

  test('AGENTS.md of a folder is taken instead of its CLAUDE.md', async () => {
    write('w/AGENTS.md', 'agents')
    write('w/CLAUDE.md', 'claude')
    expect(await found('w')).toEqual([['w/AGENTS.md', 'agents']])
  })

  test('outside a repository only the working directory counts', async () => {
    write('AGENTS.md', 'a stranger could have put it here')
    write('w/CLAUDE.md', 'mine')
    expect(await found('w')).toEqual([['w/CLAUDE.md', 'mine']])
  })

  test('without any, and in a folder that does not exist, there are no resources', async () => {
    expect(await snapshot('w')).toBe(EMPTY_RESOURCES)
    write('w/AGENTS.md', ' \n')
    mkdirSync(join(root, 'w/CLAUDE.md'))
    expect(await snapshot('w')).toBe(EMPTY_RESOURCES)
  })

  test('a file that is both the user’s and the project’s counts once', async () => {
    write('home/AGENTS.md', 'one')
    expect(await found('home')).toEqual([['home/AGENTS.md', 'one']])
  })
})

describe('the revision', () => {
  test('is the same for the same content, and another for any other', async () => {
    write('w/AGENTS.md', 'one')
    const first = await snapshot('w')
    expect(first.revision).toMatch(/^[\da-f]{64}$/)
    write('w/AGENTS.md', 'two')
    const second = await snapshot('w')
    write('w/AGENTS.md', 'one')
    expect(second.revision).not.toBe(first.revision)
    expect((await snapshot('w')).revision).toBe(first.revision)
    expect((await open().snapshot(blueprint('w'))).revision).toBe(first.revision)
  })

  test('while nothing changes the snapshot is the same object', async () => {
    write('w/AGENTS.md', 'one')
    expect(await snapshot('w')).toBe(await snapshot('w'))
    const before = await snapshot('w')
    write('w/AGENTS.md', 'one')
    expect((await snapshot('w')).revision).toBe(before.revision)
  })

  test('files that come and go are noticed at once', async () => {
    mkdirSync(join(root, 'w'))
    expect(await found('w')).toEqual([])
    write('w/CLAUDE.md', 'claude')
    expect(await found('w')).toEqual([['w/CLAUDE.md', 'claude']])
    write('w/AGENTS.md', 'agents')
    expect(await found('w')).toEqual([['w/AGENTS.md', 'agents']])
    rmSync(join(root, 'w/AGENTS.md'))
    expect(await found('w')).toEqual([['w/CLAUDE.md', 'claude']])
    rmSync(join(root, 'w/CLAUDE.md'))
    expect(await snapshot('w')).toBe(EMPTY_RESOURCES)
  })

  test('many working directories are remembered, and not without end', async () => {
    for (let index = 0; index < 150; index++) write(`w${index}/AGENTS.md`, `${index}`)
    const all = await Promise.all(Array.from({ length: 150 }, (_, index) => snapshot(`w${index}`)))
    expect(await snapshot('w149')).toBe(all[149])
    expect(await snapshot('w0')).not.toBe(all[0])
    expect(await snapshot('w0')).toEqual(all[0])
  })
})

describe('what a file cannot do', () => {
  test('a long one is cut at 32 KiB, between characters, and both model and user are told', async () => {
    write('w/AGENTS.md', `a${'é'.repeat(20_000)}`)
    const { instructions, warnings } = await snapshot('w')
    const [text, notice] = instructions[0]!.text.split('\n\n')
    expect(text).toBe(`a${'é'.repeat(16_383)}`)
    expect(notice).toBe('[This file has 40001 bytes, of which only the first 32768 are used.]')
    expect(warnings).toEqual([
      `${join(root, 'w/AGENTS.md')}: It has 40001 bytes, of which only the first 32768 are used. Shorten it.`,
    ])
  })

  test.skipIf(process.platform === 'win32')(
    'a link out of the repository is not followed, one within it is',
    async () => {
      write('secret.txt', 'the key')
      mkdirSync(join(root, 'repo/.git'), { recursive: true })
      write('repo/a/real.md', 'in the repository')
      symlinkSync('../../secret.txt', join(root, 'repo/a/AGENTS.md'))
      symlinkSync('a/real.md', join(root, 'repo/AGENTS.md'))
      const { instructions, warnings } = await snapshot('repo/a')
      expect(instructions.map(({ text }) => text)).toEqual(['in the repository'])
      expect(warnings).toEqual([
        expect.stringMatching(/repo\/a\/AGENTS\.md: It leads out of .*repo, and is not used/),
      ])
    },
  )

  test.skipIf(process.platform === 'win32')('the user’s own may be a link to anywhere', async () => {
    write('dotfiles/agents.md', 'mine')
    mkdirSync(join(root, 'home'))
    symlinkSync('../dotfiles/agents.md', join(root, 'home/AGENTS.md'))
    expect(await found('w')).toEqual([['home/AGENTS.md', 'mine']])
  })

  test.skipIf(process.platform === 'win32')('a pipe blocks nobody, and is no file', async () => {
    mkdirSync(join(root, 'w'))
    execFileSync('sh', ['-c', `mkfifo '${join(root, 'w/AGENTS.md')}'`])
    write('w/CLAUDE.md', 'claude')
    expect(await found('w')).toEqual([['w/CLAUDE.md', 'claude']])
  })

  test('what is not text is not used', async () => {
    write('w/AGENTS.md', 'a\0b')
    expect(await snapshot('w')).toMatchObject({
      instructions: [],
      warnings: [expect.stringContaining('It is not text')],
    })
  })

  test.skipIf(process.platform === 'win32' || process.getuid?.() === 0)(
    'one that must not be read costs a warning, not the turn',
    async () => {
      write('w/AGENTS.md', 'x')
      chmodSync(join(root, 'w/AGENTS.md'), 0)
      expect(await snapshot('w')).toMatchObject({
        instructions: [],
        warnings: [expect.stringContaining('could not be read')],
      })
    },
  )

  test.skipIf(process.platform === 'win32')(
    'a link that leads in circles costs a warning, not the turn',
    async () => {
      mkdirSync(join(root, 'w'))
      symlinkSync('AGENTS.md', join(root, 'w/AGENTS.md'))
      expect(await snapshot('w')).toMatchObject({
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

function open(): ResourceFiles {
  return new ResourceFiles({ home: join(root, 'home'), userHome: join(root, 'user') })
}

function blueprint(folder: string) {
  return { sessionId: 's', depth: 0, model: 'm', workingDir: join(root, folder), limits: {}, metadata: {} }
}

async function snapshot(folder: string) {
  return await files.snapshot(blueprint(folder))
}

async function found(folder: string) {
  return (await snapshot(folder)).instructions.map(({ source, text }) => [
    source.slice(root.length + 1),
    text,
  ])
}
