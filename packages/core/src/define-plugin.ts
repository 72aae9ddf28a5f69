import type { PluginReducer } from '@halter/protocol'
import { HalterError } from './errors.ts'
import type { HookName, Tap } from './contracts/hooks.ts'
import type { Schema } from './contracts/schema.ts'
import type { Collections, Cradle, Defer, Services, SessionCradle, TurnCradle } from './contracts/services.ts'
import type { Logger } from './contracts/system.ts'

/** The shape of manifest, contracts and hooks that this version of core speaks. */
export const API_VERSION = 1

/** The name of a slot. */
export type SlotName = keyof Services
/** The name of a collection. */
export type CollectionName = keyof Collections
/** What can be required. */
export type ServiceName = keyof Cradle

/** The view a plugin has of the container: what it requires, and what it would like, which may be undefined. */
export type ServiceView<R extends ServiceName, O extends ServiceName> = {
  readonly [K in R]: Cradle[K]
} & { readonly [K in Exclude<O, R>]: Cradle[K] | undefined }

const scopeBrand = Symbol.for('halter.scoped')

/** A service that is built once per session or per turn instead of once. Made by `perSession` and `perTurn`. */
export interface Scoped<T> {
  readonly [scopeBrand]: 'session' | 'turn'
  readonly build: (cradle: never) => T
}

/** Builds the service anew for every session, at its first turn. `defer` in the cradle cleans up with the session. */
export function perSession<T>(build: (cradle: SessionCradle) => T): Scoped<T> {
  return Object.freeze({ [scopeBrand]: 'session' as const, build })
}

/** Builds the service anew for every turn, when it is first read. */
export function perTurn<T>(build: (cradle: TurnCradle) => T): Scoped<T> {
  return Object.freeze({ [scopeBrand]: 'turn' as const, build })
}

/** The scope of a value that a `setup` returned; undefined for a plain one. */
export function scopeOf(value: unknown): 'session' | 'turn' | undefined {
  return typeof value === 'object' && value !== null && scopeBrand in value
    ? (value as Scoped<unknown>)[scopeBrand]
    : undefined
}

/** Wraps whoever fills a slot. Called once per generation; for a per-session slot, once per session. */
export type Decorator<T> = (inner: T) => T

/** What `setup` returns: a key per slot it fills, collection it adds to and slot it wraps. */
export type SetupResult<P extends SlotName, A extends CollectionName, D extends SlotName> = {
  readonly [K in P]: Services[K] | Scoped<Services[K]>
} & { readonly [K in A]: readonly Collections[K][] } & {
  readonly [K in D]: Decorator<Services[K]>
}

/** Registers taps. Open only while `setup` runs; what was tapped stays until the plugin is unloaded. */
export interface Taps<S> {
  /**
   * Taps a hook. Order: plugins as the kernel sorted them, a plugin's taps as they were made; `pre` goes before all plain
   * ones and `post` after. `timeoutMs` bounds one call of an asynchronous tap; default 30,000.
   */
  tap<H extends HookName>(
    hook: H,
    tap: Tap<H, S>,
    options?: { readonly order?: 'pre' | 'post'; readonly timeoutMs?: number },
  ): void
}

/** What `setup` gets. */
export interface SetupContext<C, R extends ServiceName, O extends ServiceName> {
  /** The options, checked and completed by `config`. */
  readonly config: C
  /** Only what `requires` and `optional` name: nothing else is on the object, in types or at run time. */
  readonly services: ServiceView<R, O>
  readonly hooks: Taps<ServiceView<R, O>>
  /** Runs when the plugin is unloaded: last deferred, first run. Also when a later plugin fails to start. */
  readonly defer: Defer
  readonly logger: Logger
  /** Slots that this plugin provides and another one won. What it returns for them is not used. */
  readonly lostSlots: readonly SlotName[]
  /** Aborted when the start fails or takes too long. */
  readonly signal: AbortSignal
}

/** What `definePlugin` takes. All but `setup` is data: it is checked before any code of the plugin runs. */
export interface PluginSpec<
  C,
  P extends SlotName,
  A extends CollectionName,
  D extends SlotName,
  R extends ServiceName,
  O extends ServiceName,
