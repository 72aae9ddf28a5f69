import type { DispatchContext, GuardDecision } from './dispatch.ts'
import type { WarningListener } from './dispose-stack.ts'

/** One call of a hook: what its taps have said so far. Passed through tapable from tap to tap. */
export class HookCall {
  readonly ctx: DispatchContext
  /** Who changed which field, where more than one tap may; see `field-clashes.ts`. */
  writers: Map<string, string> | undefined
  /** False where there is only one tap, so nobody it could clash with. */
  readonly tracksWriters: boolean
  #ask: GuardDecision | undefined
  #allow: GuardDecision | undefined

  readonly #onWarning: WarningListener

  constructor(ctx: DispatchContext, tracksWriters: boolean, onWarning: WarningListener) {
    this.ctx = ctx
    this.tracksWriters = tracksWriters
    this.#onWarning = onWarning
  }

  /** Warns whoever called the hook; where that one has gone (a session that closed meanwhile), the kernel's owner. */
  warn(code: string, message: string, plugin: string): void {
    try {
      this.ctx.warn(code, message, plugin)
    } catch {
      this.#onWarning({ code, message, plugin })
    }
  }

  /** Notes a decision that does not end the call. Of several alike the first counts. */
  note(decision: GuardDecision): void {
    if (decision.kind === 'ask') this.#ask ??= decision
    else this.#allow ??= decision
  }

  /** The strictest of what was noted. */
  get decision(): GuardDecision | undefined {
    return this.#ask ?? this.#allow
  }
}
