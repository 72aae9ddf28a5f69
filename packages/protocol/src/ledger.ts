import type { UsageLedger } from './state.ts'
import { addUsage, NO_USAGE, type Usage } from './usage.ts'

/** What a session has spent. Part of the fold; nothing else changes it. */
export class Ledger {
  #total = NO_USAGE
  #children = NO_USAGE
  #inherited = NO_USAGE
  /** A map, because a purpose is a plugin's word and may be `__proto__`. */
  readonly #byPurpose = new Map<string, Usage>()
  #view: UsageLedger | undefined

  /** A value that stays as it is; made when it is asked for, so that spending costs the same however many purposes there are. */
  get view(): UsageLedger {
    this.#view ??= {
      total: this.#total,
      byPurpose: Object.fromEntries(this.#byPurpose),
      children: this.#children,
      inherited: this.#inherited,
    }
    return this.#view
  }

  /** Goes on from a ledger that was stored. */
  restore({ total, byPurpose, children, inherited }: UsageLedger): void {
    this.#total = total
    this.#children = children
    this.#inherited = inherited
    for (const [purpose, usage] of Object.entries(byPurpose)) this.#byPurpose.set(purpose, usage)
    this.#view = undefined
  }

  spend(purpose: string, usage: Usage): void {
    this.#total = addUsage(this.#total, usage)
    this.#byPurpose.set(purpose, addUsage(this.#byPurpose.get(purpose) ?? NO_USAGE, usage))
    this.#view = undefined
  }

  /** Adds what a child and its own children have spent. */
  settle(usage: Usage): void {
    this.#children = addUsage(this.#children, usage)
    this.#view = undefined
  }

  /** Starts at zero again, with what the copied prefix had cost set aside. */
  inherit(usage: Usage): void {
    this.#total = NO_USAGE
    this.#children = NO_USAGE
    this.#inherited = usage
    this.#byPurpose.clear()
    this.#view = undefined
  }
}
