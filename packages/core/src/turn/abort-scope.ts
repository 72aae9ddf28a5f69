type MaybePromise<T> = T | Promise<T>

/** What hangs below a scope: a controller, or another scope. */
export interface Abortable {
  abort(reason: Error): void
}

/** True for promises and whatever else has a `then`. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}

/**
 * One node of the abort tree: a turn, with the work that it has under way. Work may ignore its signal: whoever waits for it
 * through `settle` is let go `graceMs` after the abort. Nothing listens to a signal of ours, so nothing has to be unlinked.
 */
export class AbortScope {
  readonly #controller = new AbortController()
  readonly #graceMs: number
  readonly #children = new Set<Abortable>()
  readonly #waiting = new Set<(reason: Error) => void>()
  #timer: NodeJS.Timeout | undefined

  constructor(graceMs: number) {
    this.#graceMs = graceMs
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get isAborted(): boolean {
    return this.#controller.signal.aborted
  }

  get reason(): Error {
    return this.#controller.signal.reason as Error
  }

  throwIfAborted(): void {
    if (this.isAborted) throw this.reason
  }

  /** Aborts this and everything below it; the first reason stays. */
  abort(reason: Error): void {
    if (this.isAborted) return
    this.#controller.abort(reason)
    for (const child of this.#children) child.abort(reason)
    this.#armGrace()
  }

  /** Puts something under this scope until the returned function is called. Aborts it at once when the scope already is. */
  adopt(child: Abortable): () => void {
    if (this.isAborted) child.abort(this.reason)
    this.#children.add(child)
    return () => this.#children.delete(child)
  }

  /**
   * Waits for `work`; when the scope is aborted, no longer than the grace time, and then rejects with the reason. `watch` may end
   * the waiting before that; what it returns is called when the waiting is over.
   */
  settle<T>(work: MaybePromise<T>, watch?: (giveUp: (reason: Error) => void) => () => void): MaybePromise<T> {
    if (!isPromise(work)) return work
    return new Promise<T>((resolve, reject) => {
      const giveUp = (reason: Error): void => {
        leave()
        reject(reason)
      }
      const stop = watch?.(giveUp)
      const leave = (): void => {
        stop?.()
        this.#waiting.delete(giveUp)
        if (this.#timer && this.#waiting.size === 0) this.#disarm()
      }
      this.#waiting.add(giveUp)
      work.then((value) => {
        leave()
        resolve(value)
      }, giveUp)
      if (this.isAborted) this.#armGrace()
    })
  }

  #armGrace(): void {
    if (this.#waiting.size === 0) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      for (const giveUp of this.#waiting) giveUp(this.reason)
      this.#waiting.clear()
    }, this.#graceMs)
  }

  #disarm(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
