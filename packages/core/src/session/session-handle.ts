import type {
  SessionBlueprint,
  SessionEvent,
  SessionId,
  SessionState,
  SessionUpdate,
  StoredEvent,
  UsageLedger,
  UserPart,
} from '@halter/protocol'
import type { CompactionResult } from '../contracts/context-manager.ts'
import type {
  EventsOptions,
  SessionApprovals,
  SessionAttachments,
  SessionHandle,
  TurnHandle,
  TurnInput,
  TurnOptions,
} from '../contracts/runtime.ts'
import { HalterError } from '../errors.ts'
import { checkUpdate } from './blueprint.ts'
import { closeSession } from './close-session.ts'
import { compactSession } from './compact.ts'
import { notify } from './notify.ts'
import type { Session } from './session.ts'

/** One holder of an open session. */
export class OpenSessionHandle implements SessionHandle {
  readonly #session: Session
  #isDetached = false

  constructor(session: Session) {
    this.#session = session
  }

  get id(): SessionId {
    return this.#session.id
  }

  get state(): SessionState {
    return this.#session.state
  }

  get blueprint(): SessionBlueprint {
    return this.state.blueprint
  }

  get status(): SessionState['status'] {
    return this.#session.turns.isRunning ? 'running' : this.state.status
  }

  get usage(): UsageLedger {
    return this.state.usage
  }

  get approvals(): SessionApprovals {
    return this.#session.approvals
  }

  submitTurn(input: TurnInput, options: TurnOptions = {}): TurnHandle {
    const session = this.#live()
    return session.submit(toParts(input), options)
  }

  steer(input: TurnInput): TurnHandle {
    return this.submitTurn(input, { whenBusy: 'steer' })
  }

  async interrupt(reason?: string): Promise<void> {
    await this.#live().turns.interrupt(reason)
  }

  async notify(kind: string, message: string): Promise<void> {
    await notify(this.#live(), kind, message)
  }

  async compact({ instructions }: { readonly instructions?: string } = {}): Promise<
    CompactionResult | undefined
  > {
    const session = this.#live()
    return session.turns.atBoundary((activity) => compactSession(session, activity, instructions))
  }

  async update(change: SessionUpdate): Promise<void> {
    const session = this.#live()
    const update = checkUpdate(change)
    await session.runtime.checkModels(update)
    await session.log.append([{ ...update, type: 'session.updated' }])
  }

  replay(range?: { readonly after?: number; readonly limit?: number }): AsyncIterable<StoredEvent> {
    return this.#session.runtime.store.replay(this.id, range)
  }

  events({ live = false, ...options }: EventsOptions = {}): AsyncIterable<SessionEvent> {
    if (live) return this.#live().events(options)
    return this.replay({ after: options.after ?? 0 })
  }

  fork(options: { readonly at?: number } & SessionAttachments = {}): Promise<SessionHandle> {
    return this.#live().runtime.forkSession(this.id, options)
  }

  export(): AsyncIterable<string> {
    return this.#session.runtime.exportSession(this.id)
  }

  clone(): SessionHandle {
    return this.#live().runtime.hold(this.#session)
  }

  async detach(): Promise<void> {
    if (this.#isDetached) return
    this.#isDetached = true
    await this.#session.runtime.letGo(this.#session)
  }

  async shutdown(reason = 'shutdown'): Promise<void> {
    const session = this.#session
    if (this.#isDetached || session.isDisposed) return
    session.turns.refuseToWaitInside('the shutdown')
    this.#isDetached = true
    await session.runtime.leave(session, () => closeSession(session, reason))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.detach()
  }

  #live(): Session {
    if (!this.#isDetached && !this.#session.isDisposed) return this.#session
    throw new HalterError(
      'ERR_SESSION_CLOSED',
      `This handle of session ${this.id} was detached or its session shut down. Resume the session to go on with it.`,
    )
  }
}

function toParts(input: TurnInput): readonly UserPart[] {
  return typeof input === 'string' ? [{ kind: 'text', text: input }] : [...input]
}
