import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { validate, type Schema } from '@halter/core'
import { createTestRuntime } from '@halter/core/testing'
import plugin from '@halter/plugin-sqlite-store'

test('the plugin fills the slot of the session store and adds a storage adapter', () => {
  expect(plugin).toMatchObject({
    name: '@halter/plugin-sqlite-store',
    provides: ['sessionStore'],
    contributes: ['storageAdapters', 'doctorChecks'],
    requires: [],
  })
})

test('options are a path and a durability, and nothing else', async () => {
  const schema = plugin.config as Schema
  expect(await validate(schema, {})).toEqual({ value: { durability: 'power' } })
  expect(await validate(schema, { path: ':memory:', durability: 'process' })).toMatchObject({
    value: { path: ':memory:', durability: 'process' },
  })
  for (const wrong of [{ path: '' }, { path: 1 }, { durability: 'none' }, { synchronous: 'off' }])
    expect((await validate(schema, wrong)).issues).toBeDefined()
})

test('without a path, sessions are kept in the folder of halter', async () => {
  const home = mkdtempSync(join(tmpdir(), 'halter-store-'))
  vi.stubEnv('HALTER_HOME', home)
  const { runtime } = await createTestRuntime({ plugins: [plugin] })
  expect(existsSync(join(home, 'sessions.db'))).toBe(true)
  await runtime.shutdown()
  vi.unstubAllEnvs()
  rmSync(home, { recursive: true })
})
