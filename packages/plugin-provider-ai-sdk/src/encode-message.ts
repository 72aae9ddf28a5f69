import type { LanguageModelV4Message } from '@ai-sdk/provider'
import type { AssistantMessage, AssistantPart, Json, NativePart, UserMessage } from '@halter/protocol'
import { cleanJson, cleanText } from './clean-text.ts'
import { encodeMedia } from './encode-media.ts'
import { readNativeData, readSignature, type PartMetadata } from './native-data.ts'
import type { Target } from './target.ts'
import { wireCallId, wireToolName } from './wire-names.ts'

type UserContent = Extract<LanguageModelV4Message, { role: 'user' }>['content']
type AssistantContent = Extract<LanguageModelV4Message, { role: 'assistant' }>['content']

/** A user's message; empty when nothing in it can be sent. */
export function encodeUser({ parts }: UserMessage, { provider, capabilities }: Target): UserContent {
  return parts.flatMap((part): UserContent => {
    if (part.kind === 'text') return encodeText(part.text)
    if (part.kind === 'native') return encodeNative<UserContent[number]>(part, provider)
    return [encodeMedia(part, capabilities)]
  })
}

/** A reply of a model; empty when nothing in it can be sent. */
export function encodeAssistant(message: AssistantMessage, target: Target): AssistantContent {
  const { parts, from } = message
  const metadata = new ReplyMetadata(from.provider === target.provider ? parts : [])
  const isSame = from.provider === target.provider && from.model === target.model
  const thinking = isSame && target.takesThinking ? new SignedThinking(parts) : undefined
  let texts = 0
  let calls = 0
  return parts.flatMap((part): AssistantContent => {
    switch (part.kind) {
      case 'text':
        return withOptions(encodeText(part.text), metadata.of('text', texts++))
      case 'thinking':
        return thinking?.encode(part) ?? []
      case 'native':
        return encodeNative<AssistantContent[number]>(part, target.provider)
      case 'toolCall': {
        const { callId, name, input } = part
        const call = {
          type: 'tool-call' as const,
          toolCallId: wireCallId(callId),
          toolName: wireToolName(name),
          input: isObject(input) ? cleanJson(input) : {},
        }
        return withOptions([call], metadata.of('toolCall', calls++))
      }
    }
  })
}

function encodeText(text: string): { type: 'text'; text: string }[] {
  const clean = cleanText(text)
  return clean.trim() === '' ? [] : [{ type: 'text', text: clean }]
}

/** The part of the AI SDK that a native part holds, when this provider made it; else what it says to everybody. */
function encodeNative<Part>(part: NativePart, provider: string): (Part | { type: 'text'; text: string })[] {
  const data = part.provider === provider ? readNativeData(part.data) : undefined
  if (!data) return encodeText(part.fallbackText)
  return 'part' in data ? [revive(data.part) as Part] : []
}

/** URLs are objects in the AI SDK, and texts in JSON. */
function revive(part: Readonly<Record<string, Json>>): Readonly<Record<string, unknown>> {
  const { data } = part
  if (!isObject(data) || typeof data['url'] !== 'string' || !URL.canParse(data['url'])) return part
  return { ...part, data: { ...data, url: new URL(data['url']) } }
}

function withOptions<Part extends object>(parts: Part[], providerOptions: PartMetadata | undefined): Part[] {
  return providerOptions ? parts.map((part) => ({ ...part, providerOptions })) : parts
}

/** What an API wants back with the texts and calls of a reply, by their order. */
class ReplyMetadata {
  readonly #byPart = new Map<string, PartMetadata>()

  constructor(parts: readonly AssistantPart[]) {
    for (const part of parts) {
      const data = part.kind === 'native' ? readNativeData(part.data) : undefined
      if (data && 'metadata' in data) this.#byPart.set(`${data.of} ${data.index}`, data.metadata)
    }
  }

  of(kind: 'text' | 'toolCall', index: number): PartMetadata | undefined {
    return this.#byPart.get(`${kind} ${index}`)
  }
}

/** Thinking that goes back to the model that signed it. Without a signature no API takes it. */
class SignedThinking {
  /** Reasoning items of OpenAI that come with their content: one that has only its id can be found by nobody. */
  readonly #whole = new Set<Json>()

  constructor(parts: readonly AssistantPart[]) {
    for (const part of parts)
      for (const { itemId, reasoningEncryptedContent } of part.kind === 'thinking'
        ? factsOf(part.signature)
        : [])
        if (itemId !== undefined && reasoningEncryptedContent !== undefined) this.#whole.add(itemId)
  }

  encode({ text, signature }: Extract<AssistantPart, { kind: 'thinking' }>): AssistantContent {
    const providerOptions = signature === undefined ? undefined : readSignature(signature)
    if (!providerOptions) return []
    const isWhole = Object.values(providerOptions).every(
      ({ itemId }) => itemId === undefined || this.#whole.has(itemId),
    )
    return isWhole ? [{ type: 'reasoning', text: cleanText(text), providerOptions }] : []
  }
}

function factsOf(signature: string | undefined): readonly PartMetadata[string][] {
  return Object.values((signature !== undefined && readSignature(signature)) || {})
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
