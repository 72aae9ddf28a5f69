import { definePlugin, type Clock } from '@halter/core'
import { AiSdkProvider } from './ai-sdk-provider.ts'
import { anthropicProvider, openAiProvider } from './named-providers.ts'
import { OPTIONS_SCHEMA, type AiSdkOptions } from './options.ts'

export { AiSdkProvider } from './ai-sdk-provider.ts'
export type { AiSdkProviderOptions } from './ai-sdk-provider.ts'
export type { LanguageModel, ModelSource } from './language-model.ts'
export type { ApiOptions, OpenAiOptions } from './named-providers.ts'
export type { AiSdkOptions } from './options.ts'

/** Contributes a provider per entry of `models`, and `anthropic` and `openai` where there is a key. */
export default definePlugin({
  name: '@halter/plugin-provider-ai-sdk',
  apiVersion: 1,
  config: OPTIONS_SCHEMA,
  contributes: ['providers'],
  requires: ['clock'],
  setup: ({ config, services: { clock } }) => ({ providers: providersOf(config, clock) }),
})

function providersOf(
  { models = {}, anthropic = {}, openai = {}, info }: AiSdkOptions,
  clock: Clock,
): AiSdkProvider[] {
  const shared = { clock, ...(info && { info }) }
  const surroundings = { env: process.env, ...shared }
  const named = [
    Object.hasOwn(models, 'anthropic/') || !anthropic
      ? undefined
      : anthropicProvider(anthropic, surroundings),
    Object.hasOwn(models, 'openai/') || !openai ? undefined : openAiProvider(openai, surroundings),
  ]
  return [
    ...Object.entries(models).map(([id, source]) => new AiSdkProvider({ id, models: source, ...shared })),
    ...named.filter((provider) => provider !== undefined),
  ]
}
