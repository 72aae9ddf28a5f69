import type { ModelRole, SessionState, TurnId } from '@halter/protocol'
import type { Hooks, SessionPort, TapContext } from '../contracts/hooks.ts'
import type { ResolvedModel } from '../contracts/provider.ts'
import type { RuntimeTimeouts } from '../contracts/runtime.ts'
import type { Cradle } from '../contracts/services.ts'
import type { BudgetRequest, Clock } from '../contracts/system.ts'
import { HalterError } from '../errors.ts'
import type { Deadlines } from '../kernel/deadline.ts'
import type {
  DispatchContext,
  GuardDecision,
  GuardName,
  HookTable,
  MaybePromise,
  TransformName,
} from '../kernel/dispatch.ts'
import type { Generation, SessionScope, TurnScope } from '../kernel/generation.ts'
import type { PinnedGeneration } from '../kernel/kernel.ts'
import type { Session } from '../session/session.ts'
import { AbortScope } from './abort-scope.ts'

/** One limit that a call must keep; its estimate comes with the call. */
export type Spending = Omit<BudgetRequest, 'estimate'>

/**
 * Something a session does that calls hooks, models or tools: a turn, a compaction between two, a plugin's question. It keeps one
 * generation of plugins for as long as it lasts and is one node of the abort tree.
 */
export class Activity implements DispatchContext {
  readonly session: Session
  readonly abort: AbortScope
  readonly turn: TapContext['turn']
  step: number | undefined
  readonly scope: SessionScope | TurnScope
  readonly #pinned: Pick<PinnedGeneration, 'generation' | 'release'>
  readonly #isPart: boolean

  /** `whole`: what this is a part of, and must not outlive. It has the same services, and is aborted with it. */
  constructor(session: Session, turnId?: TurnId, whole?: Activity) {
    this.session = session
    this.abort = new AbortScope(session.runtime.timeouts.interruptGrace)
    this.turn = turnId === undefined ? undefined : { turnId }
    this.#isPart = whole !== undefined
    if (whole) {
      this.#pinned = { generation: whole.generation, release: whole.abort.adopt(this.abort) }
      this.scope = whole.scope
      return
    }
    this.#pinned = session.runtime.kernel.pin()
    try {
      const scope = session.scopeIn(this.#pinned.generation)
      this.scope = turnId === undefined ? scope : scope.openTurn({ turnId, signal: this.abort.signal })
    } catch (error) {
      this.#pinned.release()
      throw error
    }
  }

  get generation(): Generation {
    return this.#pinned.generation
  }

  get hooks(): HookTable {
    return this.session.hooksIn(this.generation)
  }

  get state(): SessionState {
    return this.session.state
  }

  get signal(): AbortSignal {
    return this.abort.signal
  }

  get clock(): Clock {
    return this.service('clock')
  }

  get timeouts(): Required<RuntimeTimeouts> {
    return this.session.runtime.timeouts
  }

  /** Of everything that is waited for here: one timer. */
  get deadlines(): Deadlines {
    return this.session.runtime.disposeHost.deadlines
  }

  get maxModelTries(): number {
    return this.session.runtime.maxModelTries
  }

  /** A service that some plugin fills. @throws HalterError `ERR_SERVICE_MISSING`. */
  service<K extends keyof Cradle>(name: K): Cradle[K] {
    const service = this.optional(name)
    if (service === undefined)
      throw new HalterError(
        'ERR_SERVICE_MISSING',
        `Session ${this.session.id} needs "${name}", and no plugin provides it. Add a plugin that does.`,
      )
    return service
  }

  /** A service, where some plugin fills it. */
  optional<K extends keyof Cradle>(name: K): Cradle[K] | undefined {
    return this.scope.get(name)
  }

  /** Finds a model and its provider. @throws HalterError `ERR_MODEL_UNKNOWN`, or the reason of an interrupt. */
  resolveModel(id: string, role: ModelRole): MaybePromise<ResolvedModel> {
    return this.abort.settle(this.service('models').resolve(id, role))
  }

  /** Asks a transform hook; an interrupt does not wait for a tap that ignores its signal. */
  transform<H extends TransformName>(hook: H, input: Hooks[H]['input']): MaybePromise<Hooks[H]['input']> {
    return this.abort.settle(this.hooks.transform(hook, input, this))
  }

  /** Asks a guard hook, as `transform` does. */
  guard<H extends GuardName>(hook: H, input: Hooks[H]['input']): MaybePromise<GuardDecision | undefined> {
    return this.abort.settle(this.hooks.guard(hook, input, this))
  }

  portFor(plugin: string): SessionPort {
    return this.session.portFor(plugin)
  }

  warn(code: string, message: string, plugin: string | undefined): void {
    this.session.warn({ code, message, ...(plugin !== undefined && { plugin }), ...this.turn })
  }

  /** What model calls are checked against: the session's limits, and those of each ancestor that is open here. */
  spending(): readonly Spending[] {
    const { session } = this
    const chain: Spending[] = []
    for (let owner: Session | undefined = session; owner; owner = owner.ties?.parent) {
      // The turn that asked for a child may have limits of its own, and the child is a part of it.
      const limits = { ...owner.state.blueprint.limits, ...owner.turns.current?.options.limits }
      chain.push({
        sessionId: session.id,
        rootId: owner.id,
        limits: owner === session ? limits : { ...limits, steps: Infinity },
        steps: 0,
        spent: owner.spent(),
        elapsedMs: owner.turns.elapsedMs,
      })
    }
    return chain
  }

  /** The activity is over: its own services go, and its hold on the generation. */
  async release(): Promise<void> {
    if (this.turn && !this.#isPart) await this.scope.close()
    this.#pinned.release()
  }
}
