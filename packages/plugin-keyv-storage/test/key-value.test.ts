import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KeyValue } from '@halter/core'
import { SqliteSessionStore } from '@halter/plugin-sqlite-store'
import type { Json } from '@halter/protocol'
import * as fc from 'fast-check'
import { KeyvMemoryAdapter } from 'keyv'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KeyvKeyValue } from '../src/index.ts'

let folder: string
let store: SqliteSessionStore
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'halter-keyv-'))
  store = await SqliteSessionStore.open({ path: join(folder, 'values.db'), durability: 'process' })
})
afterAll(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

const backings: Readonly<Record<string, () => KeyValue>> = {
  memory: () => new KeyvKeyValue({}),
  'a contributed adapter': () => new KeyvKeyValue({ contributed: store.storageAdapter }),
  'an adapter of keyv': () => new KeyvKeyValue({ keyvAdapter: new KeyvMemoryAdapter(new Map()) }),
}

describe.each(Object.keys(backings))('values in %s', (name) => {
  test('any JSON under any key comes back as it was', async () => {
    const namespace = backings[name]!().namespace('acme')
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1, unit: 'binary' }), fc.jsonValue(), async (key, value) => {
        const json = JSON.parse(JSON.stringify(value)) as Json
        await namespace.set(key, json)
        expect(await namespace.get(key)).toEqual(json)
        await namespace.delete(key)
        expect(await namespace.get(key)).toBeUndefined()
      }),
      { numRuns: 50 },
    )
  })

  test('plugins do not see each other, whatever their names', async () => {
    const keyValue = backings[name]!()
    await keyValue.namespace('a').set('b:c', 1)
    await keyValue.namespace('a:b').set('c', 2)
    expect(await keyValue.namespace('a').get('b:c')).toBe(1)
    expect(await keyValue.namespace('a:b').get('c')).toBe(2)
  })

  test('a value is forgotten after its time', async () => {
    const namespace = backings[name]!().namespace('acme')
    await namespace.set('short', true, { ttlMs: 20 })
    expect(await namespace.get('short')).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 40))
    expect(await namespace.get('short')).toBeUndefined()
  })
})

test('values in a contributed adapter survive the process that wrote them', async () => {
  await new KeyvKeyValue({ contributed: store.storageAdapter }).namespace('acme').set('cursor', 'x7')
  await store.close()
  store = await SqliteSessionStore.open({ path: join(folder, 'values.db'), durability: 'process' })
  expect(await new KeyvKeyValue({ contributed: store.storageAdapter }).namespace('acme').get('cursor')).toBe(
    'x7',
  )
})
