import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { packageManagerOf } from '../../src/cli/package-manager.ts'

let base: string
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'halter-pm-')))
  mkdirSync(join(base, '.git'))
  mkdirSync(join(base, 'deep/er'), { recursive: true })
})
afterEach(() => rmSync(base, { recursive: true }))

test.each([
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
  ['package-lock.json', 'npm'],
])('a folder below one with %s is used with %s, which installs exact versions', (name, manager) => {
  writeFileSync(join(base, name), '')
  const found = packageManagerOf(join(base, 'deep/er'))
  expect(found.name).toBe(manager)
  expect(found.install.some((flag) => /exact/.test(flag))).toBe(true)
})

test('the nearest lock file decides, the repository’s root ends the search, and without one it is npm', () => {
  writeFileSync(join(base, 'yarn.lock'), '')
  writeFileSync(join(base, 'deep/pnpm-lock.yaml'), '')
  expect(packageManagerOf(join(base, 'deep/er')).name).toBe('pnpm')
  mkdirSync(join(base, 'deep/er/.git'))
  expect(packageManagerOf(join(base, 'deep/er')).name).toBe('npm')
})
