import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KeyvStorageAdapter } from 'keyv'
import { describe, expect, onTestFinished, test } from 'vitest'
import { KeyvKeyValue } from '@halter/plugin-keyv-storage'
import { SqliteSessionStore } from '@halter/plugin-sqlite-store'

describe('a value that JSON would change is refused', () => {
  const cycle: { self?: unknown } = {}
  cycle.self = [cycle]
  test.each([
    ['undefined', undefined, 'a value of type undefined is no JSON'],
    ['undefined in a list', [undefined], 'a value of type undefined is no JSON'],
    ['a function', { f: () => 1 }, 'a value of type function is no JSON'],
    ['a BigInt', [1n], 'a value of type bigint is no JSON'],
    ['a Map', { map: new Map([[1, 2]]) }, 'a Map is no JSON'],
    ['a Date', new Date(), 'a Date is no JSON'],
    ['NaN', { n: Number.NaN }, 'NaN is no JSON number'],
    ['a cycle', cycle, 'it contains itself'],
  ])('%s', async (_what, value, problem) => {
    const values = new KeyvKeyValue({}).namespace('@acme/mine')
    await expect(values.set('key', value as never)).rejects.toMatchObject({
      code: 'ERR_STORE_FAILED',
      plugin: '@acme/mine',
      message: `@acme/mine cannot keep "key": ${problem}. Keep JSON values only.`,
    })
    expect(await values.get('key')).toBeUndefined()
  })

  test('a property that is undefined is one that is not there, and the same object twice is no cycle', async () => {
    const values = new KeyvKeyValue({}).namespace('@acme/mine')
    const shared = { n: 1 }
    await values.set('key', { a: shared, b: [shared], c: undefined } as never)
    expect(await values.get('key')).toStrictEqual({ a: { n: 1 }, b: [{ n: 1 }] })
  })
})

test('no key is too odd to keep a value under', async () => {
  const values = new KeyvKeyValue({}).namespace('\ud800')
  for (const key of ['', '::', '__proto__', 'a\u0000b', '\ud800', '\udfff']) {
    await values.set(key, key)
    expect(await values.get(key)).toBe(key)
  }
})

test('a value whose time is none is forgotten at once', async () => {
  const values = new KeyvKeyValue({}).namespace('p')
  await values.set('key', 1)
  await values.set('key', 2, { ttlMs: 0 })
  expect(await values.get('key')).toBeUndefined()
})

test('null is a value', async () => {
  const values = new KeyvKeyValue({}).namespace('p')
  await values.set('key', null)
  expect(await values.get('key')).toBeNull()
})

describe('an adapter that fails is an error, not an absent value', () => {
  test('of the SQLite store, as that says it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'halter-keyv-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const store = await SqliteSessionStore.open({ path: join(folder, 'sessions.db') })
    const values = new KeyvKeyValue({ contributed: store.storageAdapter }).namespace('p')
    await values.set('key', 1)
    await store.close()
    for (const attempt of [values.get('key'), values.set('key', 2), values.delete('key')])
      await expect(attempt).rejects.toMatchObject({
        code: 'ERR_STORE_FAILED',
        message: expect.stringContaining('is closed') as string,
      })
  })

  test('of a program, named after the plugin that asked', async () => {
    const failing = () => Promise.reject(new Error('connection reset'))
    const adapter = { capabilities: { expires: true }, get: failing, set: failing, delete: failing }
    const keyvAdapter = adapter as unknown as KeyvStorageAdapter
    const values = new KeyvKeyValue({ keyvAdapter }).namespace('@acme/mine')
    for (const attempt of [values.get('key'), values.set('key', 1), values.delete('key')])
      await expect(attempt).rejects.toMatchObject({
        code: 'ERR_STORE_FAILED',
        plugin: '@acme/mine',
        message: '@acme/mine could not use its stored values: connection reset.',
        cause: { message: 'connection reset' },
      })
  })
})
