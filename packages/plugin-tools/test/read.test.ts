import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createReadTool } from '@halter/plugin-tools'
import { openSandbox } from './sandbox.ts'
import type { Sandbox } from './sandbox.ts'

const read = createReadTool()
let box: Sandbox
beforeEach(() => {
  box = openSandbox()
})
afterEach(() => box.remove())

describe('text', () => {
  it('comes with line numbers, by a relative or an absolute path', async () => {
    const path = box.file('src/a.txt', 'one\n\nthree\n')
    const expected = '     1\tone\n     2\t\n     3\tthree'
    expect((await box.call(read, { file_path: 'src/a.txt' })).text).toBe(expected)
    expect((await box.call(read, { file_path: path })).text).toBe(expected)
  })

  it('of a window says which lines these are and how to read on', async () => {
    box.file('a.txt', Array.from({ length: 50 }, (_, index) => `line ${index + 1}`).join('\n'))
    const { text } = await box.call(read, { file_path: 'a.txt', offset: 10, limit: 2 })
    expect(text).toBe('    10\tline 10\n    11\tline 11\n[Lines 10-11 of 50. Read on with offset 12.]')
    const rest = await box.call(read, { file_path: 'a.txt', offset: 49 })
    expect(rest.text).toBe('    49\tline 49\n    50\tline 50\n[Lines 49-50 of 50: the end of the file.]')
  })

  it('past the end is an error that says how long the file is', async () => {
    box.file('a.txt', 'one\n')
    expect(await box.call(read, { file_path: 'a.txt', offset: 7 })).toMatchObject({
      isError: true,
      text: expect.stringContaining('has 1 lines; offset 7 is past its end'),
    })
  })

  it('stops at the caps of lines and of bytes, at a whole line', async () => {
    box.file('a.txt', 'x'.repeat(99).concat('\n').repeat(100))
    const byBytes = await box.call(createReadTool({ maxOutputBytes: 1070 }), { file_path: 'a.txt' })
    expect(byBytes.text).toMatch(/\n\[Lines 1-10 of 100\. Read on with offset 11\.\]$/)
    const byLines = await box.call(createReadTool({ maxLines: 20 }), { file_path: 'a.txt', limit: 90 })
    expect(byLines.text).toMatch(/\n\[Lines 1-20 of 100\. Read on with offset 21\.\]$/)
  })

  it('of a very long line is cut, and the line after it is whole', async () => {
    box.file('a.txt', `${'é'.repeat(400_000)}\nnext\n`)
    const { text } = await box.call(read, { file_path: 'a.txt' })
    expect(text).toBe(`     1\t${'é'.repeat(2000)} [cut here: the line has 800.0 kB]\n     2\tnext`)
  })

  it('shows CRLF files without the carriage returns, and what is no UTF-8 as replacement characters', async () => {
    box.file('a.txt', Buffer.from('a\r\n\xe9t\xe9\r\n', 'latin1'))
    expect((await box.call(read, { file_path: 'a.txt' })).text).toBe('     1\ta\n     2\t\ufffdt\ufffd')
  })

  it('that is empty is said to be', async () => {
    box.file('a.txt', '')
    const answer = await box.call(read, { file_path: 'a.txt' })
    expect(answer).toMatchObject({ isError: false, text: `[${join(box.root, 'a.txt')} is empty.]` })
  })

  it('row 134: comes with the hash of the whole file when that is asked for, whatever lines are shown', async () => {
    const text = 'one\ntwo\r\nthree ü'
    box.file('a.txt', text)
    const hash = createHash('sha256').update(text).digest('hex')
    for (const extra of [{}, { offset: 2, limit: 1 }])
      expect((await box.call(read, { file_path: 'a.txt', sha256: true, ...extra })).text).toMatch(
        new RegExp(`\\n\\[SHA-256 of the whole file: ${hash}\\]$`),
      )
    box.file('empty.txt', '')
    expect((await box.call(read, { file_path: 'empty.txt', sha256: true })).text).toContain(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    )
    expect((await box.call(read, { file_path: 'a.txt' })).text).not.toContain('SHA')
  })

  it('of any content is the same lines that a naive reader finds', async () => {
    const content = fc.string({ unit: fc.constantFrom('a', '\n', '\r\n', 'ü', '𝄞', ' '), maxLength: 400 })
    await fc.assert(
      fc.asyncProperty(
        content,
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 30 }),
        async (text, offset, limit) => {
          box.file('law.txt', text)
          const lines = text.replace(/\r?\n$/, '').split(/\r?\n/)
          const { text: shown, isError } = await box.call(read, { file_path: 'law.txt', offset, limit })
          fc.pre(text !== '')
          expect(isError).toBe(offset > lines.length)
          if (isError) return
          const expected = lines.slice(offset - 1, offset - 1 + limit)
          const numbered = expected.map((line, index) => `${String(offset + index).padStart(6)}\t${line}`)
          expect(shown.split('\n').slice(0, expected.length)).toEqual(numbered)
          const isAll = offset === 1 && expected.length === lines.length
          expect(shown.split('\n').length).toBe(expected.length + (isAll ? 0 : 1))
        },
      ),
      { numRuns: 150 },
    )
  })
})

