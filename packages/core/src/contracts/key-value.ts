import type { Json } from '@halter/protocol'

/** Small state of one plugin: cursors, caches, grants. Values survive JSON. */
export interface KeyValueNamespace {
  get<T extends Json = Json>(key: string): Promise<T | undefined>
  /** `ttlMs`: forgotten after that many milliseconds. */
  set(key: string, value: Json, options?: { readonly ttlMs?: number }): Promise<void>
  delete(key: string): Promise<void>
}

/** Slot `keyValue`: a namespace per plugin. Not for logs: it has no transactions. */
export interface KeyValue {
  namespace(plugin: string): KeyValueNamespace
}

/** Collection `storageAdapters`: what a `keyValue` filler can keep its values in; a Keyv 6 storage adapter. */
export interface StorageAdapter {
  readonly name: string
  /** Whether values survive the process. */
  readonly isDurable: boolean
  get(key: string): Promise<string | undefined>
  /** `expires`: milliseconds since the epoch. */
  set(key: string, value: string, expires?: number): Promise<void>
  delete(key: string): Promise<boolean>
  clear(prefix: string): Promise<void>
}
