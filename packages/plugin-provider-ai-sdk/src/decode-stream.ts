import type { LanguageModelV3StreamPart, LanguageModelV4StreamPart } from '@ai-sdk/provider'
import type { ModelPart } from '@halter/core'
import type { Json, Usage } from '@halter/protocol'
import { describeWarning, earlyUsage, stopReasonOf, usageOf } from './decode-values.ts'
import { keptMetadata, toSignature, type NativeData } from './native-data.ts'
import { toPromptPart } from './prompt-part.ts'

/** A piece of a stream of the AI SDK. The older interface has fewer, and those it has mean the same. */
export type StreamPart = LanguageModelV4StreamPart | LanguageModelV3StreamPart

type Of<Type extends StreamPart['type']> = Extract<StreamPart, { type: Type }>

/** A block of text or thinking that is open. */
interface Block {
  metadata: Readonly<Record<string, object>>
  /** Which of the reply's texts it is; undefined while it is empty, because an empty text is no part. */
  index: number | undefined
}

/** A call whose input streams in. */
interface Call {
  /** Which of the reply's calls it is. */
  readonly index: number
  hasInput: boolean
}

/** Turns the stream of one reply, piece by piece, into halter's. */
export class StreamDecoder {
  readonly #costOf: (usage: Usage) => number | undefined
  readonly #blocks = new Map<string, Block>()
  readonly #calls = new Map<string, Call>()
  /** Texts so far that hold something. */
  #texts = 0
  #usage: Usage | undefined
  #responseId: string | undefined

  /** `costOf` gives US dollars where a plain price per token does not. */
  constructor(costOf: (usage: Usage) => number | undefined = () => undefined) {
    this.#costOf = costOf
  }

  /** Without an `end` when the reply has not come to its end. @throws whatever the stream says went wrong, as it says it. */
  decode(part: StreamPart): readonly ModelPart[] {
    switch (part.type) {
      case 'text-start':
      case 'text-delta':
      case 'text-end':
        return this.#text(part)
      case 'reasoning-start':
      case 'reasoning-delta':
      case 'reasoning-end':
        return this.#thinking(part)
      case 'tool-input-start':
        return part.providerExecuted ? [] : this.#startCall(part.id, part.toolName)
      case 'tool-input-delta':
        return this.#callInput(part.id, part.delta)
      case 'tool-call':
        return part.providerExecuted ? [native(part, `[${part.toolName}]`)] : this.#endCall(part)
      case 'tool-result':
        return part.preliminary ? [] : [native(part, '')]
      case 'file':
        return [native(part, `[A file of the type ${part.mediaType}]`)]
      case 'custom':
      case 'reasoning-file':
        return [native(part, '')]
      case 'finish':
        return this.#finish(part)
      case 'error':
        throw part.error // whatever it is: whoever catches it reads all shapes
      default:
        return this.#beside(part)
    }
  }

