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
  #shown: Message[] = []
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
      messages.length < this.#shown.length ||
      rules.clearedThrough !== this.#rules?.clearedThrough ||
      rules.outputAtMost !== this.#rules.outputAtMost
    if (isOther) this.#restart(rules, compactions)
    for (let index = this.#shown.length; index < messages.length; index++)
      this.#push(messages.at(index)!, seqs[index]!, index, tokensOf)
  }

  /** What the model sees of `state`, which must be the one that was synced last. */
  view({ transcript: messages }: SessionState): Transcript {
    return this.#changes.length === 0 ? messages : transcript(this.#shown)
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
    this.#shown = []
    this.#changes = []
    this.#saved = 0
    this.#hasNative = false
  }

  #push(message: Message, seq: number, index: number, tokensOf: ContextInput['tokensOf']): void {
    if (message.role === 'user' && message.origin === 'compaction')
      this.#hasNative ||= message.parts.some(({ kind }) => kind === 'native')
    const shown =
      message.role === 'tool' ? showOutput(message, seq, tokensOf(message), this.#rules!) : message
    this.#shown.push(shown)
    if (shown === message) return
    const saved = tokensOf(message) - tokensOf(shown)
    this.#changes.push({ index, saved })
    this.#saved += saved
  }
}
