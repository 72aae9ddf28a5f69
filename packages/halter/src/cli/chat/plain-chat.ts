import type { SessionHandle, TurnResult } from '@halter/core'
import type { SessionEvent } from '@halter/protocol'
import { INTERRUPTED } from '../interrupts.ts'
import { lfLines } from '../lf-lines.ts'
import type { Output } from '../output.ts'
import { TextFormat } from '../text-format.ts'
import type { Chat, ChatFrontEnd } from './chat.ts'
import { describeError, handleLine } from './handle-line.ts'
import { sessionHeading } from './last-exchange.ts'

/** Columns of tables. */
const WIDTH = 100

/**
 * The chat of a pipe, or of a terminal that can move no cursor: each line of stdin is a prompt, answered in plain text, and the next one is
 * read when its turn has ended. A turn that fails ends the chat: what comes next was meant for another answer.
 */
export class PlainChat implements ChatFrontEnd {
  readonly isInteractive = false
  readonly width = WIDTH
  readonly #output: Output
  #format: TextFormat
  #session: SessionHandle | undefined
  #hasFailed = false
  #hasLeft = false

  constructor(output: Output) {
    this.#output = output
    this.#format = new TextFormat(output)
  }

  open(): void {}

  close(): void {}

  async run({ conversation, context, leave }: Chat, first: string): Promise<number> {
    const stop = (): void => void process.stdin.destroy()
    leave.addEventListener('abort', stop, { once: true })
    const answer = async (line: string): Promise<boolean> => {
      await handleLine(line, context)
      await conversation.whenIdle()
      return !leave.aborted && !this.#hasFailed && !this.#hasLeft
    }
    try {
      if (first !== '' && !(await answer(first))) return this.#code(leave)
      for await (const line of lfLines(process.stdin)) if (!(await answer(line))) break
    } catch (error) {
      if (!leave.aborted) throw error // the end of stdin that was made above is none
    } finally {
      leave.removeEventListener('abort', stop)
    }
    return this.#code(leave)
  }

  begin(session: SessionHandle, isResumed: boolean): void {
    this.#session = session
    this.#output.talk(sessionHeading(session, isResumed), 'dim')
  }

  event(event: SessionEvent): void {
    if ('seq' in event && event.type === 'turn.started') {
      this.#format = new TextFormat(this.#output)
      this.#format.start()
    }
    this.#format.event(event)
  }

  ended({ turnId, status, reason, text, usage, error }: TurnResult): void {
    const sessionId = this.#session!.id
    this.#format.end({
      type: 'result',
      sessionId,
      turnId,
      status,
      reason,
      text,
      usage,
      ...(error && { error }),
    })
    this.#hasFailed ||= status !== 'completed'
  }

  failed(error: unknown): void {
    this.#output.complain(describeError(error))
    this.#hasFailed = true
  }

  changed(): void {}

  show(text: string): void {
    this.#output.data(text)
  }

  note(text: string): void {
    this.#output.talk(text, 'dim')
  }

  leave(): void {
    this.#hasLeft = true
  }

  #code(leave: AbortSignal): number {
    return leave.aborted ? INTERRUPTED : this.#hasFailed ? 1 : 0
  }
}
