import type { LanguageModelV4ToolResultPart } from '@ai-sdk/provider'
import type { ToolMessage, ToolResultPart } from '@halter/protocol'
import { cleanText } from './clean-text.ts'
import { encodeMedia, type EncodedMedia } from './encode-media.ts'
import type { Target } from './target.ts'
import { wireCallId, wireToolName } from './wire-names.ts'

/** A tool's result, and what of it has to go into a message behind all results. */
export interface EncodedResult {
  readonly part: LanguageModelV4ToolResultPart
  readonly media: readonly EncodedMedia[]
}

type MediaPart = Exclude<ToolResultPart, { kind: 'text' | 'json' }>
type ContentItem = Extract<LanguageModelV4ToolResultPart['output'], { type: 'content' }>['value'][number]

/** Makes the answer to one call. An empty result says so: some APIs refuse an empty text. */
export function encodeResult(message: ToolMessage, { wire, capabilities }: Target): EncodedResult {
  const toolName = wireToolName(message.name)
  const items = message.parts.map((part) =>
    isMedia(part) ? encodeMedia(part, capabilities) : { type: 'text' as const, text: textOfPart(part) },
  )
  const answer = (output: LanguageModelV4ToolResultPart['output']): LanguageModelV4ToolResultPart => ({
    type: 'tool-result',
    toolCallId: wireCallId(message.callId),
    toolName,
    output,
  })
  const files = items.filter((item) => item.type === 'file')
  const texts = items.map((item) => (item.type === 'text' ? item.text : ''))
  const text = texts.filter((each) => each.trim() !== '').join('\n')
  if (files.length > 0 && wire.takesMediaInResults)
    return { part: answer({ type: 'content', value: contentOf(items, message.isError) }), media: [] }
  const moved = files.length > 0 ? `[${files.length} files of this result are in the next message.]` : ''
  const value = [text, moved].filter((each) => each !== '').join('\n') || '(no output)'
  const heading = { type: 'text' as const, text: `From the result of ${toolName}:` }
  return {
    part: answer({ type: message.isError ? 'error-text' : 'text', value }),
    media: files.length > 0 ? [heading, ...files] : [],
  }
}

/** The form that can hold files has no flag for a failure, so the text says it. */
function contentOf(items: readonly EncodedMedia[], isError: boolean): ContentItem[] {
  const said = items.filter((item) => item.type === 'file' || item.text.trim() !== '')
  return isError ? [{ type: 'text', text: 'The call failed.' }, ...said] : [...said]
}

function isMedia(part: ToolResultPart): part is MediaPart {
  return part.kind !== 'text' && part.kind !== 'json'
}

function textOfPart(part: Exclude<ToolResultPart, MediaPart>): string {
  return cleanText(part.kind === 'text' ? part.text : JSON.stringify(part.value))
}
