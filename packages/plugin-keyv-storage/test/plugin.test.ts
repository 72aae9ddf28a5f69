import type { StorageAdapter } from '@halter/core'
import { createTestRuntime } from '@halter/core/testing'
import { KeyvMemoryAdapter } from 'keyv'
import { expect, test } from 'vitest'
import plugin, { type KeyvKeyValue } from '@halter/plugin-keyv-storage'

test('an adapter of the options wins over contributed ones, and a durable one over the others', async () => {
  const [forgetful, durable] = [recording(false), recording(true)]
  const map = new Map<string, unknown>()
  const adapter = new KeyvMemoryAdapter(map)
  await setUp({ adapter }, [forgetful, durable]).namespace('p').set('key', 1)
  expect([map.size, forgetful.written, durable.written]).toEqual([1, [], []])
  await setUp({}, [forgetful, durable]).namespace('p').set('key', 2)
  expect([map.size, forgetful.written, durable.written]).toEqual([1, [], ['["p","key"]']])
  await setUp({}, [forgetful]).namespace('p').set('key', 3)
  expect(forgetful.written).toEqual(['["p","key"]'])
  const inMemory = setUp({}, [])
  await inMemory.namespace('p').set('key', 4)
  expect(await inMemory.namespace('p').get('key')).toBe(4)
})

test.each([
  [{ adaptr: {} }, 'adaptr: there is no such option; it has adapter.'],
  [{ adapter: {} }, 'adapter: expected a keyv storage adapter, an object with get and set.'],
])('options that do not work are refused: %j', async (options, problem) => {
  await expect(createTestRuntime({ plugins: [[plugin, options]] })).rejects.toThrow(
    `The options of @halter/plugin-keyv-storage do not work: ${problem}`,
  )
})

/** What the plugin fills its slot with; the kernel's own tests show how it gets there. */
function setUp(config: object, storageAdapters: readonly StorageAdapter[]): KeyvKeyValue {
  const filled = plugin.setup({ config, services: { storageAdapters } } as never) as {
    keyValue: KeyvKeyValue
  }
  return filled.keyValue
}

function recording(isDurable: boolean): StorageAdapter & { readonly written: string[] } {
  const values = new Map<string, string>()
  const written: string[] = []
  return {
    name: 'recording',
    isDurable,
    written,
    get: async (key) => values.get(key),
    set: async (key, value) => {
      written.push(key)
      values.set(key, value)
    },
    delete: async (key) => values.delete(key),
    clear: async () => values.clear(),
  }
}
