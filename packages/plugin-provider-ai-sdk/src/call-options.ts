import type { LanguageModelV4CallOptions, LanguageModelV4FunctionTool } from '@ai-sdk/provider'
import type { ModelRequest, ToolSpec } from '@halter/core'
import { cleanJson, cleanText } from './clean-text.ts'
import { CACHED, encodePrompt } from './encode-prompt.ts'
import { outputFormat, type OutputFormat } from './output-format.ts'
import type { Target } from './target.ts'

type ProviderOptions = NonNullable<LanguageModelV4CallOptions['providerOptions']>

/** A request, as the options of one call of a model of the AI SDK; without a signal. */
export function callOptions(
  request: ModelRequest,
  target: Target,
  maxOutput: number,
): LanguageModelV4CallOptions {
  const { effort, temperature, maxOutputTokens, headers, outputSchema } = request
  const { wire } = target
  const format = outputSchema && outputFormat(outputSchema)
  const prompt = encodePrompt(withInstruction(request, format), target)
  const tools = encodeTools(request, target)
  // Anthropic's API insists on a limit. Of a model that the SDK does not know it takes a low one.
  const limit = maxOutputTokens ?? (wire.isAnthropic && wire.bindsThinking ? maxOutput : undefined)
  return {
    prompt,
    ...(tools.length > 0 && { tools }),
    ...(temperature !== undefined && { temperature }),
    ...(limit !== undefined && { maxOutputTokens: limit }),
    ...(effort !== undefined && { reasoning: effort }),
    ...(format?.responseFormat && { responseFormat: format.responseFormat }),
    ...(headers && { headers: { ...headers } }),
    providerOptions: providerOptions(request, target, format),
    // The only way to what a stream has cost before its end.
    ...(wire.isAnthropic && { includeRawChunks: true }),
  }
}

function withInstruction(request: ModelRequest, format: OutputFormat | undefined): ModelRequest {
  if (format?.instruction === undefined) return request
  const segment = { id: 'output-format', text: format.instruction, stability: 'turn' as const }
  return { ...request, tail: [...request.tail, segment] }
}

function encodeTools({ tools, breakpoints }: ModelRequest, { wire }: Target): LanguageModelV4FunctionTool[] {
  const isMarked = wire.isAnthropic && breakpoints.some(({ after }) => after === 'tools')
  return tools.map((tool, index) => ({
    ...encodeTool(tool),
    // OpenAI's default is strict, which refuses most schemas; the runtime checks every input in any case.
    ...((wire.isOpenAiChat || wire.isOpenAiResponses) && { strict: false }),
    ...(isMarked && index === tools.length - 1 && { providerOptions: CACHED }),
  }))
}

function encodeTool({ name, description, inputSchema }: ToolSpec): LanguageModelV4FunctionTool {
  const text = cleanText(description)
  return {
    type: 'function',
    name,
    ...(text !== '' && { description: text }),
    inputSchema: { type: 'object', ...cleanJson(inputSchema) },
  }
}

function providerOptions(
  request: ModelRequest,
  { wire }: Target,
  format: OutputFormat | undefined,
): ProviderOptions {
  const options: ProviderOptions = {}
  if (wire.bindsThinking && request.effort !== 'none')
    options['anthropic'] = {
      // Pruning and compaction change what stands before a thought: that is to cost the thought, not the request.
      thinking: {
        type: 'adaptive',
        display: 'summarized',
        blockBinding: { prefixMismatchBehavior: 'drop_block' },
      },
    }
  if (wire.isOpenAiResponses)
    options['openai'] = {
      // The log is the memory. Nothing is kept at OpenAI, so reasoning comes back to us, encrypted.
      store: false,
      promptCacheKey: request.sessionId.slice(0, 64),
      ...(format && { strictJsonSchema: format.isStrict }),
    }
  if (wire.isOpenAiChat && format) options['openai'] = { strictJsonSchema: format.isStrict }
  return options
}
