import {
  HalterError,
  isHalterError,
  type KeyValue,
  type KeyValueNamespace,
  type StorageAdapter,
} from '@halter/core'
import type { Json } from '@halter/protocol'
import type { Keyv, KeyvStorageAdapter } from 'keyv'
import { describeNonJson } from './json.ts'

/** Where values are kept: keyv's own adapter, a contributed one, or nothing but memory. */
export interface KeyvBacking {
  /** An adapter that a program made with keyv. */
  readonly keyvAdapter?: KeyvStorageAdapter | undefined
  readonly contributed?: StorageAdapter | undefined
}

/** A namespace per plugin in one keyv, which is loaded at the first use: most runs keep nothing here. */
export class KeyvKeyValue implements KeyValue {
  readonly #backing: KeyvBacking
  #keyv: Promise<Keyv> | undefined

  constructor(backing: KeyvBacking) {
    this.#backing = backing
  }

  namespace(plugin: string): KeyValueNamespace {
    const remove = async (key: string) => {
      await this.#use(plugin, (keyv) => keyv.delete(keyOf(plugin, key)))
    }
    return {
      get: async <T extends Json>(key: string) => {
        const text = await this.#use(plugin, (keyv) => keyv.get<string>(keyOf(plugin, key)))
        return text === undefined ? undefined : (JSON.parse(text) as T)
      },
      set: async (key, value, { ttlMs } = {}) => {
        const problem = describeNonJson(value)
        if (problem !== undefined)
          throw failure(plugin, `cannot keep ${JSON.stringify(key)}: ${problem}. Keep JSON values only.`)
        // keyv takes 0 and less for "for ever".
        if (ttlMs !== undefined && ttlMs <= 0) return await remove(key)
        const text = JSON.stringify(value)
        const isKept = await this.#use(plugin, (keyv) => keyv.set(keyOf(plugin, key), text, ttlMs))
        if (!isKept)
          throw failure(plugin, `could not keep ${JSON.stringify(key)}: the storage adapter refused it.`)
      },
      delete: remove,
    }
  }

  async #use<T>(plugin: string, work: (keyv: Keyv) => Promise<T>): Promise<T> {
    try {
      return await work(await (this.#keyv ??= this.#load()))
    } catch (cause) {
      if (isHalterError(cause)) throw cause
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw failure(plugin, `could not use its stored values: ${reason}.`, cause)
    }
  }

  // No listener for errors: without one, keyv rejects instead of answering that nothing is there.
  async #load(): Promise<Keyv> {
    const { Keyv } = await import('keyv')
    const { keyvAdapter, contributed } = this.#backing
    if (keyvAdapter) return new Keyv({ store: keyvAdapter })
    if (!contributed) return new Keyv()
    const { toKeyvAdapter } = await import('./keyv-adapter.ts')
    return new Keyv({ store: toKeyvAdapter(contributed) })
  }
}

/**
 * Not keyv's own namespaces: they are set on the adapter, which several of them then cannot share, and "a" with the key "b::c"
 * would be "a::b" with "c". This text is one per pair, never empty (keyv drops that), and plain enough for any backend.
 */
function keyOf(plugin: string, key: string): string {
  return JSON.stringify([plugin, key])
}

function failure(plugin: string, what: string, cause?: unknown): HalterError {
  return new HalterError('ERR_STORE_FAILED', `${plugin} ${what}`, { plugin, cause })
}
