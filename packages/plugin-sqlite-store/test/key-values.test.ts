import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openStore, scratchPath } from './open-store.ts'

const hostile = [
  '',
  `'`,
  '%',
  '__proto__',
  'a\u0000b',
  '\ud800',
  '\udfff',
  '漢👩‍👩‍👧',
  '\n"\\',
  'x'.repeat(100_000),
]

test('values come back exactly, also after a reopen', async () => {
  const path = scratchPath()
  const first = await openStore(path)
  expect(first.storageAdapter).toMatchObject({ name: 'sqlite', isDurable: true })
  for (const text of hostile) await first.storageAdapter.set(text, text)
  await first.close()
  const { storageAdapter } = await openStore(path)
  for (const text of hostile) expect(await storageAdapter.get(text)).toBe(text)
  expect(await storageAdapter.get('nobody')).toBeUndefined()
})

test('a value is replaced, and deleted once', async () => {
  const { storageAdapter } = await openStore()
  await storageAdapter.set('key', 'one')
  await storageAdapter.set('key', 'two')
  expect(await storageAdapter.get('key')).toBe('two')
  expect(await storageAdapter.delete('key')).toBe(true)
  expect(await storageAdapter.delete('key')).toBe(false)
  expect(await storageAdapter.get('key')).toBeUndefined()
})

test('a value is forgotten when it expires', async () => {
  const { storageAdapter } = await openStore()
  await storageAdapter.set('short', 'value', Date.now() + 20)
  await storageAdapter.set('long', 'value', Date.now() + 60_000)
  await storageAdapter.set('past', 'value', Date.now() - 1)
  expect(await storageAdapter.get('short')).toBe('value')
  expect(await storageAdapter.get('past')).toBeUndefined()
  await sleep(40)
  expect(await storageAdapter.get('short')).toBeUndefined()
  expect(await storageAdapter.get('long')).toBe('value')
})

test('clear takes what begins with a prefix, whatever it holds', async () => {
  const { storageAdapter } = await openStore()
  for (const prefix of ['a%', 'a_', 'ab', 'A%']) await storageAdapter.set(`${prefix}:key`, prefix)
  await storageAdapter.clear('a%')
  expect(await storageAdapter.get('a%:key')).toBeUndefined()
  for (const prefix of ['a_', 'ab', 'A%']) expect(await storageAdapter.get(`${prefix}:key`)).toBe(prefix)
})

test('in memory the adapter says that it is not durable', async () => {
  const store = await openStore(':memory:')
  expect(store.storageAdapter.isDurable).toBe(false)
  expect(store.durability).toBe('none')
})
