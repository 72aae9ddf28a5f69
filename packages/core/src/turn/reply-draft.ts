import {
  NO_USAGE,
  type AssistantMessage,
  type AssistantPart,
  type Json,
  type MessageId,
  type StopReason,
  type ToolCallId,
  type Usage,
} from '@halter/protocol'
import type { ModelPart } from '../contracts/provider.ts'
import { HalterError } from '../errors.ts'
import { saysSomething } from './says-something.ts'

/** Hears of each piece of text as it comes; `part` and `offset` are the delta's. */
export interface DraftListener {
  /** The id under which a call is stored: the provider's own, unless an earlier call of the session has it. */
  callId(raw: ToolCallId): ToolCallId
  text(part: number, offset: number, text: string): void
  thinking(part: number, offset: number, text: string): void
  toolInput(part: number, offset: number, text: string, callId: ToolCallId, name: string): void
}

interface Block {
  readonly kind: 'text' | 'thinking' | 'toolCall'
  readonly callId: ToolCallId
  readonly name: string
  /** Index among the reply's parts; -1 while it is empty, because an empty text is no part. */
  part: number
  text: string
  signature: string | undefined
  isEnded: boolean
  /** A call of an id that the reply has had: it is neither shown nor kept. */
  readonly isDouble: boolean
}

const NO_CALL = Object.freeze({ callId: '', name: '', isDouble: false })

/** UTF-16 units of text, thinking and tool input together that one reply may have. */
const MAX_REPLY_LENGTH = 4 * 1024 * 1024
/** Metadata parts, and warnings, kept per reply; a flood beyond that is dropped. */
const MAX_ASIDES = 1024

/** A reply, while it streams in. Takes the parts of a provider in the order they come and makes the message of them. */
export class ReplyDraft {
  readonly messageId: MessageId
  readonly #listener: DraftListener
  readonly #blocks = new Map<string, Block>()
  /** Blocks and native parts in the order of the message. */
  readonly #parts: (Block | AssistantPart)[] = []
  readonly #callIds = new Set<ToolCallId>()
  readonly #metadata: Json[] = []
  readonly #warnings: string[] = []
  #length = 0
  #usage: Usage | undefined
  #end: Extract<ModelPart, { type: 'end' }> | undefined
  readonly #provider: string

  constructor(messageId: MessageId, provider: string, listener: DraftListener) {
    this.messageId = messageId
    this.#provider = provider
    this.#listener = listener
  }

  /** True once something of the reply could have been shown: from then on, no second try. */
  get hasContent(): boolean {
    return this.#parts.length > 0
  }

  get usage(): Usage {
    return this.#usage ?? NO_USAGE
  }

  get metadata(): readonly Json[] {
    return this.#metadata
  }

  get warnings(): readonly string[] {
    return this.#warnings
  }

  get isEnded(): boolean {
    return this.#end !== undefined
  }

  /** @throws HalterError `ERR_MODEL_PROTOCOL` for a part that cannot be; `ERR_MODEL_OUTPUT_CAP`. */
  take(part: ModelPart): void {
    switch (part.type) {
      case 'text.delta':
        return this.#text(part.id, part.text)
      case 'thinking.delta':
        return this.#thinking(part.id, part.text)
      case 'toolInput.delta':
        return this.#toolInput(part.id, part.text)
      case 'text.start':
        this.#open(part.id, 'text')
        return
      case 'thinking.start':
        this.#open(part.id, 'thinking')
        return
      case 'toolInput.start':
        this.#openCall(part)
        return
      case 'text.end':
      case 'toolInput.end':
        this.#known(part.id, part.type).isEnded = true
        return
      case 'thinking.end': {
        const block = this.#known(part.id, part.type)
        block.isEnded = true
        block.signature = part.signature
        if (part.signature !== undefined) this.#place(block) // reasoning may be withheld, and signed all the same
        return
      }
      case 'native': {
        const { data, fallbackText } = part
        this.#parts.push({ kind: 'native', provider: this.#provider, data, fallbackText })
        return
      }
      case 'usage':
        this.#usage = countable(part.usage)
        return
      case 'metadata':
        if (this.#metadata.length < MAX_ASIDES) this.#metadata.push(part.data)
        return
      case 'warning':
        if (this.#warnings.length < MAX_ASIDES) this.#warnings.push(part.message)
        return
      case 'end':
        this.#end = part
        return
    }
    throw this.#broken(`a part of the unknown type "${String((part as { type: unknown }).type)}"`)
  }

  /** The whole message. Call it only when the stream has ended well. */
  finish(at: number, model: string): AssistantMessage {
    const parts = withoutLastSignatures(this.#messageParts())
    const { stopReason, responseId } = this.#end!
    return {
      role: 'assistant',
      id: this.messageId,
      at,
      parts,
      stopReason: stopOf(stopReason, parts),
      from: { provider: this.#provider, model },
      ...(responseId !== undefined && { responseId }),
    }
  }

  /** What is kept of a reply that was cut off: its text. Undefined when there is none. */
  salvage(at: number, model: string): AssistantMessage | undefined {
    const parts = this.#messageParts().filter(({ kind }) => kind === 'text')
    if (!saysSomething(parts)) return undefined
    const from = { provider: this.#provider, model }
    return { role: 'assistant', id: this.messageId, at, parts, stopReason: 'interrupted', from }
  }

  #text(id: string, text: string): void {
    const block = this.#blocks.get(id) ?? this.#open(id, 'text')
    if (text === '') return
    this.#append(block, text)
    this.#listener.text(block.part, block.text.length - text.length, text)
  }

  #thinking(id: string, text: string): void {
    const block = this.#blocks.get(id) ?? this.#open(id, 'thinking')
    if (text === '') return
    this.#append(block, text)
    this.#listener.thinking(block.part, block.text.length - text.length, text)
  }

  #toolInput(id: string, text: string): void {
    const block = this.#known(id, 'toolInput.delta')
    if (block.isDouble) return
    this.#append(block, text)
    this.#listener.toolInput(block.part, block.text.length - text.length, text, block.callId, block.name)
  }

  #append(block: Block, text: string): void {
    this.#length += text.length
    if (this.#length > MAX_REPLY_LENGTH)
      throw new HalterError(
        'ERR_MODEL_OUTPUT_CAP',
        `${this.#provider} sent a reply of over ${MAX_REPLY_LENGTH} characters, more than is kept. Lower maxOutputTokens.`,
      )
    this.#place(block)
    block.text += text
  }

  #place(block: Block): void {
    if (block.part !== -1) return
    block.part = this.#parts.length
    this.#parts.push(block)
  }

  #open(id: string, kind: Block['kind'], call: Pick<Block, 'callId' | 'name' | 'isDouble'> = NO_CALL): Block {
    const block: Block = { kind, ...call, part: -1, text: '', signature: undefined, isEnded: false }
    this.#blocks.set(id, block)
    return block
  }

