import type { SessionId, TurnId } from '@halter/protocol'
import type { SessionPort, TapContext } from '../contracts/hooks.ts'
import type { Attribution } from './attribution.ts'
import type { DispatchContext } from './dispatch.ts'
import type { TapRecord } from './taps.ts'

/**
 * What one call of a tap gets, and whom its code is attributed to. Everything is made when it is read: a tap that looks at its
 * input only pays for this object.
 */
export class TapCall implements TapContext, Attribution {
  readonly #tap: TapRecord
  readonly #from: DispatchContext
  #controller: AbortController | undefined
  #unlink: (() => void) | undefined
  #isOver = false

  constructor(tap: TapRecord, from: DispatchContext) {
    this.#tap = tap
    this.#from = from
  }

  get session(): SessionPort {
    return this.#from.portFor(this.#tap.plugin)
  }

  get turn(): TapContext['turn'] {
    return this.#from.turn
  }

  get step(): number | undefined {
    return this.#from.step
  }

  get signal(): AbortSignal {
    this.#controller ??= this.#follow(this.#from.signal)
    return this.#controller.signal
  }

  get services(): object {
    return this.#tap.services.in(this.#from.scope)
  }

  /** A getter, so that it can be taken out of the context like everything else. */
  get warn(): (message: string) => void {
    return (message) => this.#from.warn('PLUGIN_WARNING', message, this.#tap.plugin)
  }

  get plugin(): string {
    return this.#tap.plugin
  }

  get sessionId(): SessionId {
    return this.session.blueprint.sessionId
  }

  get turnId(): TurnId | undefined {
    return this.#from.turn?.turnId
  }

  /** The kernel's: the tap has settled, or nobody waits for it any more (`because`). Static, so that no tap sees it. */
  static end(call: TapCall, because?: Error): void {
    call.#isOver = true
    call.#unlink?.()
    call.#unlink = undefined
    if (because) call.#controller?.abort(because)
  }

  // Not AbortSignal.any: it costs 50 µs, and its links stay on a parent that lives long.
  #follow(parent: AbortSignal | undefined): AbortController {
    const controller = new AbortController()
    if (!parent) return controller
    if (parent.aborted) controller.abort(parent.reason)
    else if (!this.#isOver) {
      const abort = (): void => controller.abort(parent.reason)
      parent.addEventListener('abort', abort, { once: true })
      this.#unlink = () => parent.removeEventListener('abort', abort)
    }
    return controller
  }
}
