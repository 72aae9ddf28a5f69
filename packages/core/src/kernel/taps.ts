import type { HookName, Tap } from '../contracts/hooks.ts'
import type { Taps } from '../define-plugin.ts'
import { HalterError } from '../errors.ts'
import { HOOK_RULES, isHookName } from './hooks.ts'
import type { PluginServices } from './plugin-services.ts'

/** Where a tap stands among the taps of its hook. `session`: a session's own. */
export type TapOrder = 'pre' | 'plain' | 'session' | 'post'

/** A tap as it was registered, and what it has cost since. */
export class TapRecord {
  readonly plugin: string
  readonly hook: HookName
  readonly order: TapOrder
  readonly run: (input: unknown, ctx: unknown) => unknown
  readonly timeoutMs: number
  readonly services: PluginServices
  calls = 0
  totalMs = 0

  constructor(
    tap: Pick<TapRecord, 'plugin' | 'hook' | 'order' | 'services'>,
    run: unknown,
    timeoutMs: number,
  ) {
    this.plugin = tap.plugin
    this.hook = tap.hook
    this.order = tap.order
    this.services = tap.services
    this.run = run as TapRecord['run']
    this.timeoutMs = Math.min(timeoutMs, HOOK_RULES[tap.hook].atMostMs ?? Infinity)
  }
}

/** Records what a plugin taps while its `setup` runs. */
export class TapRecorder {
  readonly records: TapRecord[] = []
  readonly taps: Taps<object>
  #isSealed = false

  constructor(plugin: string, services: PluginServices, defaultTimeoutMs: number) {
    const tap: Taps<object>['tap'] = (hook, run, options = {}) => {
      if (this.#isSealed) throw tooLate(plugin, hook)
      checkTap(plugin, hook, run)
      const { order = 'plain', timeoutMs = defaultTimeoutMs } = options
      checkTapOptions(plugin, hook, order, timeoutMs)
      this.records.push(new TapRecord({ plugin, hook, order, services }, run, timeoutMs))
    }
    this.taps = Object.freeze({ tap })
  }

  /** From now on a tap is an error. */
  seal(): void {
    this.#isSealed = true
  }
}

/** @throws HalterError `ERR_HOOK_UNKNOWN` or `ERR_HOOK_INVALID`. */
export function checkTap(plugin: string, hook: unknown, tap: unknown): asserts hook is HookName {
  if (!isHookName(hook))
    throw new HalterError(
      'ERR_HOOK_UNKNOWN',
      `${plugin} taps "${String(hook)}", and there is no such hook. There are: ${Object.keys(HOOK_RULES).join(', ')}.`,
      { plugin, hook: String(hook) },
    )
  if (typeof tap !== 'function')
    throw new HalterError(
      'ERR_HOOK_INVALID',
      `${plugin} taps ${hook} with ${tap === null ? 'null' : `a value of type ${typeof tap}`}. Pass a function.`,
      { plugin, hook },
    )
}

function checkTapOptions(plugin: string, hook: HookName, order: unknown, timeoutMs: unknown): void {
  if (order !== 'pre' && order !== 'plain' && order !== 'post')
    throw new HalterError(
      'ERR_HOOK_INVALID',
      `${plugin} taps ${hook} with the order "${String(order)}". Use "pre", "post", or leave it out.`,
      { plugin, hook },
    )
  if (typeof timeoutMs !== 'number' || !(timeoutMs > 0))
    throw new HalterError(
      'ERR_HOOK_INVALID',
      `${plugin} taps ${hook} with a timeoutMs of ${String(timeoutMs)}. Give milliseconds, more than 0.`,
      { plugin, hook },
    )
}

function tooLate(plugin: string, hook: string): HalterError {
  return new HalterError(
    'ERR_HOOK_SEALED',
    `${plugin} taps ${hook} after its setup has ended. Tap in setup, before it returns, and decide inside the tap.`,
    { plugin, hook },
  )
}

/** The taps that one session brings along, as records; see `HookTable.extend`. */
export function recordSessionTaps(
  hooks: Readonly<Record<string, unknown>>,
  services: PluginServices,
  timeoutMs: number,
): TapRecord[] {
  return Object.entries(hooks).flatMap(([hook, taps]) =>
    (Array.isArray(taps) ? taps : [taps])
      .filter((tap) => tap !== undefined)
      .map((tap: Tap<HookName>) => {
        checkTap('session', hook, tap)
        return new TapRecord({ plugin: 'session', hook, order: 'session', services }, tap, timeoutMs)
      }),
  )
}
