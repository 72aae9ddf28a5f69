import type { ModelPart, ModelRequest, Provider } from '@halter/core'
import { transcript, type Message } from '@halter/protocol'

/** A request of the model `scripted/x` of the session `s`, unless told otherwise. */
export function request(
  given: Partial<Omit<ModelRequest, 'messages'>> & { messages?: readonly Message[] } = {},
): ModelRequest {
  const { messages = [userMessage('hello')], ...rest } = given
  return {
    sessionId: 's',
    purpose: 'turn',
    model: 'scripted/x',
    system: [],
    tail: [],
    tools: [],
    breakpoints: [],
    ...rest,
    messages: transcript(messages),
  }
}

export function userMessage(text: string, id = 'u1'): Message {
  return { role: 'user', id, at: 0, parts: [{ kind: 'text', text }] }
}

/** The whole stream of one call. */
export async function play(
  provider: Provider,
  asked: ModelRequest = request(),
  signal: AbortSignal = new AbortController().signal,
): Promise<ModelPart[]> {
  const parts: ModelPart[] = []
  for await (const part of provider.stream(asked, signal)) parts.push(part)
  return parts
}

/** Text, thinking and raw tool input of a stream, each joined. */
export function contentOf(parts: readonly ModelPart[]) {
  const join = (type: ModelPart['type']) =>
    parts.map((part) => (part.type === type && 'text' in part ? part.text : '')).join('')
  return {
    text: join('text.delta'),
    thinking: join('thinking.delta'),
    toolInput: join('toolInput.delta'),
    calls: parts.filter((part) => part.type === 'toolInput.start'),
    usage: parts.findLast((part) => part.type === 'usage')?.usage,
    end: parts.findLast((part) => part.type === 'end'),
  }
}
