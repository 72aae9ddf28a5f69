import type { PluginReducer, SessionBlueprint } from '@halter/protocol'
import type { Cradle } from '../contracts/services.ts'
import type { Filling } from './assembly.ts'
import type { CarryOver } from './carry-over.ts'
import type { Container } from './container.ts'
import type { Generation, SessionScope } from './generation.ts'
import type { SealedHooks } from './hook-table.ts'
import type { StartPlan } from './plan.ts'
import type { StartedPlugin } from './start-plugin.ts'

/** What a generation is made of. */
export interface GenerationParts {
  readonly number: number
  readonly plan: StartPlan
  /** In start order. */
  readonly started: ReadonlyMap<string, StartedPlugin>
  readonly carried: CarryOver
  readonly container: Container
  readonly fillings: ReadonlyMap<string, Filling>
  readonly hooks: SealedHooks
  /** Element of a collection → its plugin. */
  readonly owners: ReadonlyMap<object, string>
}

/** A generation that has started, and the end of it. */
export class RunningGeneration implements Generation {
  readonly parts: GenerationParts
  readonly reducers: ReadonlyMap<string, PluginReducer>
  /** Those who need it alive; see `Kernel.pin`. */
  pins = 0
  #disposal: Promise<void> | undefined

  constructor(parts: GenerationParts) {
    this.parts = parts
    this.reducers = new Map(
      parts.plan.plugins.flatMap(({ plugin }) =>
        plugin.sessionState ? [[plugin.name, plugin.sessionState] as const] : [],
      ),
    )
  }

  /** This generation is to be: from now on its plugins are its own, too. */
  adopt(): void {
    const { started, container } = this.parts
    const logger = container.get('logger')
    for (const [name, plugin] of started) {
      plugin.users++
      // One that was carried over sees the same services here; the container it was born in can go.
      plugin.services.root = container
      if (logger) plugin.logger.bind(logger.child({ plugin: name }))
    }
  }

  get number(): number {
    return this.parts.number
  }

  get hooks(): SealedHooks {
    return this.parts.hooks
  }

  get<K extends keyof Cradle>(name: K): Cradle[K] | undefined {
    return this.parts.container.get(name)
  }

  ownerOf(contribution: object): string | undefined {
    return this.parts.owners.get(contribution)
  }

  openSession(blueprint: SessionBlueprint): SessionScope {
    return this.parts.container.openSession(blueprint)
  }

  /** False for a plugin that had to stop for a reload that then failed. */
  isRunning(plugin: string): boolean {
    return this.parts.started.get(plugin)?.stack.isDisposed === false
  }

  hasKept(plugin: string, service: string): boolean {
    return this.parts.started.get(plugin)?.services.kept.has(service) === true
  }

  /** Stops what only this generation uses, last started first. Never rejects. */
  dispose(): Promise<void> {
    return (this.#disposal ??= this.#stop())
  }

  async #stop(): Promise<void> {
    const { container, started } = this.parts
    await container.closeScopes()
    for (const plugin of [...started.values()].toReversed())
      if (--plugin.users === 0) await plugin.stack.dispose()
  }
}
