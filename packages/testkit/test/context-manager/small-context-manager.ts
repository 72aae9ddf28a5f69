import type {
  CompactionInstructions,
  CompactionRequest,
  CompactionResult,
  ContextInput,
  ContextManager,
} from '@halter/core'
import { textOf, transcript, type ContextPlan, type Message, type SessionState } from '@halter/protocol'

/**
 * A context manager in the fewest words: all of the transcript, and one summary for everything before the newest prompt when it gets
 * too long. Each rule has a method of its own, for the broken ones to override.
 */
export class SmallContextManager implements ContextManager {
  readonly #vain = new WeakMap<SessionState, { count: number; length: number }>()

  async plan(input: ContextInput, signal: AbortSignal): Promise<ContextPlan> {
    const { state, estimatedTokens } = input
    const plan = { messages: this.show(state), segments: this.beside(state), estimatedTokens }
    const isUnder = estimatedTokens < input.limits.window * 0.8
    const isHopeless = this.isHopeless(state, isUnder)
    if (isUnder && !input.overflow) return plan
    if (isHopeless && !input.overflow) return plan
    try {
      const trigger = input.overflow ? 'overflow' : 'auto'
      const result = await this.compactNow({ trigger }, input, signal)
      return result ? { ...plan, compaction: result.outcome } : this.withWarning(plan)
    } catch (error) {
      signal.throwIfAborted()
      return this.degrade(plan, error)
    }
  }

  async compactNow(
    { trigger }: CompactionRequest,
    input: ContextInput,
    signal: AbortSignal,
  ): Promise<CompactionResult | undefined> {
    const { state, tokensOf, estimatedTokens } = input
    const messages = state.transcript.slice()
    const pinned = this.pinned(input)
    const older = messages.slice(0, this.cutAt(messages)).filter(({ id }) => !pinned.has(id))
    if (
      older.every(({ role, ...rest }) => role === 'user' && 'origin' in rest && rest.origin === 'compaction')
    )
      return undefined
    const hooks = await this.wait(input.beforeCompaction(trigger), signal)
    if (!this.isWanted(hooks)) return undefined
    const written = this.hookSummary(hooks) ?? (await this.wait(this.write(input, older), signal))
    const summary = this.complete(input, this.judge(input, written, older))
    const left = older.reduce((sum, message) => sum + tokensOf(message), 0)
    return {
      outcome: {
        trigger,
        droppedSeqs: this.name(older.map((message) => state.seqs[messages.indexOf(message)]!)),
        summary,
        tokensBefore: estimatedTokens,
        tokensAfter: Math.max(1, estimatedTokens - left) + tokensOf(summary),
      },
    }
  }

  protected show(state: SessionState): ContextPlan['messages'] {
    return state.transcript
  }

  protected beside(state: SessionState): ContextPlan['segments'] {
    return state.injected
  }

  protected isHopeless(state: SessionState, isUnder: boolean): boolean {
    const vain = this.#vain.get(state) ?? { count: 0, length: 0 }
    this.#vain.set(state, vain)
    const { length } = state.transcript
    if (isUnder && length > vain.length) vain.count = 0
    else if (!isUnder) vain.count += 1
    vain.length = length
    return vain.count > 2
  }

  protected withWarning(plan: ContextPlan): ContextPlan {
    return { ...plan, warning: 'There is nothing to compact.' }
  }

  protected degrade(plan: ContextPlan, error: unknown): ContextPlan {
    return { ...plan, warning: String(error) }
  }

  protected pinned(input: ContextInput): ReadonlySet<string> {
    return new Set(input.obligations().flatMap(({ messageId }) => messageId ?? []))
  }

  protected cutAt(messages: readonly Message[]): number {
    const isPrompt = (message: Message): boolean =>
      message.role === 'user' && (message.origin === undefined || message.origin === 'steer')
    return Math.max(0, messages.findLastIndex(isPrompt))
  }

  protected wait<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>()
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    if (signal.aborted) reject(signal.reason)
    return Promise.race([work, promise])
  }

  protected isWanted(hooks: CompactionInstructions | undefined): boolean {
    return hooks !== undefined
  }

  protected hookSummary(hooks: CompactionInstructions | undefined): string | undefined {
    return hooks?.summary
  }

  protected async write(input: ContextInput, older: readonly Message[]): Promise<string> {
    const reply = await input.callModel(
      {
        sessionId: input.state.sessionId,
        purpose: 'compaction',
        model: input.model.model,
        system: [],
        messages: transcript(older),
        tail: [],
        tools: [],
        breakpoints: [],
      },
      'compaction',
    )
    return textOf(reply.message)
  }

  protected judge({ tokensOf }: ContextInput, written: string, older: readonly Message[]): string {
    const tokens = older.reduce((sum, message) => sum + tokensOf(message), 0)
    return tokensOf(written) > Math.max(400, tokens) ? 'Older messages were left out.' : written
  }

  protected complete(input: ContextInput, written: string): string {
    return [written, ...input.obligations().map(({ text }) => text)].join('\n')
  }

  protected name(seqs: readonly number[]): { from: number; to: number }[] {
    return seqs.toSorted((a, b) => a - b).map((seq) => ({ from: seq, to: seq }))
  }
}
