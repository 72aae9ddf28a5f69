/**
 * What one model call, or many, consumed. `inputTokens` is the whole input: the two cache counts are a breakdown of it,
 * never additional. `costUsd` is present only where the model's prices are known.
 */
export interface Usage {
  readonly inputTokens: number
  readonly outputTokens: number
  /** Part of `inputTokens` that the provider read from its prompt cache. */
  readonly cacheReadTokens?: number
  /** Part of `inputTokens` that the provider wrote to its prompt cache. */
  readonly cacheWriteTokens?: number
  /** US dollars. */
  readonly costUsd?: number
}

/** Why a model was called. Plugins may use words of their own. */
export type ModelPurpose = 'turn' | 'compaction' | 'hook' | 'title' | 'judge' | (string & {})

/** No usage at all; the start of every sum. */
export const NO_USAGE: Usage = Object.freeze({ inputTokens: 0, outputTokens: 0 })

/** Adds two usages, saturating at `Number.MAX_SAFE_INTEGER`; an optional count is present when either side has it. */
export function addUsage(a: Usage, b: Usage): Usage {
  const cacheReadTokens = addOptional(a.cacheReadTokens, b.cacheReadTokens)
  const cacheWriteTokens = addOptional(a.cacheWriteTokens, b.cacheWriteTokens)
  const costUsd =
    a.costUsd === undefined && b.costUsd === undefined ? undefined : (a.costUsd ?? 0) + (b.costUsd ?? 0)
  return {
    inputTokens: addSaturating(a.inputTokens, b.inputTokens),
    outputTokens: addSaturating(a.outputTokens, b.outputTokens),
    ...(cacheReadTokens === undefined ? undefined : { cacheReadTokens }),
    ...(cacheWriteTokens === undefined ? undefined : { cacheWriteTokens }),
    ...(costUsd === undefined ? undefined : { costUsd }),
  }
}

/** Tokens that the call left in the model's context: input plus output, saturating. */
export function contextTokens(usage: Usage): number {
  return addSaturating(usage.inputTokens, usage.outputTokens)
}

function addSaturating(a: number, b: number): number {
  return Math.min(a + b, Number.MAX_SAFE_INTEGER)
}

function addOptional(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined && b === undefined ? undefined : addSaturating(a ?? 0, b ?? 0)
}
