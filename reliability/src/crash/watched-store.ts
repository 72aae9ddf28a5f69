import { definePlugin, isHalterError, type Plugin, type SessionStore } from '@halter/core'
import type { SessionId } from '@halter/protocol'
import { digestOf } from './digest.ts'
import type { Statement } from './statement.ts'

/** A plugin that says what is asked of the session store, and what it answers. */
export class WatchedStore {
  /** The store itself, without large parts being put back: its bytes are what is looked at. */
  inner: SessionStore | undefined
  readonly plugin: Plugin
  readonly #say: (statement: Statement) => void

  constructor(say: (statement: Statement) => void = () => {}) {
    this.#say = say
    this.plugin = definePlugin({
      name: '@halter/reliability/watched-store',
      apiVersion: 1,
      decorates: ['sessionStore'],
      setup: () => ({ sessionStore: (store: SessionStore) => this.#around(store) }),
    })
  }

  #around(store: SessionStore): SessionStore {
    this.inner = store
    const say = this.#say
    const answered = async <T extends { readonly head: number }>(id: SessionId, answer: Promise<T>) => {
      try {
        const result = await answer
        say(['done', id, result.head])
        return result
      } catch (error) {
        say(['refused', id, isHalterError(error) ? error.code : String(error)])
        if (!isHalterError(error))
          say(['problem', `the store threw ${String(error)}, which is no HalterError`])
        throw error
      }
    }
    const watched: Partial<SessionStore> = {
      create: (session) => {
        say(['try', session.sessionId, 0, session.events.map(digestOf)])
        return answered(session.sessionId, store.create(session))
      },
      commit: (id, batch) => {
        say(['try', id, batch.expectedHead, batch.events.map(digestOf)])
        return answered(id, store.commit(id, batch))
      },
      fork: (session) => {
        say(['fork', session.sessionId, session.from, session.at, session.events.map(digestOf)])
        return answered(session.sessionId, store.fork!(session))
      },
      delete: async (id, options) => {
        say(['delete', id])
        await store.delete(id, options)
        say(['deleted', id])
      },
    }
    return new Proxy(store, {
      get: (target, name) => {
        if (Object.hasOwn(watched, name)) return watched[name as keyof SessionStore]
        const member: unknown = Reflect.get(target, name, target)
        return typeof member === 'function' ? (member.bind(target) as unknown) : member
      },
    })
  }
}
