import type { ContextInput } from '@halter/core'
import { transcript, type Message, type SessionState, type Transcript } from '@halter/protocol'
import { showOutput, type ShowRules } from './show-message.ts'

type Seen = Pick<ContextInput, 'state' | 'tokensOf'>

/**
 * The window of one session as the model sees it: the transcript with cleared and shortened tool outputs. Looks at each message
 * once; a step costs what is new in it. Made again after a compaction, and when the rules change.
 */
export class ShownWindow {
  #rules: ShowRules | undefined
  #compactions = -1
  #seen = 0
  /** Undefined while everything is shown as it is: most sessions never need a list of their own. */
  #shown: Message[] | undefined
  /** Where less is shown than is there, and how many tokens that saves. */
  #changes: { readonly index: number; readonly saved: number }[] = []
  #saved = 0
  #hasNative = false

  /** Takes in what is new. */
  sync({ state, tokensOf }: Seen, rules: ShowRules): void {
    const { compactions, seqs } = state
    const messages = state.transcript
    const isOther =
      compactions !== this.#compactions ||
      messages.length < this.#seen ||
      rules.clearedThrough !== this.#rules?.clearedThrough ||
      rules.outputAtMost !== this.#rules.outputAtMost
    if (isOther) this.#restart(rules, compactions)
    for (; this.#seen < messages.length; this.#seen++)
      this.#push(messages, seqs[this.#seen]!, this.#seen, tokensOf)
  }

  /** What the model sees of `state`, which must be the one that was synced last. */
  view({ transcript: messages }: SessionState): Transcript {
    return this.#shown === undefined ? messages : transcript(this.#shown)
  }

  /** Tokens that are saved from message `index` on. */
  savedFrom(index: number): number {
    if (index === 0) return this.#saved
    let saved = 0
    for (let at = this.#changes.length - 1; at >= 0 && this.#changes[at]!.index >= index; at--)
      saved += this.#changes[at]!.saved
    return saved
  }

  /** Whether a provider's own item stands for older messages. */
  get hasNative(): boolean {
    return this.#hasNative
  }

  #restart(rules: ShowRules, compactions: number): void {
    this.#rules = rules
    this.#compactions = compactions
    this.#seen = 0
    this.#shown = undefined
    this.#changes = []
    this.#saved = 0
    this.#hasNative = false
  }

  #push(messages: Transcript, seq: number, index: number, tokensOf: ContextInput['tokensOf']): void {
    const message = messages.at(index)!
    if (message.role === 'user' && message.origin === 'compaction')
      this.#hasNative ||= message.parts.some(({ kind }) => kind === 'native')
    const shown =
      message.role === 'tool' ? showOutput(message, seq, tokensOf(message), this.#rules!) : message
    if (shown === message) {
      this.#shown?.push(message)
      return
    }
    this.#shown ??= messages.slice(0, index)
    this.#shown.push(shown)
    const saved = tokensOf(message) - tokensOf(shown)
    this.#changes.push({ index, saved })
    this.#saved += saved
  }
}
