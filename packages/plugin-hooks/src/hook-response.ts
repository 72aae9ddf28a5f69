import type { Json } from '@halter/protocol'
import type { HookOutput, HookSpecificOutput, PermissionDecision } from './hook-handler.ts'

/**
 * What an in-process handler answers, put together in words: `HookResponse.block('no').context('Use pnpm.')`. Each step makes a new one.
 * A plain object of the same keys means the same.
 */
export class HookResponse implements HookOutput {
  declare readonly continue?: boolean
  declare readonly stopReason?: string
  declare readonly suppressOutput?: boolean
  declare readonly systemMessage?: string
  declare readonly decision?: 'approve' | 'block'
  declare readonly reason?: string
  declare readonly hookSpecificOutput?: HookSpecificOutput

  readonly #output: HookOutput

  private constructor(output: HookOutput) {
    this.#output = output
    Object.assign(this, output)
    Object.freeze(this)
  }

  /** No opinion. */
  static passthrough(): HookResponse {
    return new HookResponse({})
  }

  /** No, and why. Of a turn's end: not yet, and what to do next. */
  static block(reason: string): HookResponse {
    return new HookResponse({ decision: 'block', reason })
  }

  /** No, and the turn ends. */
  static stop(reason: string): HookResponse {
    return new HookResponse({ continue: false, stopReason: reason })
  }

  /** `PreToolUse`: may the call run? */
  permission(decision: PermissionDecision, reason?: string): HookResponse {
    return this.#specific({
      permissionDecision: decision,
      ...(reason !== undefined && { permissionDecisionReason: reason }),
    })
  }

  /** `PreToolUse`: the whole new input. */
  updatedInput(input: Json): HookResponse {
    return this.#specific({ updatedInput: input })
  }

  /** `PostToolUse`: what the model reads instead. Null is nothing. */
  updatedOutput(output: Json): HookResponse {
    return this.#specific({ updatedToolOutput: output })
  }

  /** Text for the model. */
  context(text: string): HookResponse {
    return this.#specific({ additionalContext: text })
  }

  /** Text for the user. */
  message(text: string): HookResponse {
    return new HookResponse({ ...this.#output, systemMessage: text })
  }

  /** Read, and without effect, as in a file. */
  suppress(): HookResponse {
    return new HookResponse({ ...this.#output, suppressOutput: true })
  }

  #specific(more: HookSpecificOutput): HookResponse {
    return new HookResponse({
      ...this.#output,
      hookSpecificOutput: { ...this.#output.hookSpecificOutput, ...more },
    })
  }
}
