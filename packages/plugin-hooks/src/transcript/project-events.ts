import {
  textOf,
  toolCallsOf,
  type AssistantMessage,
  type SessionBlueprint,
  type SessionId,
  type StoredEvent,
  type Usage,
  type UserMessage,
} from '@halter/protocol'
import {
  apiUsage,
  assistantBlocks,
  resultContent,
  stopReason,
  userContent,
  type SpokenCall,
  type ToolSpeech,
  type Whole,
} from './blocks.ts'
import { LineChain, type LinePlace, type TranscriptLine } from './transcript-line.ts'

/** An event whose parts are all at hand. */
type Event = StoredEvent

/** A reply, and what it cost where that is known. */
interface HeldReply {
  readonly message: AssistantMessage
  readonly turnId: string | undefined
  readonly place: LinePlace
}

/**
 * Makes the lines of a transcript out of a session's events, in order, each event once. As in Claude Code a line holds one block
 * of a reply, and lines of one reply share its `message.id`; a compaction is a mark and its summary; what the model never saw has
 * no line.
 */
export class EventProjection {
  readonly #sessionId: SessionId
  readonly #speech: ToolSpeech
  readonly #chain = new LineChain()
  /** Calls without a result, as they are to run. */
  readonly #calls = new Map<string, SpokenCall>()
  #blueprint: SessionBlueprint | undefined
  /** Id of the newest reply that is stored. */
  #newest: string | undefined
  /** A reply waits for the event behind it, which says what it cost. */
  #held: HeldReply | undefined

  /** `sessionId`: whose log it is; the beginning of a fork's tells of another session. */
  constructor(sessionId: SessionId, speech: ToolSpeech) {
    this.#sessionId = sessionId
    this.#speech = speech
  }

  /** The lines that an event adds. Those of a reply come with the next event, or with `flush`. */
  take(event: Event): readonly TranscriptLine[] {
    const isCost =
      event.type === 'usage.recorded' && event.purpose === 'turn' && event.turnId === this.#held?.turnId
    const lines = this.flush(isCost ? event.usage : undefined)
    return [...lines, ...this.#linesOf(event)]
  }

  /** The lines of a reply that still waits. */
  flush(usage?: Usage): readonly TranscriptLine[] {
    const held = this.#held
    this.#held = undefined
    return held ? this.#reply(held, usage) : []
  }

  /**
   * The lines of a reply that is about to be stored, as they are known so far; none where it is stored already. Changes nothing: once
   * it is stored, its lines come again. Only after `flush`.
   */
  ahead(message: AssistantMessage): readonly TranscriptLine[] {
    if (this.#newest === message.id || !this.#blueprint) return []
    return this.#reply(
      { message, turnId: undefined, place: this.#place(message.at) },
      undefined,
      this.#chain.copy(),
    )
  }

  #linesOf(event: Event): readonly TranscriptLine[] {
    switch (event.type) {
      case 'session.started':
        this.#blueprint = event.blueprint
        return []
      case 'session.updated':
        if (event.workingDir !== undefined && this.#blueprint)
          this.#blueprint = { ...this.#blueprint, workingDir: event.workingDir }
        return []
      case 'message.appended': {
        const { message, turnId } = event
        const place = this.#place(message.at)
        if (message.role === 'user') return [this.#prompt(message, place)]
        this.#newest = message.id
        for (const { callId, name, input } of toolCallsOf(message)) this.#calls.set(callId, { name, input })
        this.#held = { message, turnId, place }
        return []
      }
      case 'toolCall.started':
        this.#calls.set(event.callId, { name: event.name, input: event.input })
        return []
      case 'toolCall.finished':
        return event.by === undefined ? [this.#result(event)] : [] // no message of the conversation
      case 'compaction.applied':
        return this.#compaction(event)
      default:
        return []
    }
  }

  #prompt({ id, parts, origin }: UserMessage, place: LinePlace): TranscriptLine {
    const isMeta = origin === 'hook' || origin === 'plugin'
    const message = { role: 'user', content: userContent(parts as readonly Whole<(typeof parts)[number]>[]) }
    return this.#chain.next(place, id, 'user', { ...(isMeta && { isMeta }), message })
  }

  #reply(
    { message, place }: HeldReply,
    usage = message.usage,
    chain = this.#chain,
  ): readonly TranscriptLine[] {
    const { id, from, responseId } = message
    return assistantBlocks(message, this.#speech).map((block, index) =>
      chain.next(place, `${id}/${index}`, 'assistant', {
        message: {
          id,
          type: 'message',
          role: 'assistant',
          model: from.model,
          content: [block],
          stop_reason: stopReason(message),
          stop_sequence: null,
          ...(usage && { usage: apiUsage(usage) }),
        },
        ...(responseId !== undefined && { requestId: responseId }),
      }),
    )
  }

  #result(event: StoredEvent<'toolCall.finished'>): TranscriptLine {
    const { callId, messageId, parts, outcome, at } = event
    const content = resultContent(parts as readonly Whole<(typeof parts)[number]>[])
    const block = {
      tool_use_id: callId,
      type: 'tool_result',
      content,
      ...(outcome !== 'ok' && { is_error: true }),
    }
    const place = this.#place(at)
    const call = this.#calls.get(callId)
    this.#calls.delete(callId)
    return this.#chain.next(place, messageId, 'user', {
      message: { role: 'user', content: [block] },
      toolUseResult: call && outcome === 'ok' ? this.#speech.result(call, textOf(event), place.cwd) : content,
    })
  }

  #compaction(event: StoredEvent<'compaction.applied'>): readonly TranscriptLine[] {
    const place = this.#place(event.at)
    const compactMetadata = {
      trigger: event.trigger === 'manual' ? 'manual' : 'auto',
      preTokens: event.tokensBefore,
    }
    const mark = this.#chain.next(place, `${event.seq}/boundary`, 'system', {
      subtype: 'compact_boundary',
      content: 'Conversation compacted',
      isMeta: false,
      level: 'info',
      compactMetadata,
    })
    if (event.summary === '') return [mark]
    const message = { role: 'user', content: event.summary }
    const rest = { isVisibleInTranscriptOnly: true, isCompactSummary: true, message }
    return [mark, this.#chain.next(place, `${event.seq}/summary`, 'user', rest)]
  }

  #place(at: number): LinePlace {
    const { parentId, workingDir } = this.#blueprint!
    return { sessionId: this.#sessionId, isSidechain: parentId !== undefined, cwd: workingDir, at }
  }
}
