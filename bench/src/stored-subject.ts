import { definePlugin, type Plugin, type SessionStore } from '@halter/core'
import sqliteStore from '@halter/plugin-sqlite-store'
import type { StoredEvent } from '@halter/protocol'
import type { BenchModel } from './model.ts'
import { openSubject, type Subject } from './subject.ts'

/** What a commit survives. */
export type Durability = 'process' | 'power'

/** Sees every commit that passes it. */
export class CommitWatch {
  commits = 0
  /** From the call until it is acknowledged. */
  ms = 0
  /** What was committed, where it is kept. */
  batches: (readonly StoredEvent[])[] | undefined

  readonly plugin: Plugin = definePlugin({
    name: '@halter/bench/commit-watch',
    apiVersion: 1,
    decorates: ['sessionStore'],
    setup: () => ({ sessionStore: (inner: SessionStore) => this.#around(inner) }),
  })

  reset(): void {
    this.commits = 0
    this.ms = 0
  }

  #around(inner: SessionStore): SessionStore {
    const commit: SessionStore['commit'] = async (id, batch) => {
      const start = performance.now()
      const result = await inner.commit(id, batch)
      this.ms += performance.now() - start
      this.commits += 1
      this.batches?.push(batch.events)
      return result
    }
    return new Proxy(inner, {
      get: (store, name) => {
        if (name === 'commit') return commit
        const member: unknown = Reflect.get(store, name, store)
        return typeof member === 'function' ? (member.bind(store) as unknown) : member
      },
    })
  }
}

/** A runtime over a SQLite file. */
export function openStored(
  path: string,
  durability: Durability,
  { watch, model }: { readonly watch?: CommitWatch; readonly model?: BenchModel } = {},
): Promise<Subject> {
  const store = [sqliteStore, { path, durability }] as const
  return openSubject({ plugins: watch ? [store, watch.plugin] : [store], ...(model && { model }) })
}
