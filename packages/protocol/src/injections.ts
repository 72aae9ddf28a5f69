import type { InjectedSegment } from './state.ts'

/** Injected text that is in force, in the order it came. Part of the fold; nothing else changes it. */
export class Injections {
  /** By the `seq` of the event that injected it. */
  readonly #segments = new Map<number, InjectedSegment>()
  #ofTurn: number[] = []
  #view: readonly InjectedSegment[] | undefined

  /** A list that stays as it is; made when it is asked for, so that adding costs the same however many there are. */
  get view(): readonly InjectedSegment[] {
    this.#view ??= [...this.#segments.values()]
    return this.#view
  }

  /** Each with the `seq` of its event. */
  get entries(): readonly (readonly [number, InjectedSegment])[] {
    return [...this.#segments]
  }

  add(segment: InjectedSegment, seq: number): void {
    this.#segments.set(seq, segment)
    if (segment.scope === 'turn') this.#ofTurn.push(seq)
    this.#view = undefined
  }

  endTurn(): void {
    if (this.#ofTurn.length === 0) return
    for (const seq of this.#ofTurn) this.#segments.delete(seq)
    this.#ofTurn = []
    this.#view = undefined
  }
}
