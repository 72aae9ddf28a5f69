import type { SessionCradle } from '../contracts/services.ts'
import { scopeOf } from '../define-plugin.ts'
import { isHalterError } from '../errors.ts'
import { runAs } from './attribution.ts'
import { checkService } from './check-setup-result.ts'
import type { Container } from './container.ts'
import type { StartPlan } from './plan.ts'
import type { ScopedService } from './scopes.ts'
import { sentence } from './sentence.ts'
import { setupError, type StartedPlugin } from './start-plugin.ts'

/** What stands in a slot or collection: a value, or how one is made per session or turn. */
export type Filling = { readonly value: unknown } | ScopedService

/**
 * Puts what setups return into the container: a slot once its last decorator is around it, a collection with every plugin that
 * adds to it. Fillings that are carried over are taken as they are, so that a decorated service stays the same object.
 */
export class Assembly {
  /** Everything that is in the container, for the next generation to carry over. */
  readonly fillings = new Map<string, Filling>()
  /** Collection → plugin → what it adds. */
  readonly #parts = new Map<string, Map<string, readonly unknown[]>>()
  readonly #container: Container
  readonly #plan: StartPlan
  readonly #carried: ReadonlyMap<string, Filling>

  constructor(container: Container, plan: StartPlan, carried: ReadonlyMap<string, Filling>) {
    this.#container = container
    this.#plan = plan
    this.#carried = carried
    for (const collection of plan.collections.keys())
      this.#fill(collection, carried.get(collection) ?? { value: Object.freeze([]) })
  }

  /** Takes in a plugin. Plugins come in start order. @throws HalterError `ERR_PLUGIN_SETUP` when a decorator fails. */
  add({ planned: { plugin, lostSlots }, result }: StartedPlugin): void {
    const { name } = plugin
    for (const slot of plugin.provides)
      if (!lostSlots.includes(slot)) this.#put(slot, name, () => filling(name, slot, result[slot]))
    for (const slot of plugin.decorates)
      this.#put(slot, name, () => decorated(name, slot, result[slot] as Decorate, this.fillings.get(slot)!))
    for (const collection of plugin.contributes)
      this.#append(collection, name, result[collection] as unknown[])
  }

  #put(slot: string, plugin: string, make: () => Filling): void {
    const made = this.#carried.get(slot) ?? make()
    this.fillings.set(slot, made)
    const { filler, decorators } = this.#plan.slots.get(slot)!
    if (plugin === (decorators.at(-1) ?? filler)) this.#fill(slot, made)
  }

  /** A collection holds what is there so far, in the plan's order of those who add to it. */
  #append(collection: string, plugin: string, items: readonly unknown[]): void {
    if (this.#carried.has(collection)) return
    let parts = this.#parts.get(collection)
    if (!parts) this.#parts.set(collection, (parts = new Map()))
    parts.set(plugin, items)
    const all = this.#plan.collections.get(collection)!.flatMap((name) => parts.get(name) ?? [])
    this.#fill(collection, { value: Object.freeze(all) })
  }

  #fill(name: string, made: Filling): void {
    this.fillings.set(name, made)
    if ('build' in made) this.#container.fillScoped(name, made)
    else this.#container.fill(name, made.value)
  }
}

type Decorate = (inner: unknown) => unknown

function filling(plugin: string, slot: string, value: unknown): Filling {
  const life = scopeOf(value)
  if (life === undefined) return { value }
  const { build } = value as { readonly build: (cradle: SessionCradle) => unknown }
  return { life, plugin, build: (cradle) => make(plugin, slot, cradle, () => build(cradle)) }
}

function decorated(plugin: string, slot: string, decorate: Decorate, inner: Filling): Filling {
  if (!('build' in inner)) return { value: make(plugin, slot, undefined, () => decorate(inner.value)) }
  return {
    ...inner,
    build: (cradle) => {
      const service = inner.build(cradle)
      return make(plugin, slot, cradle, () => decorate(service))
    },
  }
}

/** Runs a factory or decorator as its plugin's code, and checks what it made. */
function make(plugin: string, slot: string, cradle: SessionCradle | undefined, run: () => unknown): unknown {
  const sessionId = cradle?.session.sessionId
  const where = sessionId === undefined ? '' : ` for session ${sessionId}`
  let made: unknown
  try {
    made = runAs({ plugin, sessionId }, run)
  } catch (error) {
    // Another factory's failure that this one ran into has been named already.
    if (isHalterError(error, 'ERR_PLUGIN_SETUP') && error.plugin !== plugin) throw error
    throw setupError(
      plugin,
      `${plugin} failed to make "${slot}"${where}: ${sentence(error)} Repair ${plugin}.`,
      error,
    )
  }
  const problem = checkService(made)
  if (problem === undefined) return made
  throw setupError(plugin, `${plugin} made "${slot}"${where}, and that is ${problem}. Repair ${plugin}.`)
}
