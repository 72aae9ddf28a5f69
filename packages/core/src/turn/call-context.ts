import type { MessageId, SessionBlueprint, SessionId, ToolCallId, TurnId } from '@halter/protocol'
import type { SessionPort } from '../contracts/hooks.ts'
import type { Tool, ToolContext } from '../contracts/tool.ts'
import { HalterError } from '../errors.ts'
import { runAs } from '../kernel/attribution.ts'
import type { CallSite } from './call-site.ts'

/** Live output kept per call: bytes and chunks. */
const MAX_OUTPUT_LENGTH = 1024 * 1024
const MAX_OUTPUT_CHUNKS = 4096

/** Which call it is. */
export interface CallIdentity {
  /** The plugin whose tool it is. */
  readonly owner: string
  readonly callId: ToolCallId
  /** Of the tool message that will hold the result. */
  readonly messageId: MessageId
}

/** What a running tool has of its session. The signal is made when it is first read: most tools never ask. */
export class CallContext implements ToolContext {
  readonly callId: ToolCallId
  readonly #turn: CallSite
  readonly #owner: string
  readonly #messageId: MessageId
  #controller: AbortController | undefined
  #release: (() => void) | undefined
  #length = 0
  #chunks = 0
  #isClosed = false

  constructor(turn: CallSite, { owner, callId, messageId }: CallIdentity) {
    this.#turn = turn
    this.#owner = owner
    this.callId = callId
    this.#messageId = messageId
  }

  get sessionId(): SessionId {
    return this.#turn.session.id
  }

  get turnId(): TurnId {
    return this.#turn.id
  }

  get blueprint(): SessionBlueprint {
    return this.#turn.state.blueprint
  }

  get workingDir(): string {
    return this.blueprint.workingDir
  }

  get session(): SessionPort {
    return this.#turn.portFor(this.#owner)
  }

  get signal(): AbortSignal {
    return this.#abortable().signal
  }

  /** Why its tool was told to stop; undefined when it was not. However it then falls over, that is why. */
  get stoppedFor(): unknown {
    return this.#controller?.signal.reason
  }

  /** A getter, so that it can be taken out of the context like everything else. */
  get emit(): (text: string) => void {
    return (text) => this.#emit(text)
  }

  #emit(text: string): void {
    if (this.#isClosed || text === '' || this.#chunks > MAX_OUTPUT_CHUNKS) return
    const isOver = this.#chunks === MAX_OUTPUT_CHUNKS || this.#length + text.length > MAX_OUTPUT_LENGTH
    const shown = isOver ? '\n[live output cut here; the result has what the tool returns]\n' : text
    this.#chunks = isOver ? MAX_OUTPUT_CHUNKS + 1 : this.#chunks + 1
    const offset = this.#length
    this.#length += shown.length
    const { session, id: turnId } = this.#turn
    if (!session.isHeard) return
    const { callId } = this
    const messageId = this.#messageId
    session.live({
      type: 'toolOutput.delta',
      sessionId: session.id,
      turnId,
      messageId,
      part: 0,
      offset,
      text: shown,
      callId,
    })
  }

  /** Waits for a tool that takes its time: until it settles, its deadline passes, or the turn is interrupted. */
  settle<T>(work: Promise<T>, tool: Tool): T | Promise<T> {
    const { abort, timeouts, deadlines } = this.#turn
    const timeoutMs = tool.timeoutMs ?? timeouts.tool
    if (timeoutMs === 0) return abort.settle(work)
    return abort.settle(work, (giveUp) => {
      let stop = deadlines.start(timeoutMs, () => {
        const error = new HalterError(
          'ERR_TOOL_TIMEOUT',
          `"${tool.name}" did not finish within ${timeoutMs} ms and was stopped.`,
        )
        const { sessionId, turnId } = this
        runAs({ plugin: this.#owner, sessionId, turnId }, () => this.#abortable().abort(error))
        stop = deadlines.start(timeouts.interruptGrace, () => giveUp(error))
      })
      return () => stop()
    })
  }

  /** The call is over: output that still comes goes nowhere. */
  close(): void {
    this.#isClosed = true
    this.#release?.()
  }

  #abortable(): AbortController {
    if (!this.#controller) {
      this.#controller = new AbortController()
      this.#release = this.#turn.abort.adopt(this.#controller)
    }
    return this.#controller
  }
}
