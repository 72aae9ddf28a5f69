import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createEditTool,
  createGlobTool,
  createGrepTool,
  createReadTool,
  createWriteTool,
} from '@halter/plugin-tools'
import { openSandbox } from '../sandbox.ts'
import type { Sandbox } from '../sandbox.ts'

const SECRET = 'canary-51d2'
const [read, write, edit] = [createReadTool(), createWriteTool(), createEditTool()]
let box: Sandbox
beforeEach(() => {
  box = openSandbox()
  writeFileSync(join(box.outside, 'secret.txt'), SECRET)
})
afterEach(() => box.remove())

const untouched = (): void => {
  expect(readdirSync(box.outside)).toEqual(['secret.txt'])
  expect(readFileSync(join(box.outside, 'secret.txt'), 'utf8')).toBe(SECRET)
}

// Links need a privilege on Windows.
const canLink = process.platform !== 'win32'

describe.runIf(canLink)('outside the roots', () => {
  const ways = {
    'an absolute path': () => join(box.outside, 'secret.txt'),
    dots: () => '../outside/secret.txt',
    'dots in the middle': () => 'a/../../outside/secret.txt',
    'a link to a file': () => {
      symlinkSync('../outside/secret.txt', join(box.root, 'link'))
      return 'link'
    },
    'a link to a folder': () => {
      symlinkSync(box.outside, join(box.root, 'folder'))
      return 'folder/secret.txt'
    },
    'a chain of links': () => {
      symlinkSync('two', join(box.root, 'one'))
      symlinkSync('../outside', join(box.root, 'two'))
      return 'one/secret.txt'
    },
    'a folder whose name begins alike': () => {
      mkdirSync(`${box.root}-twin`)
      writeFileSync(`${box.root}-twin/secret.txt`, SECRET)
      return `${box.root}-twin/secret.txt`
    },
  }
  for (const [name, prepare] of Object.entries(ways))
    it(`nothing is read, written or edited by ${name}`, async () => {
      const file_path = prepare()
      const answers = [
        await box.call(read, { file_path }),
        await box.call(write, { file_path, content: 'gotcha' }),
        await box.call(edit, { file_path, old_string: 'canary', new_string: 'gotcha' }),
      ]
      for (const { text, isError } of answers) {
        expect({ isError, text }).toEqual({
          isError: true,
          text: expect.stringMatching(/outside the folders that this session may/),
        })
        expect(text).not.toContain(SECRET)
      }
      untouched()
    })

  it('no file and no folder is made through a link that leads to nothing there', async () => {
    symlinkSync('../outside/new.txt', join(box.root, 'link'))
    symlinkSync('../outside', join(box.root, 'folder'))
    for (const file_path of ['link', 'folder/new.txt', 'folder/a/b/new.txt', join(box.outside, 'x/y.txt')])
      expect((await box.call(write, { file_path, content: 'x' })).text).toContain('outside the folders')
    untouched()
  })

  it('nothing is told of what is there', async () => {
    const there = await box.call(read, { file_path: join(box.outside, 'secret.txt') })
    const missing = await box.call(read, { file_path: join(box.outside, 'secret.tx') })
    expect(there.text.replace('secret.txt', '')).toBe(missing.text.replace('secret.tx', ''))
  })

  it('nothing is searched, by path or by link', async () => {
    symlinkSync(box.outside, join(box.root, 'folder'))
    symlinkSync('../outside/secret.txt', join(box.root, 'link.txt'))
    const grep = createGrepTool()
    expect((await box.call(grep, { pattern: 'canary' })).text).toContain('Nothing fits')
    for (const path of ['folder', 'link.txt', box.outside, '..'])
      expect((await box.call(grep, { pattern: 'canary', path })).text).toContain('outside the folders')
    expect((await box.call(createGlobTool(), { pattern: '**/secret.txt' })).text).toContain('No file fits')
    for (const pattern of ['folder/*', '../**', `${box.outside}/*`])
      expect((await box.call(createGlobTool(), { pattern })).text).toContain('outside the folders')
  })
})

