import type { RuntimeDescription } from '../contracts/runtime.ts'
import { HalterError } from '../errors.ts'
import { carryOver, NO_CARRY_OVER, type CarryOver } from './carry-over.ts'
import { Deadlines } from './deadline.ts'
import { describeGeneration } from './describe.ts'
import { FieldClashes } from './field-clashes.ts'
import type { Generation } from './generation.ts'
import { planStart, type StartPlan } from './plan.ts'
import type { PluginSources } from './resolve-plugins.ts'
import type { RunningGeneration } from './running-generation.ts'
import { startGeneration, type GenerationHost } from './start-generation.ts'

export type { PluginSources } from './resolve-plugins.ts'

/** What the kernel needs from whoever runs it. */
export interface KernelOptions {
  /** Milliseconds. */
  readonly timeouts: { readonly setup: number; readonly tap: number; readonly cleanup: number }
  /** While true, a reload must not touch `sessionStore` and `keyValue`. A session that is being opened counts. */
  hasOpenSessions(): boolean
  /** Told of what went wrong where nobody waits: cleanups, late failures. Must not throw. */
  onWarning(warning: { readonly code: string; readonly message: string; readonly plugin?: string }): void
}

/** A generation that stays alive until it is released. */
export interface PinnedGeneration {
  readonly generation: Generation
  /** Calling it again does nothing. */
  release(): void
}

/** Services that open sessions rest on: their logs are there, not here. */
const NEVER_UNDER_SESSIONS = ['sessionStore', 'keyValue']

/** Who is plugged in, and when things happen. Knows no session and no turn. */
export class Kernel {
  readonly #options: KernelOptions
  readonly #host: GenerationHost
  #current!: RunningGeneration
  /** Oldest first. */
  readonly #retired = new Set<RunningGeneration>()
  /** Ends when the newest reload has. Never rejects. */
  #reloads: Promise<unknown> = Promise.resolve()
  #disposal: Promise<void> | undefined

  private constructor(options: KernelOptions) {
    const { timeouts } = options
    this.#options = options
    this.#host = {
      deadlines: new Deadlines(),
      clashes: new FieldClashes(),
      setupTimeoutMs: timeouts.setup,
      tapTimeoutMs: timeouts.tap,
      cleanupTimeoutMs: timeouts.cleanup,
      onWarning: (warning) => options.onWarning(warning),
    }
  }

  /**
   * Starts all plugins, or none.
   * @throws HalterError with everything that is wrong with the lists, before any `setup` has run; `ERR_PLUGIN_SETUP` for the first
   * plugin that fails, after those before it have been stopped.
   */
  static async start(sources: PluginSources, options: KernelOptions): Promise<Kernel> {
    const kernel = new Kernel(options)
    const plan = await planStart(sources)
    const commit = (first: RunningGeneration): void => kernel.#makeCurrent(first)
    const first = { number: 1, plan, carried: NO_CARRY_OVER, previous: undefined, commit }
    try {
      await startGeneration(first, kernel.#host)
      return kernel
    } catch (error) {
      kernel.#host.deadlines.close()
      throw error
    }
  }

  get current(): Generation {
    return this.#current
  }

  /** Keeps the current generation alive. @throws HalterError `ERR_RUNTIME_CLOSED`. */
  pin(): PinnedGeneration {
    this.#refuseWhenClosed()
    const generation = this.#current
    let isReleased = false
    generation.pins++
    return {
      generation,
      release: () => {
        if (isReleased) return
        isReleased = true
        generation.pins--
        if (this.#retired.size > 0) void this.#sweep(generation)
      },
    }
  }

  /**
   * Builds the next generation beside the running one and makes it current; when that fails, throws and changes nothing. Reloads run
   * one at a time. Not atomic where an `exclusive` plugin changed: the old one has to stop before the new one starts, even
   * under running turns, and does not come back when the reload fails.
   * @throws HalterError as `start` does, and `ERR_RELOAD_IN_USE` when `sessionStore` or `keyValue`, or anything they rest on, would
   * change while sessions are open.
   */
  reload(sources: PluginSources): Promise<void> {
    const reload = this.#reloads.then(() => this.#reload(sources))
    this.#reloads = reload.catch(() => undefined)
    return reload
  }

  /** Plugins, slots and taps, as plain data. */
  describe(): Omit<RuntimeDescription, 'openSessions' | 'runningTurns'> {
    return { ...describeGeneration(this.#current), retiredGenerations: this.#retired.size }
  }

  /** Stops every generation, the youngest first, pinned or not. What fails is a warning. */
  dispose(): Promise<void> {
    return (this.#disposal ??= this.#dispose())
  }

  async #reload(sources: PluginSources): Promise<void> {
    this.#refuseWhenClosed()
    const plan = await planStart(sources)
    const previous = this.#current
    const carried = carryOver(plan, previous.parts.plan, previous)
    this.#refuseUnderSessions(plan, previous, carried)
    const commit = (next: RunningGeneration): void => {
      this.#refuseUnderSessions(plan, previous, carried) // one may have been opened meanwhile
      this.#makeCurrent(next)
      this.#retired.add(previous)
    }
    await startGeneration({ number: previous.number + 1, plan, carried, previous, commit }, this.#host)
    await this.#sweep(previous)
  }

  #makeCurrent(generation: RunningGeneration): void {
    generation.adopt()
    this.#current = generation
  }

  #refuseUnderSessions(plan: StartPlan, previous: RunningGeneration, carried: CarryOver): void {
    if (!this.#options.hasOpenSessions()) return
    for (const slot of NEVER_UNDER_SESSIONS) {
      const filler = plan.slots.get(slot)?.filler
      const before = previous.parts.plan.slots.get(slot)?.filler
      if (carried.services.has(slot) || (filler === undefined && before === undefined)) continue
      const plugin = filler ?? before!
      throw new HalterError(
        'ERR_RELOAD_IN_USE',
        `The reload would replace "${slot}" (${plugin}), or something it rests on, under open sessions. Close them first, or restart.`,
        { plugin },
      )
    }
  }

  /** Disposes a generation that is retired and that nobody holds. */
  async #sweep(generation: RunningGeneration): Promise<void> {
    if (generation.pins > 0 || !this.#retired.has(generation)) return
    await generation.dispose()
    this.#retired.delete(generation)
  }

  async #dispose(): Promise<void> {
    await this.#reloads
    for (const generation of [...this.#retired, this.#current].toReversed()) await generation.dispose()
    this.#retired.clear()
    this.#host.deadlines.close()
  }

  #refuseWhenClosed(): void {
    if (this.#disposal)
      throw new HalterError('ERR_RUNTIME_CLOSED', 'The runtime is shutting down. Start a new one.')
  }
}
