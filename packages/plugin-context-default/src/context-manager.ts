import type {
  CompactionInstructions,
  CompactionRequest,
  CompactionResult,
  ContextInput,
  ContextManager,
} from '@halter/core'
import type { ContextPlan, Message, Usage } from '@halter/protocol'
import { droppedSeqs } from './dropped-seqs.ts'
import { estimateTokens, textTokens } from './estimate-tokens.ts'
import { findCut } from './find-cut.ts'
import type { ContextSettings } from './settings.ts'
import { summarise } from './summarise.ts'

/**
 * Shows the model the whole window. A compaction replaces everything before the newest prompt by a summary: that prompt and what
 * came after it stay word for word.
 */
export class DefaultContextManager implements ContextManager {
  readonly #settings: ContextSettings

  constructor(settings: ContextSettings = {}) {
    this.#settings = settings
  }

  plan({ state, estimatedTokens, overflow }: ContextInput): ContextPlan {
    const plan = { messages: state.transcript, segments: state.injected, estimatedTokens }
    if (!overflow) return plan
    const warning =
      'The conversation is too long for the model. Compact the session, or choose a model with a larger window.'
    return { ...plan, warning }
  }

  /**
   * @throws HalterError `ERR_MODEL_FAILED` when the model gave no whole summary; then nothing has changed. Also what the call
   * failed with, and the reason of `signal`.
   */
  async compactNow(
    request: CompactionRequest,
    input: ContextInput,
    signal: AbortSignal,
  ): Promise<CompactionResult | undefined> {
    const { state } = input
    const messages = state.transcript.slice()
    const seqs = state.seqs.slice(0, messages.length)
    const cut = findCut(messages)
    if (cut === 0) return undefined
    signal.throwIfAborted()
    const hooks = await untilAborted(input.beforeCompaction(request.trigger), signal)
    if (!hooks) return undefined
    const { summary, usage } = await untilAborted(
      this.#summarise(messages.slice(0, cut), request, hooks, input),
      signal,
    )
    const [left, stays] = [messages.slice(0, cut), messages.slice(cut)].map(estimateTokens) as [
      number,
      number,
    ]
    return {
      outcome: {
        trigger: request.trigger,
        droppedSeqs: droppedSeqs(seqs, cut),
        summary,
        tokensBefore: input.estimatedTokens,
        tokensAfter: Math.max(stays, input.estimatedTokens - left) + textTokens(summary),
        reason: `a summary stands for ${cut} messages before the newest prompt`,
      },
      ...(usage && { usage }),
    }
  }

  async #summarise(
    older: readonly Message[],
    request: CompactionRequest,
    hooks: CompactionInstructions,
    input: ContextInput,
  ): Promise<{ readonly summary: string; readonly usage?: Usage }> {
    if (hooks.summary !== undefined && hooks.summary.trim() !== '') return { summary: frame(hooks.summary) }
    const { compactionPrompt, compactionInstructions } = this.#settings
    const { text, usage } = await summarise(older, input, {
      prompt: compactionPrompt,
      instructions: [compactionInstructions, request.instructions, hooks.instructions],
    })
    return { summary: frame(text), usage }
  }
}

/** The summary becomes a user message: it must not read as if the user had just said it. */
function frame(summary: string): string {
  return `The earlier part of this conversation was replaced by this summary of it.\n\n${summary.trim()}`
}

/** What `promise` gives, or the reason of `signal` as soon as that is aborted. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: settled, resolve, reject } = Promise.withResolvers<T>()
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  if (signal.aborted) onAbort()
  return settled
}