describe('a large file', () => {
  it('is read in pieces: a window of 200 MB costs no more memory than a window of a small one', async () => {
    const path = box.file('large.txt', '')
    const chunk = `${'x'.repeat(99)}\n`.repeat(100_000)
    for (let i = 0; i < 20; i++) writeFileSync(path, chunk, { flag: 'a' })
    const before = process.memoryUsage.rss()
    const { text } = await box.call(read, { file_path: 'large.txt', offset: 1_999_999, limit: 1 })
    expect(text).toMatch(
      /^1999999\tx+\n\[Lines 1999999-1999999 of 2000000\. Read on with offset 2000000\.\]$/,
    )
    expect(process.memoryUsage.rss() - before).toBeLessThan(60_000_000)
  })

  it('is left alone when the call is cancelled', async () => {
    box.file('a.txt', 'x')
    const call = box.call(read, { file_path: 'a.txt' }, AbortSignal.abort(new Error('stop')))
    await expect(call).rejects.toThrow('stop')
  })
})

describe('what is no text', () => {
  const pictures = {
    'image/png': '89504e470d0a1a0a0000000d',
    'image/jpeg': 'ffd8ffe000104a4649460001',
    'image/gif': '474946383961010001000000',
    'image/webp': '524946460000000057454250',
  }
  for (const [mediaType, hex] of Object.entries(pictures))
    it(`comes as a picture when it is ${mediaType}, whatever its name`, async () => {
      box.file('picture.dat', Buffer.from(hex, 'hex'))
      const answer = await box.call(read, { file_path: 'picture.dat' })
      expect(answer.parts[1]).toEqual({
        kind: 'image',
        mediaType,
        data: Buffer.from(hex, 'hex').toString('base64'),
      })
    })

  it('is refused with its size when it is another binary file', async () => {
    box.file('a.bin', Buffer.from([1, 2, 0, 4]))
    expect(await box.call(read, { file_path: 'a.bin' })).toMatchObject({
      isError: true,
      text: expect.stringContaining('is a binary file of 4 bytes'),
    })
  })

  it('is refused when a picture is too large for a model', async () => {
    box.file('a.png', Buffer.concat([Buffer.from(pictures['image/png'], 'hex'), Buffer.alloc(4_000_000)]))
    expect(await box.call(read, { file_path: 'a.png' })).toMatchObject({
      isError: true,
      text: expect.stringMatching(/picture of 4\.0 MB; at most 3\.8 MB/),
    })
  })

  it('is listed when it is a folder', async () => {
    box.file('src/b.ts', '')
    box.file('src/a.ts', '')
    mkdirSync(join(box.root, 'src/lib'))
    const { text } = await box.call(read, { file_path: 'src' })
    expect(text).toBe(`[Folder ${join(box.root, 'src')}, 3 entries]\na.ts\nb.ts\nlib/`)
  })

  it.skipIf(process.platform === 'win32')(
    'is refused at once when it is a pipe that nobody writes to',
    async () => {
      execFileSync('sh', ['-c', 'mkfifo "$0"', join(box.root, 'pipe')])
      const begin = performance.now()
      expect((await box.call(read, { file_path: 'pipe' })).text).toContain('is a pipe, socket or device')
      expect(performance.now() - begin).toBeLessThan(1000)
    },
  )
})

describe('what is not there', () => {
  it('is answered with the nearest names of its folder', async () => {
    box.file('src/session-store.ts', '')
    box.file('src/other.ts', '')
    const { text, isError } = await box.call(read, { file_path: 'src/sesion-store.ts' })
    expect(isError).toBe(true)
    expect(text).toBe(
      `${join(box.root, 'src/sesion-store.ts')} does not exist. Did you mean ${join(box.root, 'src/session-store.ts')}?`,
    )
    const ending = await box.call(read, { file_path: 'src/session-store.js' })
    expect(ending.text).toContain('session-store.ts?')
  })

  it('is answered with advice when nothing is near, the folder is missing, or a link leads nowhere', async () => {
    for (const path of ['zzz.txt', 'no/such/folder.txt'])
      expect((await box.call(read, { file_path: path })).text).toContain('Look for it with glob')
    if (process.platform === 'win32') return
    symlinkSync('nowhere', join(box.root, 'dangling'))
    expect((await box.call(read, { file_path: 'dangling' })).text).toContain(
      'is a link that leads to nothing',
    )
  })

  it('is answered in words for odd paths', async () => {
    box.file('file', 'x')
    expect((await box.call(read, { file_path: '' })).text).toContain('The path is empty')
    expect((await box.call(read, { file_path: 'a\0b' })).text).toContain('NUL')
    expect((await box.call(read, { file_path: 'file/below' })).text).toContain('part of its path is a file')
    expect((await box.call(read, { file_path: 'n'.repeat(300) })).text).toContain('name is too long')
  })
})
