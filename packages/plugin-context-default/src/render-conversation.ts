import type { Message } from '@halter/protocol'
import { withoutMiddle } from './without-middle.ts'

/** Characters that one tool result may keep, the most generous first. */
const RESULT_CAPS = [8000, 2000, 500]

/** What of a conversation to write down. */
export interface Rendering {
  /** Characters, about. */
  readonly maxLength: number
  /** Messages of which only a line remains. */
  readonly leftOut?: ReadonlySet<Message>
}

/**
 * Messages as one text, for a model that is to summarise them: no model has to accept another one's native parts, signatures or
 * tool calls that way. Where it is too long, tool results lose their middle first, then the whole does. Each entry states its
 * number, its author and its length, so that no entry can pass for another.
 */
export function renderConversation(messages: readonly Message[], { maxLength, leftOut }: Rendering): string {
  let text = ''
  for (const cap of RESULT_CAPS) {
    text = messages
      .map((message, index) =>
        leftOut?.has(message) ? line(message, index + 1) : entry(message, index + 1, cap),
      )
      .join('\n\n')
    if (text.length <= maxLength) return text
  }
  return withoutMiddle(text, maxLength)
}

function entry(message: Message, number: number, resultCap: number): string {
  const body = bodyOf(message)
  const text = message.role === 'tool' ? withoutMiddle(body, resultCap) : body
  return `[${number}. ${author(message)}, ${text.length} characters]\n${text}`
}

function line(message: Message, number: number): string {
  const calls = message.parts.flatMap((part) => (part.kind === 'toolCall' ? part.name : []))
  const what = calls.length > 0 ? `calls ${calls.join(', ')}; left out` : 'left out'
  return `[${number}. ${author(message)}, ${what}]`
}

function bodyOf(message: Message): string {
  return message.parts
    .map((part) => renderPart(part))
    .filter((text) => text !== '')
    .join('\n')
}

function author(message: Message): string {
  switch (message.role) {
    case 'assistant':
      return 'assistant'
    case 'tool':
      return `result of ${message.name}${message.isError ? ', failed' : ''}`
    case 'user':
      return message.origin === undefined || message.origin === 'steer' ? 'user' : `note (${message.origin})`
  }
}

/** Thinking is left out: what came of it was said or done. */
function renderPart(part: Message['parts'][number]): string {
  switch (part.kind) {
    case 'text':
      return part.text
    case 'thinking':
      return ''
    case 'json':
      return JSON.stringify(part.value)
    case 'toolCall':
      return `calls ${part.name} with ${part.malformed ?? JSON.stringify(part.input ?? {})}`
    case 'native':
      return part.fallbackText
    case 'image':
    case 'document':
      return `(${part.kind}, ${part.mediaType})`
    case 'blob':
      return `(${part.of.kind} of ${part.bytes} bytes)`
  }
}
