import type { Defer } from '../contracts/services.ts'
import { HalterError } from '../errors.ts'
import { currentAttribution, runAs, type Attribution } from './attribution.ts'
import type { Deadlines } from './deadline.ts'
import { sentence } from './sentence.ts'

/** Hears of what went wrong where nobody waits. */
export type WarningListener = (warning: {
  readonly code: string
  readonly message: string
  readonly plugin?: string
}) => void

/** What a stack needs from its kernel. */
export interface DisposeHost {
  readonly deadlines: Deadlines
  /** Milliseconds, for each cleanup. */
  readonly cleanupTimeoutMs: number
  readonly onWarning: WarningListener
}

interface Cleanup {
  readonly who: Attribution
  readonly run: () => unknown
}

/**
 * Undoes what was done: one cleanup at a time, the last deferred first, every one of them whatever the others do. awilix could not:
 * it disposes all at once, in the order of registration, and stops at the first failure.
 */
export class DisposeStack {
  readonly #cleanups: Cleanup[] = []
  readonly #owner: Attribution
  readonly #host: DisposeHost
  #disposal: Promise<void> | undefined

  constructor(owner: Attribution, host: DisposeHost) {
    this.#owner = owner
    this.#host = host
  }

  /** Bound, for plugins. A cleanup that comes after the disposal runs at once, so that nothing is left behind. */
  readonly defer: Defer = (run) => {
    const who = currentAttribution() ?? this.#owner
    if (typeof run !== 'function')
      throw new HalterError(
        'ERR_PLUGIN_CLEANUP',
        `${who.plugin} deferred ${run === null ? 'null' : `a value of type ${typeof run}`}. Pass a function: defer(() => connection.close()).`,
        { plugin: who.plugin },
      )
    if (this.#disposal) void this.#run({ who, run })
    else this.#cleanups.push({ who, run })
  }

  /** True from the moment it was told to dispose. */
  get isDisposed(): boolean {
    return this.#disposal !== undefined
  }

  /** Runs the cleanups, once. Never rejects: what fails or hangs is a warning, and the next one runs. */
  dispose(): Promise<void> {
    return (this.#disposal ??= this.#unwind())
  }

  async #unwind(): Promise<void> {
    for (let cleanup = this.#cleanups.pop(); cleanup; cleanup = this.#cleanups.pop()) await this.#run(cleanup)
  }

  async #run({ who, run }: Cleanup): Promise<void> {
    const { deadlines, cleanupTimeoutMs } = this.#host
    try {
      const settled = await deadlines.settle(runAs(who, run), cleanupTimeoutMs)
      if (settled.status === 'rejected') throw settled.reason
      if (settled.status === 'expired')
        this.#warn(
          who,
          `A cleanup of ${who.plugin} did not settle within ${cleanupTimeoutMs} ms; the next one runs.`,
        )
    } catch (error) {
      this.#warn(
        who,
        `A cleanup of ${who.plugin} failed: ${sentence(error)} What it was to undo may still be there.`,
      )
    }
  }

  #warn({ plugin }: Attribution, message: string): void {
    this.#host.onWarning({ code: 'ERR_PLUGIN_CLEANUP', message, plugin })
  }
}
