import type { TurnId, UserPart } from '@halter/protocol'
import type { TurnOptions, TurnResult } from '../contracts/runtime.ts'
import { HalterError, toErrorWire } from '../errors.ts'
import { currentAttribution, runDetached } from '../kernel/attribution.ts'
import { Activity } from '../turn/activity.ts'
import { continueTurn, runTurn } from '../turn/run-turn.ts'
import { Turn, type Settled } from '../turn/turn.ts'
import type { Session } from './session.ts'
import { SubmittedTurn } from './submitted-turn.ts'
import { problemOfParts } from './whole-parts.ts'

interface BoundaryTask {
  readonly run: (activity: Activity) => Promise<void>
  readonly fail: (error: unknown) => void
}

/** The turns of a session: one at a time, in order; what joins the running one; and work between two steps. */
export class TurnQueue {
  readonly #session: Session
  readonly #waiting: SubmittedTurn[] = []
  readonly #tasks: BoundaryTask[] = []
  #running:
    | { readonly submitted: SubmittedTurn; readonly turn: Turn; readonly joined: SubmittedTurn[] }
    | undefined
  /** Input that joined a turn which is about to start. */
  readonly #early: SubmittedTurn[] = []
  /** Work between two turns. */
  #idle: Activity | undefined
  /** Set while something of the session runs; resolves when it is over. */
  #activity: Promise<void> | undefined
  #closed: HalterError | undefined

  constructor(session: Session) {
    this.#session = session
  }

  /** The turn that runs now. */
  get current(): Turn | undefined {
    return this.#running?.turn
  }

  /** Milliseconds that the running turn has taken; 0 between turns. */
  get elapsedMs(): number {
    return this.#running?.turn.elapsedMs ?? 0
  }

  get isRunning(): boolean {
    return this.#running !== undefined
  }

  /** True while the turn that the log holds open runs here, or is about to. */
  get isGoingOn(): boolean {
    const id = this.current?.id ?? this.#waiting[0]?.turnId
    return id !== undefined && id === this.#session.state.turn?.turnId && this.current?.isClosing !== true
  }

  /** True when nothing runs or waits. */
  get isIdle(): boolean {
    return this.#activity === undefined
  }

