import type { MessageId, ToolCallId } from './ids.ts'
import type { Usage } from './usage.ts'

/** Any value that survives `JSON.parse(JSON.stringify(x))`. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** Plain text. May hold any JavaScript string: NUL and lone surrogates round-trip in every store. */
export interface TextPart {
  readonly kind: 'text'
  readonly text: string
}

/** A picture. `data` is base64 without a `data:` prefix. */
export interface ImagePart {
  readonly kind: 'image'
  readonly mediaType: string
  readonly data: string
}

/** A file such as a PDF. `data` is base64 without a `data:` prefix. */
export interface DocumentPart {
  readonly kind: 'document'
  readonly mediaType: string
  readonly data: string
  readonly name?: string
}

/** A value for programs: a tool's structured result. */
export interface JsonPart {
  readonly kind: 'json'
  readonly value: Json
}

/** The model's reasoning. A provider that signs it needs `signature` back, unchanged, on the next call. */
export interface ThinkingPart {
  readonly kind: 'thinking'
  readonly text: string
  readonly signature?: string
}

/**
 * The model asks for a tool. `input` is what the model wrote, as JSON; when that text was no JSON, or was cut off,
 * `input` is absent and `malformed` holds the raw text: such a call is answered with an error and never run.
 */
export interface ToolCallPart {
  readonly kind: 'toolCall'
  readonly callId: ToolCallId
  readonly name: string
  readonly input?: Json
  readonly malformed?: string
}

/** Something only one provider understands; every other one shows `fallbackText`, or nothing when it is empty. */
export interface NativePart {
  readonly kind: 'native'
  readonly provider: string
  readonly data: Json
  readonly fallbackText: string
}

/**
 * A part whose content (over 16 KiB) a store keeps once, by the sha256 of its UTF-8 text, and counts references to.
 * `of` is the part without its content; readers get whole parts, only stores and exports see this one.
 */
export interface BlobPart {
  readonly kind: 'blob'
  readonly sha256: string
  readonly bytes: number
  readonly of: {
    readonly kind: 'text' | 'image' | 'document'
    readonly mediaType?: string
    readonly name?: string
  }
}

/** What a user message is made of. */
export type UserPart = TextPart | ImagePart | DocumentPart | NativePart | BlobPart
/** What an assistant message is made of, in the order the model produced it. */
export type AssistantPart = TextPart | ThinkingPart | ToolCallPart | NativePart
/** What a tool's result is made of; an empty list is an empty result. */
export type ToolResultPart = TextPart | ImagePart | DocumentPart | JsonPart | BlobPart

/** Of these parts, those that hold what they say: what callers and tools give. A {@link BlobPart} is a store's own. */
export type WholePart<P extends { readonly kind: string }> = Exclude<P, BlobPart>

/** Who put a user message into the transcript. */
export type MessageOrigin = 'user' | 'steer' | 'hook' | 'plugin' | 'compaction'

/** Input for the model: from the user, or from whoever `origin` says. */
export interface UserMessage {
  readonly role: 'user'
  readonly id: MessageId
  /** Milliseconds since the epoch, by the session's clock. */
  readonly at: number
  readonly parts: readonly UserPart[]
  /** Absent: the user. */
  readonly origin?: Exclude<MessageOrigin, 'user'>
}

/** Why the model stopped. `interrupted`: we stopped it, and kept its text. */
export type StopReason = 'end' | 'tool-calls' | 'max-output' | 'refused' | 'interrupted'

/** One reply of a model. */
export interface AssistantMessage {
  readonly role: 'assistant'
  readonly id: MessageId
  /** Milliseconds since the epoch, by the session's clock. */
  readonly at: number
  readonly parts: readonly AssistantPart[]
  readonly stopReason: StopReason
  /** The provider's name and its model id: what a replay needs to know whose native parts and signatures these are. */
  readonly from: { readonly provider: string; readonly model: string }
  readonly usage?: Usage
  /** The provider's id of the response, where it gave one. */
  readonly responseId?: string
}

/** The answer to one tool call. */
export interface ToolMessage {
  readonly role: 'tool'
  readonly id: MessageId
  /** Milliseconds since the epoch, by the session's clock. */
  readonly at: number
  readonly callId: ToolCallId
  readonly name: string
  readonly parts: readonly ToolResultPart[]
  /** True when the call failed, was denied, did not start, or has an unknown outcome. */
  readonly isError: boolean
}

/** One entry of a transcript. */
export type Message = UserMessage | AssistantMessage | ToolMessage

/** The text parts of a message, joined by newlines; media, thinking and calls are left out. */
export function textOf(message: { readonly parts: readonly { readonly kind: string }[] }): string {
  return message.parts
    .filter((part): part is TextPart => part.kind === 'text')
    .map((part) => part.text)
    .join('\n')
}

/** The tool calls of a message, in order. */
export function toolCallsOf(message: AssistantMessage): readonly ToolCallPart[] {
  return message.parts.filter((part) => part.kind === 'toolCall')
}
