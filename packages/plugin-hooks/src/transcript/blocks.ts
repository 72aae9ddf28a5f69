import type {
  AssistantMessage,
  AssistantPart,
  BlobPart,
  ToolResultPart,
  Usage,
  UserPart,
} from '@halter/protocol'
import type { Block } from './transcript-line.ts'

/** A part whose content is at hand. */
export type Whole<P> = Exclude<P, BlobPart>

/** A tool call: what is asked of which tool. */
export interface SpokenCall {
  readonly name: string
  readonly input: unknown
}

/** How tool calls are shown, in the words of whoever reads transcripts. */
export interface ToolSpeech {
  call(call: SpokenCall): SpokenCall
  /** What a program reads of a result; `text` is what the model reads of it, `cwd` where the call was made. */
  result(call: SpokenCall, text: string, cwd: string): unknown
}

/** Shows calls as they are. */
export const PLAIN_SPEECH: ToolSpeech = Object.freeze({
  call: (call: SpokenCall) => call,
  result: (_call: SpokenCall, text: string) => text,
})

/** A prompt that is one text is a string, as people read it; any other is blocks. */
export function userContent(parts: readonly Whole<UserPart>[]): string | readonly Block[] {
  const [first] = parts
  if (parts.length === 1 && first?.kind === 'text') return first.text
  return parts.flatMap(mediaBlock)
}

/** What a tool answered; one text is a string. */
export function resultContent(parts: readonly Whole<ToolResultPart>[]): string | readonly Block[] {
  const [first] = parts
  if (parts.length === 0) return ''
  if (parts.length === 1 && first?.kind === 'text') return first.text
  return parts.flatMap(mediaBlock)
}

/** The blocks of a reply, one per line of a transcript. A reply without any is an empty text. */
export function assistantBlocks(message: AssistantMessage, speech: ToolSpeech): readonly Block[] {
  const blocks = message.parts.flatMap((part) => assistantBlock(part, speech))
  return blocks.length > 0 ? blocks : [{ type: 'text', text: '' }]
}

function assistantBlock(part: AssistantPart, speech: ToolSpeech): readonly Block[] {
  switch (part.kind) {
    case 'text':
      return [{ type: 'text', text: part.text }]
    case 'thinking':
      return [{ type: 'thinking', thinking: part.text, signature: part.signature ?? '' }]
    case 'toolCall': {
      const { name, input } = speech.call({
        name: part.name,
        input: part.input ?? { malformed: part.malformed ?? '' },
      })
      return [{ type: 'tool_use', id: part.callId, name, input }]
    }
    case 'native':
      return part.fallbackText === '' ? [] : [{ type: 'text', text: part.fallbackText }]
  }
}

function mediaBlock(part: Whole<UserPart> | Whole<ToolResultPart>): readonly Block[] {
  switch (part.kind) {
    case 'text':
      return [{ type: 'text', text: part.text }]
    case 'json':
      return [{ type: 'text', text: JSON.stringify(part.value) }]
    case 'image':
      return [{ type: 'image', source: { type: 'base64', media_type: part.mediaType, data: part.data } }]
    case 'document': {
      const source = { type: 'base64', media_type: part.mediaType, data: part.data }
      return [{ type: 'document', source, ...(part.name !== undefined && { title: part.name }) }]
    }
    case 'native':
      return part.fallbackText === '' ? [] : [{ type: 'text', text: part.fallbackText }]
  }
}

/** Why a reply ended, in the API's words. */
export function stopReason({ stopReason: reason }: AssistantMessage): string | null {
  return {
    end: 'end_turn',
    'tool-calls': 'tool_use',
    'max-output': 'max_tokens',
    refused: 'refusal',
    interrupted: null,
  }[reason]
}

/** Token counts in the API's words, where input does not include what a cache held. */
export function apiUsage({
  inputTokens,
  outputTokens,
  cacheReadTokens = 0,
  cacheWriteTokens = 0,
}: Usage): object {
  return {
    input_tokens: Math.max(inputTokens - cacheReadTokens - cacheWriteTokens, 0),
    cache_creation_input_tokens: cacheWriteTokens,
    cache_read_input_tokens: cacheReadTokens,
    output_tokens: outputTokens,
  }
}
