import type { Message } from '@halter/protocol'

/**
 * True when every model can be sent something of these parts. Model APIs refuse a message of nothing but blank text, or of thinking
 * alone: such a one in the transcript would make every later turn fail.
 */
export function saysSomething(parts: Message['parts']): boolean {
  return parts.some((part) => {
    if (part.kind === 'text') return part.text.trim() !== ''
    if (part.kind === 'native') return part.fallbackText.trim() !== ''
    return part.kind !== 'thinking'
  })
}
