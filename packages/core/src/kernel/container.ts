import type { SessionBlueprint } from '@halter/protocol'
import { asValue, createContainer } from 'awilix/browser'
import type { Cradle } from '../contracts/services.ts'
import type { ServiceScope } from './dispatch.ts'
import type { DisposeHost } from './dispose-stack.ts'
import type { SessionScope, TurnScope } from './generation.ts'
import type { ServiceRoot } from './plugin-services.ts'
import { openSessionScope, outOfScope, type Resolver, type ScopedService } from './scopes.ts'

/**
 * The services of one generation: awilix resolves, nothing here disposes. Values are registered when they are finished, so no
 * promise is ever a service; what lives shorter than the generation is built in a scope and found nowhere else.
 */
export class Container implements ServiceRoot {
  readonly #root: Resolver = createContainer({ injectionMode: 'PROXY', strict: true })
  readonly #scoped = new Map<string, ScopedService>()
  readonly #open = new Set<TurnScope>()
  /** What has been read before: a turn reads the same dozen at every step. */
  readonly #read = new Map<string, unknown>()
  readonly #host: DisposeHost
  readonly #flyweight: SessionScope

  constructor(host: DisposeHost) {
    this.#host = host
    const get: ServiceScope['get'] = (name) => this.get(name)
    const turn: TurnScope = Object.freeze({ get, close: closeNothing })
    this.#flyweight = Object.freeze({ get, close: closeNothing, openTurn: () => turn })
  }

  /** The one way in for a value. Filling a name again replaces it. */
  fill(name: string, value: unknown): void {
    this.#root.register(name, asValue(value))
    this.#read.delete(name)
  }

  /** The one way in for what is built per session or per turn. */
  fillScoped(name: string, service: ScopedService): void {
    this.#scoped.set(name, service)
    this.#read.delete(name)
  }

  isScoped(name: string): boolean {
    return this.#scoped.has(name)
  }

  get<K extends keyof Cradle>(name: K): Cradle[K] | undefined {
    const known = this.#read.get(name) as Cradle[K] | undefined
    if (known !== undefined) return known
    const scoped = this.#scoped.get(name)
    if (scoped) throw outOfScope(name, scoped)
    const service = this.#root.resolve<Cradle[K] | undefined>(name, { allowUnregistered: true })
    this.#read.set(name, service)
    return service
  }

  /** The same object for every session as long as nothing is per session or per turn: then a scope would hold nothing. */
  openSession(blueprint: SessionBlueprint): SessionScope {
    if (this.#scoped.size === 0) return this.#flyweight
    return openSessionScope(
      this.#root,
      { ...this.#host, services: this.#scoped, open: this.#open },
      blueprint,
    )
  }

  /** Closes what sessions have left open, youngest first. */
  async closeScopes(): Promise<void> {
    for (const scope of [...this.#open].toReversed()) await scope.close()
  }
}

function closeNothing(): Promise<void> {
  return Promise.resolve()
}
