import type { TurnId } from '@halter/protocol'
import type { HookName, Hooks, SessionPort, TapContext } from '../contracts/hooks.ts'
import type { SessionHooks } from '../contracts/runtime.ts'
import type { Cradle } from '../contracts/services.ts'
import type { HalterError } from '../errors.ts'

/** Now, where everything involved answered now; a promise only where something had to wait. */
export type MaybePromise<T> = T | Promise<T>

type HookOf<Kind> = { [H in HookName]: Hooks[H]['kind'] extends Kind ? H : never }[HookName]
/** Hooks whose taps may change what passes. */
export type TransformName = HookOf<'transform'>
/** Hooks whose taps may stop what passes. */
export type GuardName = HookOf<'guard'>
/** Hooks whose taps look. */
export type ObserveName = HookOf<'observe'>

/** Where services of one life are read: the root, a session in a generation, or a turn in that. */
export interface ServiceScope {
  /**
   * The service, decorated; undefined when nobody fills the slot.
   * @throws HalterError `ERR_SERVICE_SCOPE` for one that lives shorter than this scope.
   */
  get<K extends keyof Cradle>(name: K): Cradle[K] | undefined
}

/** From where a hook is called. Small; made once per place and used for every call from there. */
export interface DispatchContext {
  /** The session as `plugin` may touch it. Called only when a tap reads `ctx.session`. */
  portFor(plugin: string): SessionPort
  readonly turn: TapContext['turn']
  readonly step: number | undefined
  /** A tap's own signal follows this one, and lets go of it when the tap has settled. */
  readonly signal: AbortSignal | undefined
  /** What `ctx.services` reads per-session and per-turn services from. Absent: reading one is `ERR_SERVICE_SCOPE`. */
  readonly scope?: ServiceScope | undefined
  warn(code: string, message: string, plugin: string | undefined): void
}

/** What the guards of one call came to; `undefined`: none had an opinion. */
export type GuardDecision =
  /** `error` is set when the guard did not say so itself but failed. */
  | { readonly kind: 'deny'; readonly reason: string; readonly plugin: string; readonly error?: HalterError }
  | { readonly kind: 'ask'; readonly reason: string; readonly scope?: string; readonly plugin: string }
  | { readonly kind: 'allow'; readonly reason?: string; readonly plugin: string }

/** The taps of one generation, sealed. Everything answers synchronously when every tap did. */
export interface HookTable {
  /** False: a call would do nothing, so its input need not be made. */
  has(hook: HookName): boolean
  /**
   * What the taps made of `input`, one after the other.
   * @throws HalterError `ERR_HOOK_FAILED`, `ERR_HOOK_TIMEOUT`, `ERR_HOOK_INVALID`, or a tap's own `ERR_TURN_REFUSED`, naming plugin
   * and hook. `compaction.transform` warns instead and goes on with what it had.
   */
  transform<H extends TransformName>(
    hook: H,
    input: Hooks[H]['input'],
    ctx: DispatchContext,
  ): MaybePromise<Hooks[H]['input']>
  /** Never throws: a guard that fails denies. `turn.guard` and `compaction.guard` warn instead and let pass. */
  guard<H extends GuardName>(
    hook: H,
    input: Hooks[H]['input'],
    ctx: DispatchContext,
  ): MaybePromise<GuardDecision | undefined>
  /** Never throws: failures are warnings. */
  observe<H extends ObserveName>(hook: H, input: Hooks[H]['input'], ctx: DispatchContext): MaybePromise<void>
  /**
   * This table and the taps of one session, which run after plain taps and before `post` ones, under the name `session`. With
   * `parentGuards`, the guards of that table judge as well; one that is in both runs once.
   * @throws HalterError `ERR_HOOK_UNKNOWN` or `ERR_HOOK_INVALID` for a name that is no hook or a tap that is no function.
   */
  extend(own: SessionHooks | undefined, parentGuards?: HookTable): HookTable
}

/** The turn that a turn scope is opened for. */
export interface ScopedTurn {
  readonly turnId: TurnId
  readonly signal: AbortSignal
}
