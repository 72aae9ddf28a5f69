import type { Cradle } from '../contracts/services.ts'
import type { ServiceScope } from './dispatch.ts'

/** The services outside every session. */
export interface ServiceRoot extends ServiceScope {
  /** True for one that is made per session or per turn. */
  isScoped(name: string): boolean
}

/**
 * What one plugin sees of the container: a frozen object with a getter per required or optional name, and nothing else. One for
 * `setup` and all calls; one more per scope when some of the names are per-session or per-turn services.
 */
export class PluginServices {
  /** The services as they are outside every session. */
  readonly view: object
  /** Replaced when the plugin is carried over: what it can see is the same, what it cannot must not be kept alive. */
  root: ServiceRoot
  /** What `setup` has read, and may have kept: only as long as that is the same can the plugin be carried over. */
  readonly kept = new Set<string>()
  #isSettingUp = true
  readonly #names: readonly string[]
  #views: WeakMap<ServiceScope, object> | undefined
  #needsScope: boolean | undefined

  constructor(names: readonly string[], root: ServiceRoot) {
    this.#names = names
    this.root = root
    this.view = createView(names, (name) => {
      if (this.#isSettingUp) this.kept.add(name)
      return this.root.get(name)
    })
  }

  /** `setup` has ended. */
  seal(): void {
    this.#isSettingUp = false
  }

  /** The services as a call from within `scope` sees them. */
  in(scope: ServiceScope | undefined): object {
    if (!scope || !(this.#needsScope ??= this.#names.some((name) => this.root.isScoped(name))))
      return this.view
    this.#views ??= new WeakMap()
    let view = this.#views.get(scope)
    if (!view) this.#views.set(scope, (view = createView(this.#names, (name) => scope.get(name))))
    return view
  }
}

function createView(names: readonly string[], read: (name: keyof Cradle) => unknown): object {
  const view = {}
  for (const name of names)
    Object.defineProperty(view, name, { enumerable: true, get: () => read(name as keyof Cradle) })
  return Object.freeze(view)
}
