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
  /** Index of the first message of each stretch of the log that nothing was cut out of. */
  #starts: number[] = []
  /** Whether the next message begins a stretch: something was cut out right before it, or there is none yet. */
  #isSplit = true

  get length(): number {
    return this.#messages.length
  }

  get transcript(): Transcript {
    return transcript(this.#messages)
  }

  get seqs(): readonly number[] {
    return this.#seqs
  }

  /** Where the messages lie in the log, in their order: a stretch ends where something was cut out. */
  get ranges(): readonly SeqRange[] {
    return this.#starts.map((start, index) => {
      const end = this.#starts[index + 1] ?? this.#seqs.length
      let unit = end - 1
      while (unit > start && this.#messages[unit]!.role === 'tool') unit -= 1 // results came in any order
      return { from: this.#seqs[start]!, to: Math.max(...this.#seqs.slice(unit, end)) }
    })
  }

  get isSplit(): boolean {
    return this.#isSplit
  }

  push(message: Message, seq: number): void {
    if (this.#isSplit) this.#starts.push(this.#messages.length)
    this.#isSplit = false
    this.#messages.push(message)
    this.#seqs.push(seq)
  }

  /**
   * Takes messages out. A reply and its results leave together, even when only some of them were named: model APIs refuse a
   * call without its result, so a careless cut must not brick the session. The summary takes the place of the first message
   * that left; when none did, it comes first, where it can part no call from its result.
   */
  cut({ dropped, summary, seq, openReply }: Cut): void {
    const old = { messages: this.#messages, seqs: this.#seqs, starts: new Set(this.#starts) }
    const kept: number[][] = [[]]
    let place: number | undefined
    for (let from = 0, to; from < old.messages.length; from = to) {
      to = this.#endOfUnit(from)
      if (old.starts.has(from)) kept.push([])
      const isOpen = openReply !== undefined && old.messages[from]!.id === openReply
      if (!isOpen && old.seqs.slice(from, to).some((at) => isIn(dropped, at))) {
        place ??= kept.length
        kept.push([])
      } else for (let index = from; index < to; index++) kept.at(-1)!.push(index)
    }
    this.#messages = []
    this.#seqs = []
    this.#starts = []
    for (const [index, stretch] of kept.entries()) {
      if (summary && index === (place ?? 0)) this.#append([summary], [seq])
      this.#append(
        stretch.map((at) => old.messages[at]!),
        stretch.map((at) => old.seqs[at]!),
      )
    }
    this.#isSplit = kept.at(-1)!.length === 0
  }

  /** Tells the stretches of messages that were pushed from a checkpoint, and whether the next one begins another. */
  split(ranges: readonly SeqRange[], isSplit: boolean): void {
    this.#starts = ranges.map(({ from }) => this.#seqs.indexOf(from)).filter((index) => index >= 0)
    this.#isSplit = isSplit
  }

  #append(messages: readonly Message[], seqs: readonly number[]): void {
    if (messages.length === 0) return
    this.#starts.push(this.#messages.length)
    this.#messages = this.#messages.concat(messages)
    this.#seqs = this.#seqs.concat(seqs)
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
