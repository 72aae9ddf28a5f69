import type { MessageId } from './ids.ts'
import type { Message } from './messages.ts'
import type { SeqRange } from './plan.ts'
import { transcript, type Transcript } from './transcript.ts'

/** What leaves the window, and what stands for it. */
export interface Cut {
  readonly dropped: readonly SeqRange[]
  readonly summary: Message | undefined
  /** `seq` of the event that cuts. */
  readonly seq: number
  /** A reply whose calls are not all answered yet: it stays, whatever `dropped` says. */
  readonly openReply: MessageId | undefined
}

/** The live messages of a session, and which event stored each. Part of the fold; nothing else changes it. */
export class MessageWindow {
  /** Only grows between cuts, so that a transcript taken earlier stays what it was. */
  #messages: Message[] = []
  #seqs: number[] = []

  get length(): number {
    return this.#messages.length
  }

  get transcript(): Transcript {
    return transcript(this.#messages)
  }

  get seqs(): readonly number[] {
    return this.#seqs
  }

  push(message: Message, seq: number): void {
    this.#messages.push(message)
    this.#seqs.push(seq)
  }

  /**
   * Takes messages out. A reply and its results leave together, even when only some of them were named: model APIs refuse a
   * call without its result, so a careless cut must not brick the session. The summary takes the place of the first message
   * that left; when none did, it comes first, where it can part no call from its result.
   */
  cut({ dropped, summary, seq, openReply }: Cut): void {
    const messages: Message[] = []
    const seqs: number[] = []
    let place: number | undefined
    for (let from = 0, to; from < this.#messages.length; from = to) {
      to = this.#endOfUnit(from)
      const isOpen = openReply !== undefined && this.#messages[from]!.id === openReply
      if (!isOpen && this.#seqs.slice(from, to).some((at) => isIn(dropped, at))) {
        place ??= messages.length
        continue
      }
      messages.push(...this.#messages.slice(from, to))
      seqs.push(...this.#seqs.slice(from, to))
    }
    if (summary) {
      messages.splice(place ?? 0, 0, summary)
      seqs.splice(place ?? 0, 0, seq)
    }
    this.#messages = messages
    this.#seqs = seqs
  }

  /** A reply and the results that follow it are one unit; every other message is one of its own. */
  #endOfUnit(from: number): number {
    let to = from + 1
    if (this.#messages[from]!.role === 'assistant') while (this.#messages[to]?.role === 'tool') to += 1
    return to
  }
}

function isIn(ranges: readonly SeqRange[], seq: number): boolean {
  return ranges.some(({ from, to }) => seq >= from && seq <= to)
}
