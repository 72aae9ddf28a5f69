import type { StorageAdapter } from '@halter/core'
import { keyvStorageCapability, type KeyvStorageAdapter, type KeyvStorageEntry } from 'keyv'

/** A contributed storage adapter, as keyv calls it. Values are the strings that keyv has serialised. */
export function toKeyvAdapter(adapter: StorageAdapter): KeyvStorageAdapter {
  const set = async (key: string, value: unknown, expires?: number): Promise<boolean> => {
    await adapter.set(key, String(value), expires)
    return true
  }
  const has = async (key: string): Promise<boolean> => (await adapter.get(key)) !== undefined
  const get = (key: string): Promise<never> => adapter.get(key) as Promise<never>
  const each = <In, Out>(values: readonly In[], run: (value: In) => Promise<Out>): Promise<Out[]> =>
    Promise.all(values.map(run))
  const store = {
    get,
    set,
    has,
    delete: (key: string) => adapter.delete(key),
    clear: () => adapter.clear(''),
    getMany: (keys: string[]) => each(keys, get),
    setMany: (entries: KeyvStorageEntry<unknown>[]) =>
      each(entries, ({ key, value, expires }) => set(key, value, expires)),
    hasMany: (keys: string[]) => each(keys, has),
    deleteMany: (keys: string[]) => each(keys, (key) => adapter.delete(key)),
  }
  // keyv asks what an adapter can: without this it would hand over a relative ttl. Events, which its type names too, are optional.
  return { ...store, capabilities: keyvStorageCapability(store) } as unknown as KeyvStorageAdapter
}
