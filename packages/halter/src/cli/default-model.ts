import type { LoadedConfig } from '@halter/core/host'

/** A model that nobody has named, and why it is the one. */
export interface DefaultModel {
  readonly model: string
  /** The environment variable whose key decided; absent for the built-in model. */
  readonly variable?: string
}

/** Model APIs that are there as soon as there is a key for them, the preferred one first, and a middling model of each. */
const BY_KEY: readonly Required<DefaultModel>[] = [
  { variable: 'ANTHROPIC_API_KEY', model: 'anthropic/claude-sonnet-5-5' },
  { variable: 'OPENAI_API_KEY', model: 'openai/gpt-6.1-sol' },
]
const PROVIDER_PLUGIN = '@halter/plugin-provider-ai-sdk'

/**
 * The model of a new session when no layer names one: of the first API with a key, else the built-in one. Undefined when one is
 * named. Who sets up presets or the provider plugin decides which models there are, and so has to name one as well.
 */
export function defaultModel(
  { origins }: Pick<LoadedConfig, 'origins'>,
  env: Readonly<Record<string, string | undefined>>,
): DefaultModel | undefined {
  if (origins.get('model')?.layer !== 'default') return undefined
  const isPlain = origins.get('presets')?.layer === 'default' && !origins.has(`plugins.${PROVIDER_PLUGIN}`)
  const byKey = isPlain ? BY_KEY.find(({ variable }) => env[variable]) : undefined
  return byKey ?? { model: 'demo' }
}

/** What is missing for a model that nobody accepts, where that may be a key. */
export function missingKey(
  model: unknown,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (typeof model !== 'string') return undefined
  const api = BY_KEY.find((each) => model.startsWith(each.model.slice(0, each.model.indexOf('/') + 1)))
  return api && !env[api.variable] ? `${api.variable} is not set; with it, ${model} can be asked.` : undefined
}
