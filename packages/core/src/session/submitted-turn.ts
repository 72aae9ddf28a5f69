import {
  isStored,
  type Delta,
  type SessionEvent,
  type StoredEvent,
  type TurnId,
  type UserPart,
} from '@halter/protocol'
import type { TurnHandle, TurnOptions, TurnResult } from '../contracts/runtime.ts'
import { HalterError } from '../errors.ts'
import type { Session } from './session.ts'
import type { TurnQueue } from './turn-queue.ts'

/** What a submitter holds. Which turn answers it may change until that turn starts: queued input can be steered nowhere else. */
export class SubmittedTurn implements TurnHandle {
  readonly input: readonly UserPart[]
  readonly options: TurnOptions
  disposition: TurnHandle['disposition'] = 'queued'
  turnId: TurnId
  readonly #session: Session
  readonly #after: number
  readonly #settled = Promise.withResolvers<TurnResult>()
  #result: TurnResult | undefined

  constructor(session: Session, turnId: TurnId, input: readonly UserPart[], options: TurnOptions) {
    this.#session = session
    this.turnId = turnId
    this.input = input
    this.options = options
    this.#after = session.state.head
  }

  get result(): Promise<TurnResult> {
    if (!this.#result) this.#session.turns.refuseToWaitInside('the result of a turn')
    return this.#settled.promise
  }

  async orThrow(): Promise<TurnResult> {
    const result = await this.result
    if (result.status === 'completed') return result
    const { error, reason } = result
    const message = error?.message ?? `The turn of session ${this.#session.id} did not run: ${reason}.`
    throw new HalterError(error?.code ?? (reason === 'busy' ? 'ERR_TURN_BUSY' : 'ERR_TURN_FAILED'), message, {
      cause: error?.cause,
      kind: error?.kind,
      plugin: error?.plugin,
      retryable: error?.retryable,
      data: { result },
    })
  }

  interrupt(reason?: string): void {
    this.#session.turns.interruptOne(this, reason)
  }

  /** Calls back once there is a result. */
  onSettled(run: () => void): void {
    void this.#settled.promise.then(run)
  }

  settle(result: TurnResult): void {
    this.#result ??= result
    this.#settled.resolve(result)
  }

  /** The turn's events, from the log where they are already past. */
  [Symbol.asyncIterator](): AsyncIterator<SessionEvent> {
    const isMine = new OwnEvents(this, this.#session.turns)
    const reader = this.#session.events({
      after: this.#after,
      pick: (event) => isMine.pick(event),
    })
    this.onSettled(() => reader.end()) // a turn that never started has no last event
    return reader
  }
}

/** Tells which events of a session are a turn's: all from its start to its end. */
class OwnEvents {
  readonly #handle: SubmittedTurn
  readonly #turns: TurnQueue
  #isInside = false

  constructor(handle: SubmittedTurn, turns: TurnQueue) {
    this.#handle = handle
    this.#turns = turns
    this.#isInside = handle.disposition === 'steered'
  }

  pick(event: StoredEvent | Delta): 'skip' | 'take' | 'last' {
    if (!isStored(event)) return this.#isInside ? 'take' : 'skip'
    if (event.type === 'turn.started') this.#isInside = event.turnId === this.#handle.turnId
    if (!this.#isInside) return 'skip'
    if (event.type !== 'turn.completed' && event.type !== 'turn.failed') return 'take'
    // Input that a turn did not take in before its end has another turn to come.
    this.#isInside = event.turnId === this.#handle.turnId && !this.#turns.isSteering(this.#handle)
    return this.#isInside ? 'last' : 'skip'
  }
}