> {
  /** The npm package name: the plugin's name in config, errors, taps and `halter doctor`. */
  readonly name: string
  readonly apiVersion: typeof API_VERSION
  /** Checks the options. Absent: the plugin takes none. */
  readonly config?: Schema<C>
  /** Slots it fills. */
  readonly provides?: readonly P[]
  /** Collections it adds to. */
  readonly contributes?: readonly A[]
  /** Slots it wraps, whoever fills them. */
  readonly decorates?: readonly D[]
  /** What must be there before `setup` runs. */
  readonly requires?: readonly R[]
  /** What it uses when it is there. */
  readonly optional?: readonly O[]
  /** Plugins to set up after this one, when `requires` does not say it. Names that are not installed are ignored. */
  readonly before?: readonly string[]
  /** Plugins to set up before this one. */
  readonly after?: readonly string[]
  /** State of its own in every session, folded from its notes. */
  readonly sessionState?: PluginReducer
  /** It holds something that cannot be held twice (a port, a lock): a reload that changes it stops the old one first. */
  readonly exclusive?: boolean
  setup(ctx: SetupContext<C, R, O>): MaybePromise<SetupResult<NoInfer<P>, NoInfer<A>, NoInfer<D>>>
}

type MaybePromise<T> = T | Promise<T>

const pluginBrand = Symbol.for('halter.plugin')

/** A plugin: a frozen value. Importing it ran nothing. */
export interface Plugin {
  readonly [pluginBrand]: true
  readonly name: string
  readonly apiVersion: number
  readonly config: Schema | undefined
  readonly provides: readonly string[]
  readonly contributes: readonly string[]
  readonly decorates: readonly string[]
  readonly requires: readonly string[]
  readonly optional: readonly string[]
  readonly before: readonly string[]
  readonly after: readonly string[]
  readonly sessionState: PluginReducer | undefined
  readonly exclusive: boolean
  readonly setup: (ctx: SetupContext<unknown, never, never>) => unknown
}

/**
 * Makes a plugin. The types of `setup` follow from the lists, so pass them as literals.
 * @throws HalterError `ERR_PLUGIN_INVALID` when the name is missing or a slot is both filled and wrapped.
 */
export function definePlugin<
  C = undefined,
  const P extends SlotName = never,
  const A extends CollectionName = never,
  const D extends SlotName = never,
  const R extends ServiceName = never,
  const O extends ServiceName = never,
>(spec: PluginSpec<C, P, A, D, R, O>): Plugin {
  if (typeof spec.name !== 'string' || spec.name === '')
    throw new HalterError('ERR_PLUGIN_INVALID', 'a plugin has no name. Give it the name of its npm package.')
  const both = (spec.provides ?? []).find((slot) =>
    (spec.decorates as readonly string[] | undefined)?.includes(slot),
  )
  if (both !== undefined)
    throw new HalterError(
      'ERR_PLUGIN_INVALID',
      `${spec.name} both provides and decorates "${both}". Fill the slot or wrap it, not both.`,
      { plugin: spec.name },
    )
  return Object.freeze({
    [pluginBrand]: true as const,
    name: spec.name,
    apiVersion: spec.apiVersion,
    config: spec.config,
    provides: Object.freeze([...(spec.provides ?? [])]),
    contributes: Object.freeze([...(spec.contributes ?? [])]),
    decorates: Object.freeze([...(spec.decorates ?? [])]),
    requires: Object.freeze([...(spec.requires ?? [])]),
    optional: Object.freeze([...(spec.optional ?? [])]),
    before: Object.freeze([...(spec.before ?? [])]),
    after: Object.freeze([...(spec.after ?? [])]),
    sessionState: spec.sessionState,
    exclusive: spec.exclusive ?? false,
    setup: spec.setup as unknown as Plugin['setup'],
  })
}

/** True for a plugin made by any copy of `definePlugin`. */
export function isPlugin(value: unknown): value is Plugin {
  return typeof value === 'object' && value !== null && pluginBrand in value
}
