import type { ContextInput } from '@halter/core'
import type { Transcript } from '@halter/protocol'

/** Messages of a transcript that is short enough to be counted at a step. */
const SHORT = 40
/** How far an estimate may be off: code, other scripts, a provider's own wrapping. */
const MOST = 4

/**
 * How a provider counts, compared with the estimate. What a request holds besides its messages is learned from the first report on a
 * short transcript; the rest of a later report is the messages'.
 */
export class Calibration {
  #besides: number | undefined
  /** Compactions, at the newest lesson. */
  #learnedAt = -1

  /** Takes in what a step shows, and how large that is. Looks at few messages, and once from one compaction to the next. */
  learn({ state, tokensOf }: ContextInput, messages: Transcript, tokens: number): void {
    const { anchor, compactions } = state
    if (!anchor || compactions === this.#learnedAt || messages.length > SHORT) return
    this.#learnedAt = compactions
    let estimated = 0
    for (const message of messages) estimated += tokensOf(message)
    this.#besides = Math.min(this.#besides ?? Infinity, Math.max(0, tokens - estimated))
  }

  /** Reported tokens per estimated one, in a context of `tokens` whose messages are estimated at `estimated`. 1: nothing is known. */
  factor(tokens: number, estimated: number): number {
    if (this.#besides === undefined || estimated <= 0) return 1
    return Math.min(MOST, Math.max(1 / MOST, (tokens - this.#besides) / estimated))
  }
}