  /** What comes with a reply and is no part of it. */
  #beside(
    part: Of<
      | 'stream-start'
      | 'response-metadata'
      | 'source'
      | 'raw'
      | 'ping'
      | 'tool-input-end'
      | 'tool-approval-request'
    >,
  ): readonly ModelPart[] {
    switch (part.type) {
      case 'stream-start':
        return part.warnings.map((warning) => ({ type: 'warning', message: describeWarning(warning) }))
      case 'response-metadata':
        this.#responseId = part.id ?? this.#responseId
        return []
      case 'source':
        return [{ type: 'metadata', data: JSON.parse(JSON.stringify({ source: part })) as Json }]
      case 'tool-approval-request':
        return [
          {
            type: 'warning',
            message: 'The model API asks for an approval of its own, which nobody here can give.',
          },
        ]
      case 'raw': {
        const usage = earlyUsage(part.rawValue)
        return usage ? this.#use(usage) : isPing(part.rawValue) ? this.#beat() : []
      }
      case 'ping':
        return this.#beat()
      case 'tool-input-end':
        return [] // the whole call comes next, and may bring input that was not streamed
    }
  }

  #text(part: Of<'text-start' | 'text-delta' | 'text-end'>): readonly ModelPart[] {
    const id = `text ${part.id}`
    const block = this.#block(id, part)
    if (part.type === 'text-start') return [{ type: 'text.start', id }]
    if (part.type === 'text-delta') {
      if (part.delta === '') return []
      block.index ??= this.#texts++
      return [{ type: 'text.delta', id, text: part.delta }]
    }
    this.#blocks.delete(id)
    const { index } = block
    const metadata = index === undefined ? undefined : keptMetadata(block.metadata, { withIds: false })
    const end: ModelPart = { type: 'text.end', id }
    return index !== undefined && metadata ? [end, keep({ metadata, of: 'text', index })] : [end]
  }

  #thinking(part: Of<'reasoning-start' | 'reasoning-delta' | 'reasoning-end'>): readonly ModelPart[] {
    const id = `thinking ${part.id}`
    const block = this.#block(id, part)
    if (part.type === 'reasoning-start') return [{ type: 'thinking.start', id }]
    if (part.type === 'reasoning-delta')
      return part.delta === '' ? [] : [{ type: 'thinking.delta', id, text: part.delta }]
    this.#blocks.delete(id)
    const metadata = keptMetadata(block.metadata, { withIds: true })
    return [{ type: 'thinking.end', id, ...(metadata && { signature: toSignature(metadata) }) }]
  }

  /** The block of a part, with what the part says about it beside its text. */
  #block(
    id: string,
    part: { readonly type: string; readonly providerMetadata?: Block['metadata'] | undefined },
  ): Block {
    const known = part.type.endsWith('-start') ? undefined : this.#blocks.get(id)
    const block = known ?? { metadata: {}, index: undefined }
    const { metadata } = block
    for (const [api, facts] of Object.entries(part.providerMetadata ?? {})) {
      const present = Object.entries(facts).filter(([, fact]) => fact != null)
      block.metadata = { ...block.metadata, [api]: { ...metadata[api], ...Object.fromEntries(present) } }
    }
    this.#blocks.set(id, block)
    return block
  }

  #startCall(callId: string, name: string): readonly ModelPart[] {
    if (this.#calls.has(callId)) return []
    this.#calls.set(callId, { index: this.#calls.size, hasInput: false })
    return [{ type: 'toolInput.start', id: callBlock(callId), callId, name }]
  }

  #callInput(callId: string, text: string): readonly ModelPart[] {
    const call = this.#calls.get(callId)
    if (!call || text === '') return []
    call.hasInput = true
    return [{ type: 'toolInput.delta', id: callBlock(callId), text }]
  }

  #endCall({ toolCallId, toolName, input, providerMetadata }: Of<'tool-call'>): readonly ModelPart[] {
    const start = this.#startCall(toolCallId, toolName)
    const { index, hasInput } = this.#calls.get(toolCallId)!
    const metadata = keptMetadata(providerMetadata, { withIds: false })
    return [
      ...start,
      ...(hasInput ? [] : this.#callInput(toolCallId, input)),
      { type: 'toolInput.end', id: callBlock(toolCallId) },
      ...(metadata ? [keep({ metadata, of: 'toolCall', index })] : []),
    ]
  }

  #finish({ finishReason, usage, providerMetadata }: Of<'finish'>): readonly ModelPart[] {
    const total = usageOf(usage)
    const stopReason = stopReasonOf(finishReason)
    const responseId = this.#responseId
    return [
      ...(total ? this.#use(total) : []),
      ...droppedThinking(providerMetadata),
      ...(stopReason
        ? [{ type: 'end' as const, stopReason, ...(responseId !== undefined && { responseId }) }]
        : []),
    ]
  }

  #use(usage: Usage): readonly ModelPart[] {
    const costUsd = this.#costOf(usage)
    this.#usage = costUsd === undefined ? usage : { ...usage, costUsd }
    return this.#beat()
  }

  /** The model is alive and has nothing to say: the totals so far, once more, so that nobody takes the silence for a fault. */
  #beat(): readonly ModelPart[] {
    return this.#usage ? [{ type: 'usage', usage: this.#usage }] : []
  }
}

function callBlock(callId: string): string {
  return `call ${callId}`
}

function keep(data: NativeData): ModelPart {
  return { type: 'native', data, fallbackText: '' }
}

function native(part: Parameters<typeof toPromptPart>[0], fallbackText: string): ModelPart {
  return { type: 'native', data: { part: toPromptPart(part) }, fallbackText }
}

function isPing(event: unknown): boolean {
  return typeof event === 'object' && event !== null && 'type' in event && event.type === 'ping'
}

/** What Anthropic left out of the request because something before it had changed: the way to find out why thoughts are lost. */
function droppedThinking(metadata: Of<'finish'>['providerMetadata']): readonly ModelPart[] {
  const changes = metadata?.['anthropic']?.['inputTransformations']
  return Array.isArray(changes) && changes.length > 0
    ? [{ type: 'metadata', data: { inputTransformations: changes as Json } }]
    : []
}
