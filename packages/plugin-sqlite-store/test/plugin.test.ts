import { join } from 'node:path'
import { homedir } from 'node:os'
import { describe, expect, test } from 'vitest'
import { validate, type Schema } from '@halter/core'
import plugin from '@halter/plugin-sqlite-store'
import { defaultPath } from '../src/default-path.ts'

test('the plugin fills the slot of the session store and adds a storage adapter', () => {
  expect(plugin).toMatchObject({
    name: '@halter/plugin-sqlite-store',
    provides: ['sessionStore'],
    contributes: ['storageAdapters'],
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

describe('without a path, sessions are kept', () => {
  test.each([
    ['in HALTER_HOME', { HALTER_HOME: '/h', XDG_DATA_HOME: '/x' }, 'linux', '/h/sessions.db'],
    ['in XDG_DATA_HOME', { XDG_DATA_HOME: '/x' }, 'linux', '/x/halter/sessions.db'],
    ['in the local share', { HALTER_HOME: '' }, 'linux', join(homedir(), '.local/share/halter/sessions.db')],
    ['in LOCALAPPDATA', { LOCALAPPDATA: '/l', XDG_DATA_HOME: '/x' }, 'win32', '/l/halter/sessions.db'],
  ])('%s', (_where, env, platform, path) => {
    expect(defaultPath(env, platform)).toBe(join(path))
  })
})
