import type { HookName } from '../contracts/hooks.ts'
import { HalterError, isHalterError } from '../errors.ts'
import { runAs } from './attribution.ts'
import { checkTransformed, checkVerdict } from './check-output.ts'
import type { Deadlines } from './deadline.ts'
import type { FieldClashes } from './field-clashes.ts'
import type { HookCall } from './hook-call.ts'
import { HOOK_RULES, type CompiledTap } from './hooks.ts'
import { sentence } from './sentence.ts'
import { TapCall } from './tap-context.ts'
import type { TapRecord } from './taps.ts'

/** What all taps of a table share. */
export interface TapHost {
  readonly deadlines: Deadlines
  readonly clashes: FieldClashes
}

// A clock costs a quarter of a synchronous call, so only the first and every sixteenth are timed, the latter for all sixteen.
const SAMPLED = 16

/**
 * A tap as tapable calls it: named, isolated, and with its hook's failure rule. One that returns at once costs no timer, no
 * controller and no promise; one that returns a promise costs one deadline.
 */
export function compileTap(tap: TapRecord, host: TapHost): CompiledTap {
  return (input, call, done) => {
    const tapCall = new TapCall(tap, call.ctx)
    const calls = ++tap.calls
    const weight = calls === 1 ? 1 : calls % SAMPLED === 0 ? SAMPLED : 0
    const startedAt = weight === 0 ? 0 : performance.now()
    let output: unknown
    let isPending = false
    try {
      output = runAs(tapCall, tap.run, input, tapCall)
      isPending = isThenable(output)
    } catch (error) {
      TapCall.end(tapCall)
      fail(tap, failed(tap, error), call, done)
      return
    }
    if (isPending) {
      void settle(tap, tapCall, output, host.deadlines).then((settled) => {
        if (settled.error) fail(tap, settled.error, call, done)
        else accept(tap, host, input, settled.output, call, done)
      })
      return
    }
    if (weight !== 0) tap.totalMs += (performance.now() - startedAt) * weight
    TapCall.end(tapCall)
    accept(tap, host, input, output, call, done)
  }
}

type Done = Parameters<CompiledTap>[2]

/** Waits for a tap, as long as its deadline allows. */
async function settle(
  tap: TapRecord,
  tapCall: TapCall,
  pending: unknown,
  deadlines: Deadlines,
): Promise<{ readonly error?: HalterError; readonly output?: unknown }> {
  const startedAt = performance.now()
  const settled = await deadlines.settle(pending, tap.timeoutMs)
  tap.totalMs += performance.now() - startedAt
  if (settled.status === 'expired') {
    const error = timedOut(tap)
    TapCall.end(tapCall, error)
    return { error }
  }
  TapCall.end(tapCall)
  return settled.status === 'rejected' ? { error: failed(tap, settled.reason) } : { output: settled.value }
}

/** Passes on what a tap returned, in the way of its hook's kind. */
function accept(
  tap: TapRecord,
  host: TapHost,
  input: unknown,
  output: unknown,
  call: HookCall,
  done: Done,
): void {
  const { kind } = HOOK_RULES[tap.hook]
  if (kind === 'observe') return done(null)
  let result: unknown
  try {
    result =
      kind === 'guard'
        ? checkVerdict(tap.plugin, tap.hook, output)
        : checkTransformed(tap.plugin, tap.hook, input, output)
    if (kind === 'transform' && result !== input && call.tracksWriters)
      host.clashes.note(tap, call, input as Record<string, unknown>, result as Record<string, unknown>)
  } catch (error) {
    return fail(tap, isHalterError(error, 'ERR_HOOK_INVALID') ? error : failed(tap, error), call, done)
  }
  if (kind === 'guard') return decide(result as ReturnType<typeof checkVerdict>, call, done)
  done(null, result)
}

/** Only a denial ends the call: what asks or allows waits for what the guards after it say. */
function decide(decision: ReturnType<typeof checkVerdict>, call: HookCall, done: Done): void {
  if (decision?.kind === 'deny') return done(null, decision)
  if (decision) call.note(decision)
  done(null)
}

function fail(tap: TapRecord, error: HalterError, call: HookCall, done: Done): void {
  switch (HOOK_RULES[tap.hook].onFailure) {
    case 'throw':
      return done(error)
    case 'deny':
      return done(null, {
        kind: 'deny',
        reason: error.message,
        plugin: tap.plugin,
        // A refusal is no defect: it is the same as to return `{ deny }`.
        ...(error.code !== 'ERR_TURN_REFUSED' && { error }),
      })
    case 'warn':
      // Work that ends because it was told to has not failed.
      if (!call.ctx.signal?.aborted) call.warn(error.code, error.message, tap.plugin)
      return done(null)
  }
}

/** What a tap threw, with its plugin's name: a refusal in its own words, anything else as its failure. */
function failed({ plugin, hook }: TapRecord, cause: unknown): HalterError {
  if (isOwnRefusal(cause)) {
    const { message, cause: because, data } = cause
    return new HalterError('ERR_TURN_REFUSED', message, { plugin, hook, cause: because, data })
  }
  const message = `${plugin} failed in ${hook}: ${sentence(cause)} ${cure(hook, plugin)}`
  return new HalterError('ERR_HOOK_FAILED', message, { plugin, hook, cause })
}

/** A refusal that names a hook is another tap's, and reached this one because it was not caught. */
function isOwnRefusal(thrown: unknown): thrown is HalterError {
  return isHalterError(thrown, 'ERR_TURN_REFUSED') && thrown.hook === undefined
}

function timedOut({ plugin, hook, timeoutMs }: TapRecord): HalterError {
  const message = `${plugin} did not settle in ${hook} within ${timeoutMs} ms, and nobody waits for it any longer. ${cure(hook, plugin)}`
  return new HalterError('ERR_HOOK_TIMEOUT', message, { plugin, hook })
}

function cure(hook: HookName, plugin: string): string {
  return HOOK_RULES[hook].onFailure === 'deny'
    ? `A guard that fails denies. Repair ${plugin} or take it out.`
    : `Repair ${plugin} or take it out.`
}

function isThenable(value: unknown): boolean {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}
