import type { KeyValue, KeyValueNamespace, StorageAdapter } from '@halter/core'
import type { Json } from '@halter/protocol'
import type { Keyv, KeyvStorageAdapter } from 'keyv'

/** Where values are kept: keyv's own adapter, a contributed one, or nothing but memory. */
export interface KeyvBacking {
  /** An adapter that a program made with keyv. */
  readonly keyvAdapter?: KeyvStorageAdapter | undefined
  readonly contributed?: StorageAdapter | undefined
}

/** A keyv namespace per plugin. keyv is loaded at the first use: most runs keep nothing here. */
export class KeyvKeyValue implements KeyValue {
  readonly #backing: KeyvBacking
  #keyv: Promise<Keyv> | undefined

  constructor(backing: KeyvBacking) {
    this.#backing = backing
  }

  namespace(plugin: string): KeyValueNamespace {
    // Of a plugin's name nothing but the first colon is a border.
    const prefix = `${encodeURIComponent(plugin)}:`
    return {
      get: async <T extends Json>(key: string) => {
        const text = await (await this.#open()).get<string>(prefix + key)
        return text === undefined ? undefined : (JSON.parse(text) as T)
      },
      set: async (key, value, { ttlMs } = {}) => {
        await (await this.#open()).set(prefix + key, JSON.stringify(value), ttlMs)
      },
      delete: async (key) => {
        await (await this.#open()).delete(prefix + key)
      },
    }
  }

  #open(): Promise<Keyv> {
    return (this.#keyv ??= this.#load())
  }

  async #load(): Promise<Keyv> {
    const { Keyv } = await import('keyv')
    const { keyvAdapter, contributed } = this.#backing
    if (keyvAdapter) return new Keyv({ store: keyvAdapter, throwOnErrors: true })
    if (!contributed) return new Keyv()
    const { toKeyvAdapter } = await import('./keyv-adapter.ts')
    return new Keyv({ store: toKeyvAdapter(contributed), throwOnErrors: true })
  }
}
