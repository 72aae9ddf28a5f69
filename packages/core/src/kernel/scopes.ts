import type { SessionBlueprint } from '@halter/protocol'
import { asFunction, asValue, type AwilixContainer } from 'awilix/browser'
import type { Cradle, SessionCradle } from '../contracts/services.ts'
import { HalterError } from '../errors.ts'
import type { ScopedTurn, ServiceScope } from './dispatch.ts'
import { DisposeStack, type DisposeHost } from './dispose-stack.ts'
import type { SessionScope, TurnScope } from './generation.ts'

/** A service that lives as long as a session or a turn. */
export interface ScopedService {
  readonly life: 'session' | 'turn'
  /** Who fills the slot. */
  readonly plugin: string
  /** Makes one, decorators around it. @throws HalterError `ERR_PLUGIN_SETUP`. */
  readonly build: (cradle: SessionCradle) => unknown
}

/** An awilix container as used here. */
export type Resolver = AwilixContainer<Record<string, unknown>>

/** What scopes need. */
export interface ScopeHost extends DisposeHost {
  readonly services: ReadonlyMap<string, ScopedService>
  /** The scopes that are open, for whoever has to close them in the end: awilix does not know its children. */
  readonly open: Set<TurnScope>
}

/**
 * Per-session services are built here, once, in dependency order, then pinned as values: an awilix `scoped()` registration would
 * be built again in every turn scope below.
 * @throws HalterError `ERR_PLUGIN_SETUP` when one cannot be built; those that were are cleaned up.
 */
export function openSessionScope(root: Resolver, host: ScopeHost, blueprint: SessionBlueprint): SessionScope {
  const { container, stack } = openScope(root, host, { session: blueprint })
  try {
    registerScoped(container, host, 'session')
    for (const [name, { life }] of host.services)
      if (life === 'session') container.register(name, asValue(container.resolve(name)))
  } catch (error) {
    void stack.dispose()
    throw error
  }
  const get: ServiceScope['get'] = (name) => {
    const scoped = host.services.get(name)
    if (scoped?.life === 'turn') throw outOfScope(name, scoped)
    return read(container, name)
  }
  const plainTurn: TurnScope = Object.freeze({ get, close: () => Promise.resolve() })
  const hasTurnServices = host.services.values().some(({ life }) => life === 'turn')
  const scope: SessionScope = {
    get,
    openTurn: (turn) => (hasTurnServices ? openTurnScope(container, host, turn) : plainTurn),
    close: () => close(scope, stack, host),
  }
  host.open.add(scope)
  return scope
}

/** Per-turn services are built when they are first read. */
function openTurnScope(session: Resolver, host: ScopeHost, { turnId, signal }: ScopedTurn): TurnScope {
  const { container, stack } = openScope(session, host, { turnId, signal })
  registerScoped(container, host, 'turn')
  const scope: TurnScope = { get: (name) => read(container, name), close: () => close(scope, stack, host) }
  host.open.add(scope)
  return scope
}

/** An awilix scope, and the stack behind the `defer` in its cradle. */
function openScope(
  parent: Resolver,
  host: ScopeHost,
  values: Readonly<Record<string, unknown>>,
): { readonly container: Resolver; readonly stack: DisposeStack } {
  const container = parent.createScope<Record<string, unknown>>()
  const stack = new DisposeStack({ plugin: 'core' }, host)
  container.register('defer', asValue(stack.defer))
  for (const [name, value] of Object.entries(values)) container.register(name, asValue(value))
  return { container, stack }
}

function close(scope: TurnScope, stack: DisposeStack, host: ScopeHost): Promise<void> {
  host.open.delete(scope)
  return stack.dispose()
}

function registerScoped(container: Resolver, { services }: ScopeHost, life: ScopedService['life']): void {
  for (const [name, service] of services)
    if (service.life === life) container.register(name, asFunction(service.build).scoped())
}

function read<K extends keyof Cradle>(container: Resolver, name: K): Cradle[K] | undefined {
  return container.resolve<Cradle[K] | undefined>(name, { allowUnregistered: true })
}

/** The error of reading a service outside its life. */
export function outOfScope(name: string, { plugin, life }: ScopedService): HalterError {
  const where =
    life === 'turn' ? 'a turn: in a tap or a perTurn factory' : 'a session: in a tap or a perSession factory'
  return new HalterError(
    'ERR_SERVICE_SCOPE',
    `"${name}" is made per ${life} by ${plugin}, so it exists only within ${where}. Read it there, not in setup.`,
    { plugin },
  )
}
