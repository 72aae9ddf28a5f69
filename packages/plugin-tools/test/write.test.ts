import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createWriteTool } from '@halter/plugin-tools'
import { openSandbox } from './sandbox.ts'
import type { Sandbox } from './sandbox.ts'

const write = createWriteTool()
const isPosix = process.platform !== 'win32'
let box: Sandbox
beforeEach(() => {
  box = openSandbox()
})
afterEach(() => box.remove())

describe('write', () => {
  it('makes a file and the folders it needs, with the usual mode', async () => {
    const { text } = await box.call(write, { file_path: 'a/b/c.txt', content: 'héllo' })
    expect(text).toBe(`Made ${join(box.root, 'a/b/c.txt')} (6 bytes).`)
    expect(readFileSync(join(box.root, 'a/b/c.txt'), 'utf8')).toBe('héllo')
    if (isPosix) expect(statSync(join(box.root, 'a/b/c.txt')).mode & 0o777).toBe(0o666 & ~process.umask())
  })

  it('replaces a file, keeps its mode, and leaves nothing else behind', async () => {
    const path = box.file('run.sh', 'old')
    chmodSync(path, 0o750)
    const { text } = await box.call(write, { file_path: path, content: 'new' })
    expect(text).toBe(`Replaced ${path} (3 bytes).`)
    expect(readFileSync(path, 'utf8')).toBe('new')
    if (isPosix) expect(statSync(path).mode & 0o777).toBe(0o750)
    expect(readdirSync(box.root)).toEqual(['run.sh'])
  })

  it('never shows a reader a part: who has the old file open keeps the old content', async () => {
    const path = box.file('a.txt', 'old')
    linkSync(path, join(box.root, 'other-name'))
    await box.call(write, { file_path: 'a.txt', content: 'new' })
    expect(readFileSync(join(box.root, 'other-name'), 'utf8')).toBe('old')
  })

  it.runIf(isPosix)('writes through a link, and the link stays one', async () => {
    const target = box.file('real/a.txt', 'old')
    symlinkSync('real/a.txt', join(box.root, 'link'))
    symlinkSync('real/new.txt', join(box.root, 'link-to-nothing'))
    await box.call(write, { file_path: 'link', content: 'new' })
    expect(lstatSync(join(box.root, 'link')).isSymbolicLink()).toBe(true)
    expect(readFileSync(target, 'utf8')).toBe('new')
    await box.call(write, { file_path: 'link-to-nothing', content: 'made' })
    expect(readFileSync(join(box.root, 'real/new.txt'), 'utf8')).toBe('made')
  })

  it('says what stands in the way', async () => {
    box.file('file', 'x')
    mkdirSync(join(box.root, 'folder'))
    for (const path of ['folder', '.', box.root])
      expect((await box.call(write, { file_path: path, content: '' })).text).toContain('is a folder')
    const below = await box.call(write, { file_path: 'file/below.txt', content: '' })
    expect(below).toMatchObject({ isError: true, text: expect.stringContaining('is a file, not a folder') })
    if (isPosix) {
      symlinkSync('circle', join(box.root, 'circle'))
      expect((await box.call(write, { file_path: 'circle', content: '' })).text).toContain('circle')
    }
    expect(readFileSync(join(box.root, 'file'), 'utf8')).toBe('x')
  })

  it.runIf(isPosix && process.getuid?.() !== 0)('leaves a read-only file as it is', async () => {
    const path = box.file('a.txt', 'old')
    chmodSync(path, 0o444)
    expect((await box.call(write, { file_path: path, content: 'new' })).text).toContain('is read-only')
    expect(readFileSync(path, 'utf8')).toBe('old')
  })

  it('changes nothing when it was cancelled', async () => {
    const call = box.call(write, { file_path: 'a.txt', content: 'x' }, AbortSignal.abort(new Error('stop')))
    await expect(call).rejects.toThrow('stop')
    expect(readdirSync(box.root)).toEqual([])
  })

  it('needs no approval by default, and one when the options ask for it', () => {
    const input = { file_path: 'a.txt', content: '' }
    expect(write.needsApproval?.(input, { workingDir: box.root })).toBeUndefined()
    const asking = createWriteTool({ askToWrite: true })
    expect(asking.needsApproval?.(input, { workingDir: box.root })?.reason).toContain('"a.txt"')
  })

  it('does not write where it may only read', async () => {
    const reader = createWriteTool({ readRoots: [box.outside] })
    const path = join(box.outside, 'a.txt')
    expect((await box.call(reader, { file_path: path, content: 'x' })).text).toContain(
      'outside the folders that this session may write',
    )
    expect(existsSync(path)).toBe(false)
  })
})
