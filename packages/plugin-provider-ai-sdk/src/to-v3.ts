import type { LanguageModelV3CallOptions, LanguageModelV4CallOptions } from '@ai-sdk/provider'

type Message3 = LanguageModelV3CallOptions['prompt'][number]
type Message4 = LanguageModelV4CallOptions['prompt'][number]

/** The options of a call as the older interface has them: files without a tag. How hard to think, it does not read. */
export function toV3(options: LanguageModelV4CallOptions): LanguageModelV3CallOptions {
  return { ...options, prompt: options.prompt.map(toMessage) }
}

function toMessage(message: Message4): Message3 {
  if (typeof message.content === 'string') return message as Message3
  return { ...message, content: message.content.flatMap(toPart) } as Message3
}

type Part4 = Exclude<Message4['content'], string>[number]

function toPart(part: Part4): readonly object[] {
  if (part.type === 'file') return [{ ...part, data: contentOf(part.data) }]
  if (part.type === 'custom' || part.type === 'reasoning-file') return []
  if (part.type !== 'tool-result' || part.output.type !== 'content') return [part]
  const value = part.output.value.map((item) =>
    item.type === 'file'
      ? {
          type: item.mediaType.startsWith('image/') ? 'image-data' : 'file-data',
          data: contentOf(item.data),
          mediaType: item.mediaType,
        }
      : item,
  )
  return [{ ...part, output: { type: 'content', value } }]
}

function contentOf(data: Extract<Part4, { type: 'file' }>['data']): unknown {
  switch (data.type) {
    case 'data':
      return data.data
    case 'url':
      return data.url
    case 'text':
      return data.text
    case 'reference':
      return data.reference
  }
}