  submit(input: readonly UserPart[], options: TurnOptions): SubmittedTurn {
    const submitted = new SubmittedTurn(this.#session, this.#session.nextId('turn'), input, options)
    const isBusy = this.#activity !== undefined
    const problem = problemOfParts(input)
    if (this.#closed) reject(submitted, 'closed', this.#closed)
    else if (problem) reject(submitted, 'error', problem)
    else if (options.signal?.aborted) reject(submitted, 'interrupted', interrupted(options.signal.reason))
    else if (isBusy && options.whenBusy === 'reject') reject(submitted, 'busy', this.#busy())
    else if (isBusy && options.whenBusy === 'steer' && this.#join(submitted))
      submitted.disposition = 'steered'
    else this.#enqueue(submitted, isBusy)
    this.#follow(submitted)
    return submitted
  }

  /** Goes on with a turn that the log holds open. */
  continue(turnId: TurnId, input: readonly UserPart[], options: TurnOptions): SubmittedTurn {
    const submitted = new SubmittedTurn(this.#session, turnId, input, options)
    submitted.disposition = 'started'
    this.#waiting.unshift(submitted)
    this.#wake()
    return submitted
  }

  /** Runs work at the next step boundary; at once when no turn runs. */
  atBoundary<T>(work: (activity: Activity) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(this.#closed)
    this.refuseToWaitInside('a step boundary')
    const { promise, resolve, reject: fail } = Promise.withResolvers<T>()
    this.#tasks.push({ run: (activity) => work(activity).then(resolve, fail), fail })
    this.#wake()
    return promise
  }

  get hasTasks(): boolean {
    return this.#tasks.length > 0
  }

  async runTasks(activity: Activity): Promise<void> {
    for (let task = this.#tasks.shift(); task; task = this.#tasks.shift()) await task.run(activity)
  }

  /** Ends what runs now, a turn or work between two; resolves when it has ended. */
  async interrupt(reason?: string): Promise<void> {
    this.refuseToWaitInside('the end of a turn')
    const error = interrupted(reason)
    const [first] = this.#waiting
    if (!this.#running && first?.disposition === 'started') this.interruptOne(first, reason)
    this.#idle?.abort.abort(error)
    for (const aside of this.#session.asides) aside.abort.abort(error)
    this.#running?.turn.abort.abort(error)
    await this.#running?.submitted.result
  }

  interruptOne(submitted: SubmittedTurn, reason?: string): void {
    const index = this.#waiting.indexOf(submitted)
    const running = this.#running
    const steered = this.#indexAmongSteered(submitted)
    const early = this.#early.indexOf(submitted)
    if (index >= 0) {
      this.#waiting.splice(index, 1)
      reject(submitted, 'interrupted', interrupted(reason))
      if (index === 0) this.#giveBack(this.#early.splice(0))
    } else if (early >= 0) {
      this.#early.splice(early, 1)
      reject(submitted, 'interrupted', interrupted(reason))
    } else if (running && steered >= 0) {
      running.turn.steered.splice(steered, 1)
      running.joined.splice(running.joined.indexOf(submitted), 1)
      reject(submitted, 'interrupted', interrupted(reason))
    } else if (running?.submitted === submitted || running?.joined.includes(submitted)) {
      running.turn.abort.abort(interrupted(reason))
    }
  }

  /** True for input that joined the running turn and has not been taken in yet. */
  isSteering(submitted: SubmittedTurn): boolean {
    return this.#early.includes(submitted) || this.#indexAmongSteered(submitted) >= 0
  }

  /** Takes no more turns; those that wait are turned away. */
  close(error: HalterError): void {
    this.#closed ??= error
    const turnedAway = [...this.#early.splice(0), ...this.#waiting.splice(0)]
    for (const submitted of turnedAway) reject(submitted, 'closed', error)
  }

  /** Ends the running turn in this process alone, without a word of it in the log: it is to go on elsewhere. */
  leaveOpen(error: HalterError): void {
    this.close(error)
    for (const task of this.#tasks.splice(0)) task.fail(error)
    const turn = this.current
    if (!turn) return
    turn.isLeft = true
    turn.abort.abort(error)
  }

  /** Resolves when nothing runs any more. */
  async settled(): Promise<void> {
    while (this.#activity) await this.#activity
  }

  /** @throws HalterError `ERR_REENTRANT` when the caller is code that the running turn waits for. */
  refuseToWaitInside(what: string): void {
    if (!this.#running) return
    const who = currentAttribution()
    if (who?.sessionId !== this.#session.id || who.turnId !== this.#running.turn.id) return
    throw new HalterError(
      'ERR_REENTRANT',
      `Code inside a turn of session ${this.#session.id} waited for ${what} of that same session, which would wait for it in turn. ` +
        'Do not await it there; use steer, or submit without waiting.',
    )
  }

  #enqueue(submitted: SubmittedTurn, isBusy: boolean): void {
    submitted.disposition = isBusy ? 'queued' : 'started'
    this.#waiting.push(submitted)
    this.#wake()
  }

  #follow(submitted: SubmittedTurn): void {
    const { signal } = submitted.options
    if (!signal || signal.aborted) return
    const onAbort = (): void => this.interruptOne(submitted, String(signal.reason))
    signal.addEventListener('abort', onAbort, { once: true })
    submitted.onSettled(() => signal.removeEventListener('abort', onAbort))
  }

  /** Where it stands in `turn.steered`, which holds the newest of `joined`; negative when it is not there. */
  #indexAmongSteered(submitted: SubmittedTurn): number {
    if (!this.#running) return -1
    const { joined, turn } = this.#running
    return joined.indexOf(submitted) - (joined.length - turn.steered.length)
  }

  #join(submitted: SubmittedTurn): boolean {
    const running = this.#running
    if (!running) return this.#joinFirst(submitted)
    if (running.turn.isClosing) return false
    submitted.turnId = running.turn.id
    running.joined.push(submitted)
    running.turn.steered.push(submitted.input)
    return true
  }

  /** Joins the turn that was submitted a moment ago and has not begun to run. */
  #joinFirst(submitted: SubmittedTurn): boolean {
    const [first] = this.#waiting
    if (first?.disposition !== 'started') return false
    submitted.turnId = first.turnId
    this.#early.push(submitted)
    return true
  }

  #wake(): void {
    if (this.#activity) return
    // A microtask later, so that whoever submitted has the handle, and can read from the first event on.
    // Nobody's: a turn that a tool started is not that tool's work.
    this.#activity = runDetached(() => Promise.resolve().then(() => this.#work()))
  }

  async #work(): Promise<void> {
    try {
      while (this.#tasks.length > 0 || this.#waiting.length > 0) {
        const submitted = this.#tasks.length > 0 ? undefined : this.#waiting.shift()
        if (submitted) await this.#runTurn(submitted)
        else await this.#runIdleTasks()
      }
    } finally {
      this.#activity = undefined
      this.#session.runtime.onIdle(this.#session)
    }
  }

  async #runIdleTasks(): Promise<void> {
    try {
      this.#idle = new Activity(this.#session)
      await this.runTasks(this.#idle)
    } catch (error) {
      for (const task of this.#tasks.splice(0)) task.fail(error)
    } finally {
      await this.#idle?.release()
      this.#idle = undefined
    }
  }

  async #runTurn(submitted: SubmittedTurn): Promise<void> {
    const session = this.#session
    const { turnId, input, options } = submitted
    const joined = this.#early.splice(0)
    let settled: Settled
    try {
      const isContinued = session.state.turn?.turnId === turnId
      const turn = new Turn(session, { id: turnId, input, options })
      turn.steered = joined.map((early) => early.input)
      this.#running = { submitted, turn, joined }
      settled = await (isContinued ? continueTurn(turn) : runTurn(turn))
      await turn.release()
      this.#giveBack(joined.splice(joined.length - turn.steered.length))
    } catch (error) {
      settled = {
        status: 'failed',
        reason: 'error',
        text: '',
        messages: [],
        usage: NONE,
        error: toErrorWire(error),
      }
    } finally {
      this.#running = undefined
    }
    const result: TurnResult = { turnId, ...settled }
    submitted.settle(result)
    for (const other of joined) other.settle(result)
  }

  /** Input that joined a turn and was not taken in by it: it starts one of its own, before what waits. */
  #giveBack(inputs: readonly SubmittedTurn[]): void {
    const closed = this.#closed
    if (closed) return inputs.forEach((submitted) => reject(submitted, 'closed', closed))
    for (const submitted of inputs) {
      submitted.turnId = this.#session.nextId('turn')
      submitted.disposition = 'queued'
    }
    this.#waiting.unshift(...inputs)
  }

  #busy(): HalterError {
    return new HalterError(
      'ERR_TURN_BUSY',
      `Session ${this.#session.id} is running a turn. Wait for it, or submit with whenBusy "queue".`,
      {
        retryable: true,
      },
    )
  }
}

const NONE = Object.freeze({ inputTokens: 0, outputTokens: 0 })

function interrupted(reason: unknown): HalterError {
  const why = typeof reason === 'string' && reason !== '' ? `: ${reason}` : ''
  return new HalterError('ERR_TURN_INTERRUPTED', `The turn was interrupted${why}.`)
}

function reject(submitted: SubmittedTurn, reason: TurnResult['reason'], error: HalterError): void {
  const { turnId } = submitted
  submitted.disposition = 'rejected'
  submitted.settle({
    turnId,
    status: 'rejected',
    reason,
    text: '',
    messages: [],
    usage: NONE,
    error: toErrorWire(error),
  })
}
