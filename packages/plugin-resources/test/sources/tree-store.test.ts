import { fork } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { TreeStore } from '../../src/sources/tree-store.ts'
import { makeTarball } from './archives.ts'

let home: string
beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'halter-trees-')))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

test('six processes that install one archive at once all get the same whole tree', async () => {
  const archive = join(home, 'plugin.tgz')
  const files = Array.from({ length: 100 }, (_, index) => ({
    path: `top/f${index}`,
    content: `content ${index}`,
  }))
  const manifest = { path: 'top/.claude-plugin/plugin.json', content: '{"name":"p","version":"1"}' }
  writeFileSync(archive, makeTarball([manifest, { path: 'top/commands/c.md', content: 'x' }, ...files]))
  const installer = new URL('installer.ts', import.meta.url)
  const processes = Array.from({ length: 6 }, () => fork(installer, [home, archive], { stdio: 'pipe' }))
  const answers = await Promise.all(
    processes.map(async (child) => {
      const [answer] = (await once(child, 'message')) as [{ root: string; files: number; warnings: string[] }]
      child.disconnect()
      await once(child, 'exit')
      return answer
    }),
  )
  expect(new Set(answers.map(({ root }) => root)).size).toBe(1)
  expect(answers.map(({ files, warnings }) => [files, warnings])).toEqual(processes.map(() => [102, []]))
  expect(readdirSync(join(home, 'sources/trees'))).toHaveLength(1)
  expect(readdirSync(join(home, 'sources/unfinished'))).toEqual([])
})

test('a tree that could not be made leaves nothing, and the next try may succeed', async () => {
  const store = new TreeStore(home)
  const fails = store.keep('abc', async (folder) => {
    writeFileSync(join(folder, 'half'), 'x')
    throw new Error('no space')
  })
  await expect(fails).rejects.toThrow('no space')
  expect(store.find('abc')).toBeUndefined()
  expect(readdirSync(join(home, 'unfinished'))).toEqual([])
  const kept = await store.keep('abc', async (folder) => writeFileSync(join(folder, 'whole'), 'x'))
  expect(readdirSync(kept)).toEqual(['whole'])
  expect(await store.keep('abc', () => Promise.reject(new Error('not again')))).toBe(kept)
})

test('what a dead process left is removed after an hour, and not before', async () => {
  const folder = join(home, 'unfinished')
  mkdirSync(join(folder, 'old'), { recursive: true })
  writeFileSync(join(folder, 'old/file'), 'x', { mode: 0o400 })
  writeFileSync(join(folder, 'new'), 'x')
  const twoHoursAgo = new Date(Date.now() - 2 * 3_600_000)
  utimesSync(join(folder, 'old'), twoHoursAgo, twoHoursAgo)
  await new TreeStore(home).scratch()
  expect(readdirSync(folder)).toEqual(['new'])
})

test('notes come back as they were, damaged ones are not there, and only the user can read any of it', async () => {
  const store = new TreeStore(home)
  expect(await store.note('x')).toBeUndefined()
  await store.setNote('x', { at: 1 })
  expect(await store.note('x')).toEqual({ at: 1 })
  const [file] = readdirSync(join(home, 'notes'))
  expect(statSync(join(home, 'notes', file!)).mode & 0o077).toBe(0)
  writeFileSync(join(home, 'notes', file!), '{"at":')
  expect(await store.note('x')).toBeUndefined()
})
