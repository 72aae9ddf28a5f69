import type { ModelRequest } from '@halter/core'
import type { Script } from './script.ts'

/** Where one session stands in one script. */
export class Cursor {
  /** Every reply before this one was used in this pass. */
  #first = 0
  /** Used ones after it: taken out of turn, because those before them fit no call yet. */
  readonly #used = new Set<number>()

  /** The index of the next reply that fits the call, which is used up by this; undefined when there is none. */
  take(script: Script, request: ModelRequest): number | undefined {
    const found = this.#find(script, request)
    if (found !== undefined || !script.loop) return found
    this.#first = 0
    this.#used.clear()
    return this.#find(script, request)
  }

  #find({ replies }: Script, request: ModelRequest): number | undefined {
    for (let index = this.#first; index < replies.length; index++) {
      if (this.#used.has(index) || !fits(replies[index]!.when, request)) continue
      this.#used.add(index)
      while (this.#used.delete(this.#first)) this.#first += 1
      return index
    }
    return undefined
  }
}

function fits(when: Script['replies'][number]['when'], { purpose, agent }: ModelRequest): boolean {
  if (when?.purpose !== undefined && when.purpose !== purpose) return false
  return when?.agent === undefined || when.agent === agent
}
