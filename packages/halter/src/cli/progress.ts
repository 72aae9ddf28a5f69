import { isStored, type SessionEvent, type ToolCallId } from '@halter/protocol'
import { describeCall } from './describe-event.ts'
import type { Output } from './output.ts'
import { printableLine } from './printable.ts'

/** Silence after which a person wonders, in milliseconds. */
const QUIET_MS = 2_000
const TICK_MS = 200
const FRAMES = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'

/** While nothing is written for a while, tells on a terminal what is waited for, and how long it has taken. Elsewhere it does nothing. */
export class Progress {
  readonly #output: Output
  readonly #calls = new Map<ToolCallId, string>()
  #timer: NodeJS.Timeout | undefined
  #since = performance.now()
  #frame = 0

  constructor(output: Output) {
    this.#output = output
  }

  start(): void {
    if (!this.#output.canShowStatus) return
    this.#since = performance.now()
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS).unref()
  }

  event(event: SessionEvent): void {
    if (this.#timer === undefined) return
    this.#since = performance.now()
    if (!isStored(event)) return
    if (event.type === 'toolCall.started')
      this.#calls.set(event.callId, printableLine(describeCall(event.name, event.input)))
    if (event.type === 'toolCall.finished') this.#calls.delete(event.callId)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#output.clearStatus()
  }

  #tick(): void {
    const elapsed = performance.now() - this.#since
    if (elapsed < QUIET_MS) return
    this.#frame = (this.#frame + 1) % FRAMES.length
    const [first, ...others] = this.#calls.values()
    const more = others.length > 0 ? ` and ${others.length} more` : ''
    const what = first === undefined ? 'waiting for the model' : `${first}${more}`
    this.#output.status(`${FRAMES[this.#frame]} ${Math.floor(elapsed / 1000)} s, ${what}`)
  }
}
