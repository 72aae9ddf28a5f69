import type { Clock, ModelInfo } from '@halter/core'
import { AiSdkProvider } from './ai-sdk-provider.ts'

/** How to reach one of the APIs that are known by name. */
export interface ApiOptions {
  /** Default: the API's environment variable. */
  readonly apiKey?: string
  /** Where the API is. Default: the API's environment variable for it, or its maker's server. */
  readonly baseURL?: string
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>
}

/** How to reach OpenAI, or a server that speaks like it. */
export interface OpenAiOptions extends ApiOptions {
  /** `chat` is for servers that know only Chat Completions. Default: `responses`. */
  readonly api?: 'responses' | 'chat'
}

/** What is the same for every provider of a plugin. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock?: Pick<Clock, 'now'>
  readonly info?: Readonly<Record<string, Partial<ModelInfo>>>
}

/** `anthropic/<model>`; undefined without a key and without an address that may need none. */
export function anthropicProvider(
  options: ApiOptions,
  { env, ...others }: Surroundings,
): AiSdkProvider | undefined {
  const keyVariable = 'ANTHROPIC_API_KEY'
  const access = accessOf(options, env[keyVariable], env['ANTHROPIC_BASE_URL'])
  if (!access) return undefined
  const models = async (model: string) => (await import('@ai-sdk/anthropic')).createAnthropic(access)(model)
  return new AiSdkProvider({ id: 'anthropic/', models, hasListPrices: true, keyVariable, ...others })
}

/** `openai/<model>`; undefined without a key and without an address that may need none. */
export function openAiProvider(
  { api: kind = 'responses', ...options }: OpenAiOptions,
  { env, ...others }: Surroundings,
): AiSdkProvider | undefined {
  const keyVariable = 'OPENAI_API_KEY'
  const access = accessOf(options, env[keyVariable], env['OPENAI_BASE_URL'])
  if (!access) return undefined
  const models = async (model: string) => (await import('@ai-sdk/openai')).createOpenAI(access)[kind](model)
  return new AiSdkProvider({ id: 'openai/', models, hasListPrices: true, keyVariable, ...others })
}

type Access = ApiOptions & { readonly apiKey: string; readonly headers?: Record<string, string> }

/** An empty variable counts as absent. A server of one's own may want no key, and the SDK wants one. */
function accessOf(
  options: ApiOptions,
  keyOfEnv: string | undefined,
  urlOfEnv: string | undefined,
): Access | undefined {
  const apiKey = options.apiKey || keyOfEnv || (options.baseURL ? 'none' : undefined)
  const baseURL = options.baseURL || urlOfEnv
  if (!apiKey) return undefined
  return {
    apiKey,
    ...(baseURL && { baseURL }),
    ...(options.headers && { headers: { ...options.headers } }),
  }
}