describe('more roots', () => {
  it('can be read and written, and read-only ones be read', async () => {
    const path = join(box.outside, 'secret.txt')
    const options = { readRoots: [box.outside, '/no/such/folder'] }
    expect((await box.call(createReadTool(options), { file_path: path })).text).toContain(SECRET)
    expect(
      (await box.call(createGrepTool(options), { pattern: 'canary', path: box.outside })).text,
    ).toContain(path)
    expect((await box.call(createWriteTool(options), { file_path: path, content: '' })).isError).toBe(true)
    const answer = await box.call(createWriteTool({ roots: [box.outside] }), {
      file_path: path,
      content: 'new',
    })
    expect(answer.isError).toBe(false)
    expect(readFileSync(path, 'utf8')).toBe('new')
  })

  it('must be absolute', () => {
    for (const options of [{ roots: ['src'] }, { readRoots: ['~/notes'] }])
      expect(() => createReadTool(options)).toThrowError(
        expect.objectContaining({ code: 'ERR_PLUGIN_CONFIG' }),
      )
  })

  it.runIf(canLink)('are found by any of their names', async () => {
    symlinkSync(box.root, join(box.outside, 'alias'))
    box.file('a.txt', 'text')
    const context = { ...box.context(), workingDir: join(box.outside, 'alias') }
    for (const file_path of ['a.txt', join(box.root, 'a.txt'), join(box.outside, 'alias/a.txt')])
      expect(await read.execute({ file_path }, context)).toMatchObject({ parts: [{ text: '     1\ttext' }] })
  })
})

/**
 * A process flips a folder and a file between what lies inside and links to the outside, as fast as it can. Promise: whatever
 * the moment, nothing outside is read, written, made or found.
 */
describe.skipIf(process.platform !== 'linux')('under a race', () => {
  const operations = Number(process.env['TEST_OPERATIONS'] ?? 1500)

  it(
    'of reads, writes, edits and searches against links that flip, none escapes',
    { timeout: 20_000 + operations * 10 },
    async () => {
      box.file('real/secret.txt', 'harmless')
      for (const name of ['folder', 'file']) symlinkSync('real', join(box.root, name))
      const flipper = spawn(
        process.execPath,
        [join(import.meta.dirname, 'flip-links.ts'), box.root, box.outside],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      )
      await once(flipper.stdout, 'data')
      const count = { done: 0, refused: 0 }
      try {
        for (let index = 0; index < operations; index++) {
          const file_path = index % 2 === 0 ? 'folder/secret.txt' : 'file'
          const answer = await oneOf(index, file_path)
          expect(answer.text).not.toContain(SECRET)
          count[answer.isError ? 'refused' : 'done']++
        }
        for (let index = 0; index < 10; index++) {
          const found = await box.call(createGrepTool(), {
            pattern: 'canary',
            path: index % 2 ? '.' : 'folder',
          })
          expect(found.text).not.toContain('secret.txt:')
          expect(found.text).toMatch(/Nothing fits|outside the folders|does not exist/)
        }
        expect(flipper.exitCode).toBeNull()
      } finally {
        const gone = once(flipper, 'exit')
        if (flipper.kill('SIGKILL')) await gone
      }
      untouched()
      // Both sides of the race were met.
      expect(count.done).toBeGreaterThan(operations / 20)
      expect(count.refused).toBeGreaterThan(operations / 20)
    },
  )

  async function oneOf(index: number, file_path: string): ReturnType<Sandbox['call']> {
    if (index % 5 === 4) return box.call(write, { file_path, content: 'harmless' })
    if (index % 50 === 3) return box.call(write, { file_path: `folder/made/${index}.txt`, content: 'x' })
    if (index % 50 === 8)
      return box.call(edit, { file_path, old_string: 'harmless', new_string: 'harmless!' })
    return box.call(read, { file_path })
  }
})

it('a working directory that is gone is told in words', async () => {
  const context = { ...box.context(), workingDir: join(box.root, 'gone') }
  expect(existsSync(context.workingDir)).toBe(false)
  const answer = (await read.execute({ file_path: 'a' }, context)) as { parts: { text: string }[] }
  expect(answer.parts[0]?.text).toContain('does not exist any more')
})
