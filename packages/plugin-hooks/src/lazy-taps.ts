import type { SessionPort, Tap, TapContext } from '@halter/core'
import type { HookTaps } from './create-taps.ts'

/** Every hook of the lifecycle at which handlers may be called; the compiler misses one that is not here. */
const TAPPED: { readonly [H in keyof HookTaps]: true } = {
  'session.start': true,
  'session.end': true,
  'turn.guard': true,
  'turn.end': true,
  'notification.end': true,
  'prompt.transform': true,
  'prompt.guard': true,
  'response.guard': true,
  'toolCall.transform': true,
  'toolCall.guard': true,
  'toolResult.transform': true,
  'toolCall.end': true,
  'context.transform': true,
  'compaction.guard': true,
  'compaction.end': true,
  'subagent.start': true,
  'approval.guard': true,
}
const NAMES = Object.keys(TAPPED) as (keyof HookTaps)[]

/** What is loaded when the first handler is there, and whether one is. */
export interface LazyHooks {
  load(): Promise<HookTaps>
  isNeeded(ctx: TapContext): boolean | Promise<boolean>
}

/**
 * The taps, without their code: most sessions have no handlers, and a start should not pay for them. A turn that has none is asked
 * about once; everything else of it costs a look into a map.
 */
export function lazyTaps({ load, isNeeded }: LazyHooks): HookTaps {
  let loaded: HookTaps | undefined
  let loading: Promise<HookTaps> | undefined
  const without = new WeakMap<SessionPort, string>()

  const first = async (name: keyof HookTaps, input: never, ctx: TapContext): Promise<unknown> => {
    if (!(await isNeeded(ctx))) {
      if (ctx.turn) without.set(ctx.session, ctx.turn.turnId)
      return undefined
    }
    loaded = await (loading ??= load())
    return (loaded[name] as (input: never, ctx: TapContext) => unknown)(input, ctx)
  }
  const lazy = (name: keyof HookTaps) => (input: never, ctx: TapContext) => {
    if (loaded) return (loaded[name] as (input: never, ctx: TapContext) => unknown)(input, ctx)
    const isKnown = ctx.turn !== undefined && without.get(ctx.session) === ctx.turn.turnId
    return isKnown ? undefined : first(name, input, ctx)
  }
  return Object.fromEntries(NAMES.map((name) => [name, lazy(name)])) as unknown as HookTaps
}

/** Calls `tap` for each, with its name. */
export function eachTap(taps: HookTaps, tap: <H extends keyof HookTaps>(name: H, run: Tap<H>) => void): void {
  for (const name of NAMES) tap(name, taps[name] as Tap<typeof name>)
}
