import { isHalterError, type SessionStore } from '@halter/core'
import type { SessionId, StoredEvent } from '@halter/protocol'
import { RecentMap } from './recent-map.ts'

/** Who a session belongs to. */
export interface Kin {
  /** The first of its ancestors; itself when it has none. */
  readonly root: SessionId
  readonly parent: SessionId | undefined
}

/** Sessions whose parent is remembered. */
const REMEMBERED = 10_000
/** No session is deeper than this; one that seems to be has an ancestor that is its own descendant. */
const DEEPEST = 100

/** Finds the root session of each event: by what the events say, and by the store for sessions that began before. */
export class Family {
  readonly #load: SessionStore['load']
  /** `null`: it has none. */
  readonly #parents = new RecentMap<SessionId, SessionId | null>(REMEMBERED)

  constructor(load: SessionStore['load']) {
    this.#load = load
  }

  /** @throws what the store throws, but not for a session that is gone or damaged: that is a root. */
  async of(event: StoredEvent): Promise<Kin> {
    if (event.type === 'session.started') this.#parents.set(event.sessionId, event.blueprint.parentId ?? null)
    const parent = await this.#parentOf(event.sessionId)
    let root = event.sessionId
    let above = parent
    for (let depth = 0; above !== null && depth < DEEPEST; depth++) {
      root = above
      above = await this.#parentOf(above)
    }
    return { root, parent: parent ?? undefined }
  }

  async #parentOf(id: SessionId): Promise<SessionId | null> {
    const known = this.#parents.get(id)
    if (known !== undefined) return known
    const parent = (await this.#summaryOf(id))?.parentId ?? null
    this.#parents.set(id, parent)
    return parent
  }

  async #summaryOf(id: SessionId) {
    try {
      return (await this.#load(id))?.summary
    } catch (error) {
      if (isHalterError(error, 'ERR_SESSION_DAMAGED')) return undefined
      throw error
    }
  }
}
