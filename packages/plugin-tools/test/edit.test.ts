import { createHash } from 'node:crypto'
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createEditTool, createReadTool } from '@halter/plugin-tools'
import { openSandbox } from './sandbox.ts'
import type { Sandbox } from './sandbox.ts'

const edit = createEditTool()
let box: Sandbox
beforeEach(() => {
  box = openSandbox()
})
afterEach(() => box.remove())

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

const content = (path: string): string => readFileSync(join(box.root, path), 'utf8')

describe('edit', () => {
  it('replaces the only occurrence and shows the lines around it', async () => {
    box.file('a.txt', 'one\ntwo\nthree\nfour\nfive\nsix\nseven\n')
    const { text } = await box.call(edit, {
      file_path: 'a.txt',
      old_string: 'four',
      new_string: 'FOUR\nand a half',
    })
    expect(content('a.txt')).toBe('one\ntwo\nthree\nFOUR\nand a half\nfive\nsix\nseven\n')
    expect(text).toBe(
      `Replaced 1 occurrence in ${join(box.root, 'a.txt')}:\n     1\tone\n     2\ttwo\n     3\tthree\n     4\tFOUR\n     5\tand a half\n     6\tfive\n     7\tsix\n     8\tseven`,
    )
  })

  it('takes both texts literally', async () => {
    box.file('a.txt', 'price: a.c $1')
    await box.call(edit, { file_path: 'a.txt', old_string: 'a.c $1', new_string: "$& $$ $' \\1" })
    expect(content('a.txt')).toBe("price: $& $$ $' \\1")
  })

  it('replaces every occurrence with replace_all, and says how many', async () => {
    box.file('a.txt', 'x x x')
    const { text } = await box.call(edit, {
      file_path: 'a.txt',
      old_string: 'x',
      new_string: 'yy',
      replace_all: true,
    })
    expect(text).toMatch(/^Replaced 3 occurrences .*; the first:/)
    expect(content('a.txt')).toBe('yy yy yy')
  })

  it('refuses an ambiguous text with its count and lines, overlapping ones too', async () => {
    box.file('a.txt', 'dup\nx\ndup\n')
    expect(await box.call(edit, { file_path: 'a.txt', old_string: 'dup', new_string: 'y' })).toMatchObject({
      isError: true,
      text: expect.stringMatching(/2 times \(lines 1, 3\).*replace_all/),
    })
    box.file('b.txt', 'aaa')
    expect((await box.call(edit, { file_path: 'b.txt', old_string: 'aa', new_string: 'y' })).text).toContain(
      '2 times',
    )
    expect([content('a.txt'), content('b.txt')]).toEqual(['dup\nx\ndup\n', 'aaa'])
  })

  it('refuses a missing text, and finds the line that differs in spaces only', async () => {
    box.file('a.txt', 'if (a) {\n\treturn  b\n}\n')
    const near = await box.call(edit, { file_path: 'a.txt', old_string: '  return b\n', new_string: 'x' })
    expect(near).toMatchObject({
      isError: true,
      text: expect.stringContaining('Line 2 is alike but for spaces or tabs'),
    })
    const far = await box.call(edit, { file_path: 'a.txt', old_string: 'nothing like it', new_string: 'x' })
    expect(far.text).toContain('Read the file again')
  })

  it('refuses what would change nothing, and an empty old text', async () => {
    box.file('a.txt', 'a')
    expect((await box.call(edit, { file_path: 'a.txt', old_string: 'a', new_string: 'a' })).text).toContain(
      'the same',
    )
    expect((await box.call(edit, { file_path: 'a.txt', old_string: '', new_string: 'a' })).text).toContain(
      'use write',
    )
  })

  it('keeps CRLF line ends, though models write LF', async () => {
    box.file('a.txt', 'one\r\ntwo\r\nthree\r\n')
    await box.call(edit, { file_path: 'a.txt', old_string: 'one\ntwo', new_string: '1\n2\n2b' })
    await box.call(edit, { file_path: 'a.txt', old_string: 'three', new_string: '3\n4' })
    expect(content('a.txt')).toBe('1\r\n2\r\n2b\r\n3\r\n4\r\n')
  })

  it('keeps mode and byte order mark', async () => {
    const path = box.file('a.sh', '\ufeffecho a\n')
    chmodSync(path, 0o755)
    await box.call(edit, { file_path: 'a.sh', old_string: 'echo a', new_string: 'echo b' })
    expect(content('a.sh')).toBe('\ufeffecho b\n')
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o755)
  })

  it('refuses what it would damage: other encodings, folders, huge files, explosions', async () => {
    const latin = box.file('latin.txt', Buffer.from('caf\xe9', 'latin1'))
    expect(
      (await box.call(edit, { file_path: 'latin.txt', old_string: 'caf', new_string: 'x' })).text,
    ).toContain('not UTF-8')
    expect(readFileSync(latin)).toEqual(Buffer.from('caf\xe9', 'latin1'))
    expect((await box.call(edit, { file_path: '.', old_string: 'a', new_string: 'x' })).text).toContain(
      'is not a file',
    )
    writeFileSync(join(box.root, 'huge.txt'), Buffer.alloc(17 * 1024 * 1024, 'a'))
    expect(
      (await box.call(edit, { file_path: 'huge.txt', old_string: 'a', new_string: 'x' })).text,
    ).toContain('takes files up to')
    box.file('many.txt', 'a'.repeat(1_000_000))
    const input = {
      file_path: 'many.txt',
      old_string: 'a',
      new_string: 'b'.repeat(100_000),
      replace_all: true,
    }
    expect((await box.call(edit, input)).text).toContain('too large (1000000 replacements)')
  })

  it('row 139: refuses a file that is not what it was, and tells the hash before and after', async () => {
    const path = box.file('a.txt', 'one\ntwo\n')
    const shown = await box.call(createReadTool(), { file_path: 'a.txt', sha256: true })
    const [, hash] = /SHA-256 of the whole file: ([0-9a-f]{64})\]$/.exec(shown.text)!
    expect(hash).toBe(hashOf('one\ntwo\n'))
    const change = {
      file_path: 'a.txt',
      old_string: 'one',
      new_string: '1',
      expected_sha256: hash!.toUpperCase(),
    }
    const done = await box.call(edit, change)
    expect(done.text).toContain(`[SHA-256 before: ${hash}, after: ${hashOf('1\ntwo\n')}]`)
    const stale = await box.call(edit, { ...change, old_string: 'two', new_string: '2' })
    expect(stale).toMatchObject({ isError: true, text: expect.stringContaining(hashOf('1\ntwo\n')) })
    expect(readFileSync(path, 'utf8')).toBe('1\ntwo\n')
    const plain = await box.call(edit, { file_path: 'a.txt', old_string: 'two', new_string: '2' })
    expect(plain.text).not.toContain('SHA')
  })

  it('names near files when the file is missing', async () => {
    box.file('config.json', '{}')
    const { text } = await box.call(edit, { file_path: 'confg.json', old_string: 'a', new_string: 'b' })
    expect(text).toContain(`Did you mean ${join(box.root, 'config.json')}?`)
  })

  it('is the inverse of itself for any unique text', async () => {
    const piece = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '$', '𝄞'), maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(piece, piece, async (before, after) => {
        box.file('law.txt', `${before}<old>${after}`)
        await box.call(edit, { file_path: 'law.txt', old_string: '<old>', new_string: '[new]' })
        expect(content('law.txt')).toBe(`${before}[new]${after}`)
        await box.call(edit, { file_path: 'law.txt', old_string: '[new]', new_string: '<old>' })
        expect(content('law.txt')).toBe(`${before}<old>${after}`)
      }),
      { numRuns: 40 },
    )
  })

  it('asks when the options say so', () => {
    const tool = createEditTool({ askToWrite: true })
    const input = { file_path: 'a.txt', old_string: 'a', new_string: 'b' }
    expect(tool.needsApproval?.(input, { workingDir: box.root })?.reason).toContain(
      'edit would change "a.txt"',
    )
    expect(edit.needsApproval?.(input, { workingDir: box.root })).toBeUndefined()
  })
})
