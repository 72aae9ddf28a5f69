import type { Json } from '@halter/protocol'
import { HalterError } from '../errors.ts'

/** How often a call may fail in the same way before the turn ends. */
const MAX_REPEATS = 3

/**
 * Stops a model that makes the same failing call again and again. Calls are the same when name, input and error are; one that
 * succeeds starts the count of its name and input anew.
 */
export class RepeatedCalls {
  /** By name and input: how often each error came. */
  readonly #failures = new Map<string, Map<string, number>>()
  #stop: HalterError | undefined

  /** Notes a finished call; `failure` is what the model was told, undefined when the call went well. */
  note(name: string, input: Json | undefined, failure: string | undefined): void {
    if (failure === undefined && this.#failures.size === 0) return
    const call = `${name} ${JSON.stringify(input)}`
    if (failure === undefined) {
      this.#failures.delete(call)
      return
    }
    const failures = this.#failures.get(call) ?? new Map<string, number>()
    const count = (failures.get(failure) ?? 0) + 1
    this.#failures.set(call, failures.set(failure, count))
    if (count >= MAX_REPEATS) this.#stop ??= repeated(name, count, failure)
  }

  /** @throws HalterError `ERR_TURN_FAILED`, with `data: { reason: 'repeated-call' }`, after the third identical failure. */
  check(): void {
    if (this.#stop) throw this.#stop
  }
}

function repeated(name: string, count: number, failure: string): HalterError {
  return new HalterError(
    'ERR_TURN_FAILED',
    `The model called "${name}" ${count} times with the same input and got the same error each time: ${failure.slice(0, 200)}`,
    { data: { reason: 'repeated-call' } },
  )
}
