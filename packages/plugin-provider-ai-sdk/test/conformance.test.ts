import { testProvider, type OpenProvider, type ProviderHarness, type ProviderScene } from '@halter/testkit'
import type { AiSdkProvider } from '../src/ai-sdk-provider.ts'
import { anthropicProvider, openAiProvider } from '../src/named-providers.ts'
import { AnthropicWire } from './support/anthropic-wire.ts'
import { FakeApi, type FakeWire } from './support/fake-api.ts'
import { ChatWire, ResponsesWire } from './support/openai-wire.ts'

testProvider(
  'anthropic over HTTP',
  harness(() => new AnthropicWire(), 'anthropic/claude-haiku-4-5', anthropic),
)
testProvider(
  'anthropic over HTTP, with thinking that is bound to what stands before it',
  harness(() => new AnthropicWire({ bindsThinking: true }), 'anthropic/claude-sonnet-5-5', anthropic),
)
testProvider(
  'openai over HTTP',
  harness(
    () => new ResponsesWire(),
    'openai/gpt-6.1-sol',
    (url) => openAiProvider({ baseURL: url }, { env: {} }),
  ),
)
testProvider('openai over HTTP, by Chat Completions', {
  ...harness(
    () => new ChatWire(),
    'openai/gpt-4.1',
    (url) => openAiProvider({ baseURL: url, api: 'chat' }, { env: {} }),
  ),
  cannot: (scene) =>
    scene.act === 'reply' && scene.reply.thinking !== undefined
      ? 'the API does not show its thinking'
      : undefined,
})

function anthropic(url: string): AiSdkProvider | undefined {
  return anthropicProvider({ baseURL: url, apiKey: 'test' }, { env: {} })
}

function harness(
  wire: () => FakeWire,
  model: string,
  provider: (url: string) => AiSdkProvider | undefined,
): ProviderHarness {
  return {
    async open(scenes: readonly ProviderScene[]): Promise<OpenProvider> {
      const api = await FakeApi.start(wire(), scenes)
      return {
        provider: provider(api.url)!,
        model,
        calls: () => api.requests.length,
        openCalls: () => api.openCalls,
        close: () => api.close(),
      }
    },
  }
}
