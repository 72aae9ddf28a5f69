import type { Message } from '@halter/protocol'

/** What a picture or a document costs, where nobody has reported it. */
const MEDIA_TOKENS = 1500

/** Tokens of a text, by a rule of thumb: 3.7 characters each. */
export function textTokens(text: string): number {
  return Math.floor((text.length * 10) / 37)
}

/** Estimated tokens of messages. */
export function estimateTokens(messages: readonly Message[]): number {
  let tokens = 0
  for (const { parts } of messages) for (const part of parts) tokens += partTokens(part)
  return tokens
}

function partTokens(part: Message['parts'][number]): number {
  switch (part.kind) {
    case 'text':
    case 'thinking':
      return textTokens(part.text)
    case 'json':
      return textTokens(JSON.stringify(part.value))
    case 'toolCall':
      return textTokens(part.name) + textTokens(part.malformed ?? JSON.stringify(part.input))
    case 'native':
      return textTokens(part.fallbackText)
    case 'image':
    case 'document':
    case 'blob':
      return MEDIA_TOKENS
  }
}
