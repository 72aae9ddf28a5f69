import { definePlugin, type ModelInfo, type ModelPart, type ModelRequest, type Plugin } from '@halter/core'

/** A part, something to wait for, or something to do before the next part. */
export type Step = ModelPart | Promise<unknown> | (() => unknown)

/** A provider of the model `parts` that streams exactly what it is told, part by part. */
export function partsProvider(
  replies:
    | readonly (readonly Step[])[]
    | ((request: ModelRequest, call: number) => Iterable<Step> | AsyncIterable<Step>),
  info: Partial<ModelInfo> = {},
): Plugin & { readonly requests: ModelRequest[] } {
  const requests: ModelRequest[] = []
  const plugin = definePlugin({
    name: 'parts-provider',
    apiVersion: 1,
    contributes: ['providers'],
    setup: () => ({
      providers: [
        {
          name: 'parts',
          accepts: (model: string) => model === 'parts',
          info: (model: string) => ({
            window: 100_000,
            maxOutput: 4_096,
            capabilities: {},
            ...info,
            model,
          }),
          async *stream(request: ModelRequest) {
            const call = requests.push(request)
            const steps = typeof replies === 'function' ? replies(request, call) : replies[call - 1]
            for await (const step of steps ?? []) {
              const value: unknown = typeof step === 'function' ? await step() : step
              if (typeof value === 'object' && value !== null && 'type' in value) yield value as ModelPart
            }
          },
        },
      ],
    }),
  })
  return Object.freeze({ ...plugin, requests })
}

/** Parts of plain text, and the end. */
export function says(text: string): ModelPart[] {
  return [
    { type: 'text.delta', id: 'text', text },
    { type: 'usage', usage: { inputTokens: 10, outputTokens: 5 } },
    { type: 'end', stopReason: 'end' },
  ]
}

/** Parts of one tool call, and the end. */
export function calls(name: string, input: object = {}, callId = `call-${name}`): ModelPart[] {
  return [
    { type: 'toolInput.start', id: callId, callId, name },
    { type: 'toolInput.delta', id: callId, text: JSON.stringify(input) },
    { type: 'toolInput.end', id: callId },
    { type: 'usage', usage: { inputTokens: 10, outputTokens: 5 } },
    { type: 'end', stopReason: 'tool-calls' },
  ]
}
