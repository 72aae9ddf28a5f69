import type { ModelCapabilities, ModelInfo, ModelPrices } from '@halter/core'
import type { Usage } from '@halter/protocol'

/** What a request costs whose input is over a number of tokens: all of it, not only what is over. */
interface LongPrompts {
  readonly over: number
  readonly prices: ModelPrices
}

/** A model of the table. */
interface KnownModel extends ModelInfo {
  readonly longPrompts?: LongPrompts
}

/** What is assumed of a model that is neither in the table nor described in the options. Its prices are unknown. */
const UNKNOWN_MODEL: ModelInfo = Object.freeze({
  window: 128_000,
  maxOutput: 16_384,
  capabilities: Object.freeze({ images: true, documents: true, thinking: true }),
})

const ABLE: ModelCapabilities = Object.freeze({
  images: true,
  documents: true,
  thinking: true,
  structuredOutput: true,
})
const UNTHINKING: ModelCapabilities = Object.freeze({ ...ABLE, thinking: false })

/**
 * Well-known models and their list prices as of November 2026, from https://platform.claude.com/docs/en/about-claude/pricing and
 * https://developers.openai.com/api/docs/pricing: US dollars per million tokens at the standard tier, input, output, cache read,
 * cache write (5 minutes at Anthropic, 30 at OpenAI). Discounts, regions and other tiers are not in it.
 */
const KNOWN: ReadonlyMap<string, KnownModel> = new Map([
  ...rows(1_000_000, 128_000, ABLE, [
    ['claude-fable-5-1', 10, 50, 0.25, 12.5],
    ['claude-opus-5-5', 4, 20, 0.2, 5],
    ['claude-opus-5', 5, 25, 0.5, 6.25],
    ['claude-opus-4-8', 5, 25, 0.5, 6.25],
    ['claude-opus-4-7', 5, 25, 0.5, 6.25],
    ['claude-opus-4-6', 5, 25, 0.5, 6.25],
    ['claude-sonnet-5-5', 2, 10, 0.1, 2.5],
    ['claude-sonnet-5', 2, 10, 0.2, 2.5],
    ['claude-sonnet-4-6', 3, 15, 0.3, 3.75],
  ]),
  ...dearerOver(100_000, { by: 5, outputBy: 5 }, [
    ...rows(1_000_000, 128_000, ABLE, [['claude-haiku-5-5', 0.1, 0.5, 0.01, 0.125]]),
  ]),
  ...rows(200_000, 64_000, ABLE, [
    ['claude-opus-4-5', 5, 25, 0.5, 6.25],
    ['claude-sonnet-4-5', 3, 15, 0.3, 3.75],
    ['claude-haiku-4-5', 1, 5, 0.1, 1.25],
  ]),
  ...dearerOver(272_000, { by: 2, outputBy: 1.5 }, [
    ...rows(1_050_000, 128_000, ABLE, [
      ['gpt-6-astra', 10, 50, 1, 12.5],
      ['gpt-6.1-sol', 2, 10, 0.1, 2.5],
      ['gpt-6.1-terra', 1, 5, 0.05, 1.25],
      ['gpt-6-sol', 2, 10, 0.2, 2.5],
      ['gpt-6-luna', 0.1, 0.5, 0.01, 0.125],
      ['gpt-5.6-sol', 4, 20, 0.4],
      ['gpt-5.6-terra', 2, 12, 0.2],
      ['gpt-5.6-luna', 0.2, 1.2, 0.02],
      ['gpt-5.5', 5, 30, 0.5],
      ['gpt-5.4', 2.5, 15, 0.25],
    ]),
  ]),
  ...rows(400_000, 128_000, ABLE, [
    ['gpt-5.4-mini', 0.75, 4.5, 0.075],
    ['gpt-5.4-nano', 0.2, 1.25, 0.02],
    ['gpt-5.2', 1.75, 14, 0.175],
    ['gpt-5.1', 1.25, 10, 0.125],
    ['gpt-5', 1.25, 10, 0.125],
    ['gpt-5-mini', 0.25, 2, 0.025],
  ]),
  ...rows(1_047_576, 32_768, UNTHINKING, [
    ['gpt-4.1', 2, 8, 0.5],
    ['gpt-4.1-mini', 0.4, 1.6, 0.1],
  ]),
])

/**
 * What is known of a model by its own id. A model that is not in the table is taken for one of its family, without prices: those are
 * in the table, in the options, or unknown.
 */
export function modelInfo(model: string, { hasListPrices }: { readonly hasListPrices: boolean }): ModelInfo {
  const { longPrompts: _, prices, ...facts } = knownModel(model) ?? familyOf(model)
  return { ...facts, ...(hasListPrices && prices && { prices }) }
}

function familyOf(model: string): KnownModel {
  if (model.startsWith('claude-')) return { window: 200_000, maxOutput: 64_000, capabilities: ABLE }
  if (/^(?:gpt-[5-9]|o\d)/.test(model)) return { window: 400_000, maxOutput: 128_000, capabilities: ABLE }
  return UNKNOWN_MODEL
}

/** What the table says of a model, or of one of its dated snapshots; undefined when it says nothing. */
function knownModel(model: string): KnownModel | undefined {
  return KNOWN.get(model) ?? KNOWN.get(model.replace(/-(?:\d{8}|\d{4}-\d{2}-\d{2}|latest)$/, ''))
}

/** US dollars of a call whose input is priced by its length; undefined when the plain prices count. */
export function longPromptCost(model: string, usage: Usage): number | undefined {
  const long = knownModel(model)?.longPrompts
  if (!long || usage.inputTokens <= long.over) return undefined
  const { input, output, cacheRead = input, cacheWrite = input } = long.prices
  const { inputTokens, outputTokens, cacheReadTokens = 0, cacheWriteTokens = 0 } = usage
  const plain = Math.max(0, inputTokens - cacheReadTokens - cacheWriteTokens)
  const perMillion =
    plain * input + outputTokens * output + cacheReadTokens * cacheRead + cacheWriteTokens * cacheWrite
  return perMillion / 1_000_000
}

type Row = readonly [id: string, input: number, output: number, cacheRead: number, cacheWrite?: number]
type Entry = readonly [id: string, model: KnownModel]

function rows(window: number, maxOutput: number, capabilities: ModelCapabilities, models: Row[]): Entry[] {
  return models.map(([id, input, output, cacheRead, cacheWrite]) => {
    const prices = { input, output, cacheRead, ...(cacheWrite !== undefined && { cacheWrite }) }
    return [id, { window, maxOutput, capabilities, prices }]
  })
}

/** The same models, whose requests cost more from some length of input on. */
function dearerOver(
  over: number,
  times: { readonly by: number; readonly outputBy: number },
  models: Entry[],
): Entry[] {
  return models.map(([id, model]) => {
    const { input, output, cacheRead, cacheWrite } = model.prices!
    const prices = {
      input: input * times.by,
      output: output * times.outputBy,
      ...(cacheRead !== undefined && { cacheRead: cacheRead * times.by }),
      ...(cacheWrite !== undefined && { cacheWrite: cacheWrite * times.by }),
    }
    return [id, { ...model, longPrompts: { over, prices } }]
  })
}
