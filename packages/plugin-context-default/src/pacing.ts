import type { ContextSettings } from './settings.ts'

/** What a step sees. */
export interface PacedStep {
  readonly compactions: number
  /** Messages of the transcript. */
  readonly length: number
  /** Whether the context is below the size at which it is compacted. */
  readonly isUnder: boolean
}

/** Whether a compaction may run now: `stop` is for good, as far as anybody can tell. */
export type Pace =
  | { readonly kind: 'go'; readonly useless: number }
  | { readonly kind: 'wait' }
  | { readonly kind: 'stop' }

/**
 * When an automatic compaction may run, so that one which does not help is not paid for at every step. It did not help when the
 * context is too large again, was never seen below that since, and what has come after it does not account for it. The next then
 * waits a few model calls, and after some in a row none is tried any more, until the context has come down in another way.
 */
export class Pacing {
  readonly #settings: Pick<ContextSettings, 'coolDownSteps' | 'maxUselessCompactions'>
  #compactions = -1
  #length = -1
  /** Model calls seen. */
  #steps = 0
  #lengthAfter = 0
  #stepAfter = 0
  #waitUntil = 0
  /** Whether the context was down since the newest compaction, as far as was seen from here. */
  #wasUnder = true
  /** The newest compaction did not help: found out at the first look, since what comes later could account for any size. */
  #isUseless = false
  #isStopped = false
  /** The newest warning while the context is too large. */
  #warning: string | undefined

  constructor(settings: Pick<ContextSettings, 'coolDownSteps' | 'maxUselessCompactions'>) {
    this.#settings = settings
  }

  /** Takes in a step. What a compaction is said to have led to does not count: a size with a reply in it does. */
  observe({ compactions, length, isUnder }: PacedStep): void {
    if (length !== this.#length) this.#steps += 1
    this.#length = length
    if (compactions !== this.#compactions) {
      this.#wasUnder = compactions === 0
      this.#isUseless = false
      this.#compactions = compactions
      this.#lengthAfter = length
      this.#stepAfter = this.#steps
    }
    if (!isUnder || length <= this.#lengthAfter) return
    this.#wasUnder = true
    this.#isStopped = false
    this.#warning = undefined
  }

  /** `useless`: how many were, before the newest. `isExplained`: whether what came after that accounts for the size. */
  decide(useless: number, isExplained: () => boolean): Pace {
    const { coolDownSteps, maxUselessCompactions } = this.#settings
    if (this.#isStopped) return { kind: 'stop' }
    if (this.#steps < this.#waitUntil) return { kind: 'wait' }
    if (this.#wasUnder) return { kind: 'go', useless: 0 }
    if (!this.#isUseless && isExplained()) return { kind: 'go', useless }
    this.#isUseless = true
    this.#isStopped = useless + 1 >= maxUselessCompactions
    if (this.#isStopped) return { kind: 'stop' }
    const isSameStep = this.#length <= this.#lengthAfter
    if (!isSameStep && this.#steps - this.#stepAfter < coolDownSteps) return { kind: 'wait' }
    return { kind: 'go', useless: useless + 1 }
  }

  /** Lets no compaction run for some steps: one has failed, or was not wanted, or there was nothing to compact. */
  postpone(): void {
    this.#waitUntil = this.#steps + this.#settings.coolDownSteps
  }

  /** False when this was the newest warning, and the context has been too large ever since. */
  mayWarn(why: string): boolean {
    const isNew = why !== this.#warning
    this.#warning = why
    return isNew
  }
}
