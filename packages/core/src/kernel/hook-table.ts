import type { HookName, Hooks } from '../contracts/hooks.ts'
import type { SessionHooks } from '../contracts/runtime.ts'
import type {
  DispatchContext,
  GuardDecision,
  GuardName,
  HookTable,
  MaybePromise,
  ObserveName,
  TransformName,
} from './dispatch.ts'
import type { WarningListener } from './dispose-stack.ts'
import { HookCall } from './hook-call.ts'
import { createTapableHook, HOOK_RULES, type TapableHook } from './hooks.ts'
import { PluginServices } from './plugin-services.ts'
import { compileTap, type TapHost } from './run-tap.ts'
import { recordSessionTaps, type TapOrder, type TapRecord } from './taps.ts'

/** A hook that has taps. */
interface Entry {
  readonly hook: TapableHook
  readonly taps: readonly TapRecord[]
  readonly onWarning: WarningListener
}

/** What a table needs besides its taps. */
export interface HookTableHost extends TapHost {
  /** Deadline of a session's own taps. Milliseconds. */
  readonly tapTimeoutMs: number
  readonly onWarning: WarningListener
}

const RANK: Readonly<Record<TapOrder, number>> = { pre: 0, plain: 1, session: 2, post: 3 }

/** The taps of one generation behind real tapable hooks, one per hook that has taps at all. */
export class SealedHooks implements HookTable {
  readonly #entries: ReadonlyMap<HookName, Entry>
  readonly #host: HookTableHost

  private constructor(entries: ReadonlyMap<HookName, Entry>, host: HookTableHost) {
    this.#entries = entries
    this.#host = host
  }

  /** Seals `taps`, which come in plugin order. */
  static of(taps: readonly TapRecord[], host: HookTableHost): SealedHooks {
    const entries = new Map<HookName, Entry>()
    for (const [hook, own] of Map.groupBy(taps, (tap) => tap.hook)) entries.set(hook, seal(hook, own, host))
    return new SealedHooks(entries, host)
  }

  has(hook: HookName): boolean {
    return this.#entries.has(hook)
  }

  transform<H extends TransformName>(
    hook: H,
    input: Hooks[H]['input'],
    ctx: DispatchContext,
  ): MaybePromise<Hooks[H]['input']> {
    const entry = this.#entries.get(hook)
    return entry ? (dispatch(entry, input, ctx) as MaybePromise<Hooks[H]['input']>) : input
  }

  guard<H extends GuardName>(
    hook: H,
    input: Hooks[H]['input'],
    ctx: DispatchContext,
  ): MaybePromise<GuardDecision | undefined> {
    const entry = this.#entries.get(hook)
    return entry && (dispatch(entry, input, ctx) as MaybePromise<GuardDecision | undefined>)
  }

  observe<H extends ObserveName>(
    hook: H,
    input: Hooks[H]['input'],
    ctx: DispatchContext,
  ): MaybePromise<void> {
    const entry = this.#entries.get(hook)
    if (entry) return dispatch(entry, input, ctx) as MaybePromise<void>
  }

  extend(own: SessionHooks | undefined, parentGuards?: HookTable): HookTable {
    const added = own ? recordSessionTaps(own, NO_SERVICES, this.#host.tapTimeoutMs) : []
    for (const tap of parentGuards instanceof SealedHooks ? parentGuards.#guards() : [])
      if (!this.#entries.get(tap.hook)?.taps.includes(tap)) added.push(tap)
    if (added.length === 0) return this
    const entries = new Map(this.#entries)
    for (const [hook, taps] of Map.groupBy(added, (tap) => tap.hook))
      entries.set(hook, seal(hook, [...(entries.get(hook)?.taps ?? []), ...taps], this.#host))
    return new SealedHooks(entries, this.#host)
  }

  /** The taps of every hook that has any, in the order they run. */
  taps(): ReadonlyMap<HookName, readonly TapRecord[]> {
    return new Map(Array.from(this.#entries, ([hook, { taps }]) => [hook, taps]))
  }

  #guards(): TapRecord[] {
    return [...this.#entries].flatMap(([hook, { taps }]) => (HOOK_RULES[hook].kind === 'guard' ? taps : []))
  }
}

/** A session's own taps are functions of whoever opened it: they see what their closures see. */
const NO_SERVICES = new PluginServices([], { get: () => undefined, isScoped: () => false })

function seal(hook: HookName, taps: readonly TapRecord[], host: HookTableHost): Entry {
  const sorted = taps.toSorted((a, b) => RANK[a.order] - RANK[b.order])
  const tapable = createTapableHook(hook)
  for (const tap of sorted) tapable.tapAsync(tap.plugin, compileTap(tap, host))
  return { hook: tapable, taps: sorted, onWarning: host.onWarning }
}

/** Calls the hook; a promise only when a tap made it wait. */
function dispatch({ hook, taps, onWarning }: Entry, input: unknown, ctx: DispatchContext): unknown {
  const call = new HookCall(ctx, taps.length > 1, onWarning)
  let settled: { readonly error: Error | null; readonly result: unknown } | undefined
  let wake: (() => void) | undefined
  hook.callAsync(input, call, (error, result) => {
    settled = { error, result }
    wake?.()
  })
  if (settled) return unwrap(settled, call)
  return new Promise<void>((resolve) => {
    wake = resolve
  }).then(() => unwrap(settled!, call))
}

function unwrap({ error, result }: { error: Error | null; result: unknown }, call: HookCall): unknown {
  if (error) throw error
  return result ?? call.decision
}