  #openCall({ id, callId, name }: Extract<ModelPart, { type: 'toolInput.start' }>): void {
    const isDouble = this.#callIds.has(callId)
    this.#callIds.add(callId)
    const stored = isDouble ? callId : this.#listener.callId(callId)
    const block = this.#open(id, 'toolCall', { callId: stored, name, isDouble })
    if (!isDouble) this.#place(block)
  }

  #known(id: string, type: string): Block {
    const block = this.#blocks.get(id)
    if (!block) throw this.#broken(`"${type}" for the block "${id}", which it never started`)
    return block
  }

  #broken(what: string): HalterError {
    return new HalterError(
      'ERR_MODEL_PROTOCOL',
      `Provider ${this.#provider} sent ${what}. This is a fault of the provider plugin; report it there.`,
      { kind: 'transient', retryable: true },
    )
  }

  #messageParts(): AssistantPart[] {
    const parts: AssistantPart[] = []
    for (const entry of this.#parts) {
      if (!('isEnded' in entry)) parts.push(entry)
      else if (entry.kind === 'text') parts.push({ kind: 'text', text: entry.text })
      else if (entry.kind === 'thinking') parts.push(thinkingPart(entry))
      else parts.push(toolCallPart(entry, this.#end?.stopReason))
    }
    return parts
  }
}

/** A usage of whole, finite counts: anything else would be another number, or null, in the log. */
function countable(usage: Usage): Usage {
  const counts = Object.entries(usage).filter(([, count]) => Number.isFinite(count) && count >= 0)
  return { ...NO_USAGE, ...Object.fromEntries(counts) }
}

function thinkingPart({ text, signature }: Block): AssistantPart {
  return { kind: 'thinking', text, ...(signature !== undefined && { signature }) }
}

/** Thinking that nothing follows cannot go back to a model, which wants an answer after it: without a signature it will not. */
function withoutLastSignatures(parts: readonly AssistantPart[]): readonly AssistantPart[] {
  const last = parts.findLastIndex((part) => saysSomething([part]))
  return parts.map((part, index) =>
    part.kind === 'thinking' && index > last ? { kind: 'thinking', text: part.text } : part,
  )
}

/** A call whose text is no JSON, or which was cut off, is kept as it came and never run. */
function toolCallPart(block: Block, stopReason: StopReason | undefined): AssistantPart {
  const { callId, name, text } = block
  const isCut = !block.isEnded && (stopReason === 'max-output' || stopReason === 'refused')
  if (!isCut) {
    if (text.trim() === '') return { kind: 'toolCall', callId, name, input: {} }
    try {
      return { kind: 'toolCall', callId, name, input: JSON.parse(text) as Json }
    } catch {
      // falls through: the model is told
    }
  }
  return { kind: 'toolCall', callId, name, malformed: text }
}

/** What the reply does decides, where a provider's word and its parts differ. */
function stopOf(said: Exclude<StopReason, 'interrupted'>, parts: readonly AssistantPart[]): StopReason {
  const hasCalls = parts.some(({ kind }) => kind === 'toolCall')
  if (hasCalls) return said === 'end' ? 'tool-calls' : said
  return said === 'tool-calls' ? 'end' : said
}
