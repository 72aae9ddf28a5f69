import type { LanguageModelV4FinishReason, LanguageModelV4Usage, SharedV4Warning } from '@ai-sdk/provider'
import type { StopReason, Usage } from '@halter/protocol'

/** Counts as halter has them; undefined when there is none at all. */
export function usageOf({ inputTokens, outputTokens }: LanguageModelV4Usage): Usage | undefined {
  const { total, noCache, cacheRead, cacheWrite } = inputTokens
  const input = total ?? sum(noCache, cacheRead, cacheWrite)
  const output = outputTokens.total ?? sum(outputTokens.text, outputTokens.reasoning)
  if (input === undefined && output === undefined) return undefined
  return {
    inputTokens: input ?? 0,
    outputTokens: output ?? 0,
    ...(cacheRead !== undefined && { cacheReadTokens: cacheRead }),
    ...(cacheWrite !== undefined && { cacheWriteTokens: cacheWrite }),
  }
}

/** The counts that Anthropic sends with the beginning of a reply; undefined for every other event. */
export function earlyUsage(event: unknown): Usage | undefined {
  const { type, message } = (event ?? {}) as { readonly type?: unknown; readonly message?: unknown }
  if (type !== 'message_start') return undefined
  const { usage } = (message ?? {}) as { readonly usage?: Readonly<Record<string, unknown>> | null }
  if (!usage) return undefined
  const count = (name: string): number => (typeof usage[name] === 'number' ? usage[name] : 0)
  const cacheReadTokens = count('cache_read_input_tokens')
  const cacheWriteTokens = count('cache_creation_input_tokens')
  return {
    inputTokens: count('input_tokens') + cacheReadTokens + cacheWriteTokens,
    outputTokens: count('output_tokens'),
    cacheReadTokens,
    cacheWriteTokens,
  }
}

/** Why the model stopped; undefined when the reply did not come to its end. */
export function stopReasonOf({
  unified,
}: Pick<LanguageModelV4FinishReason, 'unified'>): Exclude<StopReason, 'interrupted'> | undefined {
  switch (unified) {
    case 'stop':
    case 'other':
      return 'end'
    case 'tool-calls':
      return 'tool-calls'
    case 'length':
      return 'max-output'
    case 'content-filter':
      return 'refused'
    case 'error':
    case 'interrupted':
      return undefined
  }
}

/** A warning of the AI SDK, as a sentence. */
export function describeWarning(warning: SharedV4Warning): string {
  switch (warning.type) {
    case 'unsupported':
      return sentence(`The model does not support ${warning.feature}`, warning.details)
    case 'compatibility':
      return sentence(`The model supports ${warning.feature} in another form`, warning.details)
    case 'deprecated':
      return sentence(`${warning.setting} is deprecated`, warning.message)
    case 'other':
      return warning.message
  }
}

function sentence(what: string, details: string | undefined): string {
  return details ? `${what}: ${details}` : `${what}.`
}

function sum(...counts: (number | undefined)[]): number | undefined {
  const known = counts.filter((count) => count !== undefined)
  return known.length === 0 ? undefined : known.reduce((total, count) => total + count, 0)
}
