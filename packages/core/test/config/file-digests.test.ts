import { createHash } from 'node:crypto'
import { mkdtempSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FileDigests } from '../../src/config/file-digests.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'halter-digests-'))
  file = join(folder, 'a')
})
afterEach(() => rmSync(folder, { recursive: true }))

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

test('a change shows, even one of the same size whose time of writing was set back', async () => {
  const digests = new FileDigests()
  writeFileSync(file, 'good')
  const { atime, mtime } = statSync(file)
  expect(await digests.of(file)).toBe(sha256('good'))
  expect(await digests.of(file)).toBe(sha256('good'))
  await new Promise((resolve) => setTimeout(resolve, 20))
  writeFileSync(file, 'evil')
  utimesSync(file, atime, mtime)
  expect(await digests.of(file)).toBe(sha256('evil'))
})

test('another file in its place shows', async () => {
  const digests = new FileDigests()
  writeFileSync(file, 'good')
  writeFileSync(join(folder, 'b'), 'evil')
  await digests.of(file)
  renameSync(join(folder, 'b'), file)
  expect(await digests.of(file)).toBe(sha256('evil'))
})

test('a file that is gone is an error, not an old digest', async () => {
  const digests = new FileDigests()
  writeFileSync(file, 'good')
  await digests.of(file)
  rmSync(file)
  await expect(digests.of(file)).rejects.toThrow('ENOENT')
})
