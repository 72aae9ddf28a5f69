import type { ContextInput, ModelReply, ModelRequest } from '@halter/core'
import { EVENT_VERSIONS, SessionFold, type Message, type PendingEvent } from '@halter/protocol'

/** A session as its log makes it, without a runtime. */
export class Session {
  readonly state = new SessionFold()

  constructor() {
    const blueprint = { sessionId: 's', depth: 0, model: 'm', workingDir: '/', limits: {}, metadata: {} }
    this.append({ type: 'session.started', blueprint })
  }

  append(event: PendingEvent): void {
    const seq = this.state.head + 1
    const envelope = { sessionId: 's', seq, at: seq, v: EVENT_VERSIONS[event.type] }
    this.state.apply({ ...envelope, ...event })
  }

  say(text: string, origin?: 'steer' | 'hook'): void {
    const parts = [{ kind: 'text' as const, text }]
    const message = { role: 'user' as const, id: this.#id(), at: 0, parts, ...(origin && { origin }) }
    this.append({ type: 'message.appended', turnId: 't', message })
  }

  /** A reply with as many calls; their results are stored in the order that `finish` names. */
  reply(
    text: string,
    calls = 0,
    finish: readonly number[] = Array.from({ length: calls }, (_, index) => index),
  ): void {
    const id = this.#id()
    const callId = (index: number) => `${id}-${index}`
    const parts = Array.from({ length: calls }, (_, index) => ({
      kind: 'toolCall' as const,
      callId: callId(index),
      name: 'read',
      input: { file_path: `${index}` },
    }))
    const message: Message = {
      role: 'assistant',
      id,
      at: 0,
      parts: [{ kind: 'text', text }, ...parts],
      stopReason: calls > 0 ? 'tool-calls' : 'end',
      from: { provider: 'p', model: 'm' },
    }
    this.append({ type: 'message.appended', turnId: 't', message })
    for (const index of finish)
      this.append({
        type: 'toolCall.finished',
        turnId: 't',
        callId: callId(index),
        outcome: 'ok',
        messageId: `${callId(index)}-result`,
        parts: [{ kind: 'text', text: `result ${callId(index)}` }],
      })
  }

  /** What a context manager gets, with a model that answers `reply`. */
  input(reply: Partial<ModelReply['message']> | string, more: Partial<ContextInput> = {}) {
    const requests: ModelRequest[] = []
    const info = { window: 100_000, maxOutput: 4000, capabilities: {} }
    const provider = {
      name: 'p',
      accepts: () => true,
      info: () => ({ ...info, model: 'm' }),
      async *stream() {},
    }
    const usage = { inputTokens: 10, outputTokens: 5 }
    const given = typeof reply === 'string' ? { parts: [{ kind: 'text' as const, text: reply }] } : reply
    const input: ContextInput = {
      state: this.state,
      turnId: undefined,
      model: { id: 'models/m', role: 'default', provider, model: 'm', info },
      limits: info,
      tools: [],
      estimatedTokens: 5000,
      callModel: async (request) => {
        requests.push(request)
        const message = {
          role: 'assistant' as const,
          id: 'r',
          at: 0,
          parts: [],
          stopReason: 'end' as const,
          from: { provider: 'p', model: 'm' },
        }
        return { message: { ...message, ...given }, usage, metadata: [], warnings: [] }
      },
      beforeCompaction: async () => ({}),
      ...more,
    }
    return { input, requests }
  }

  #id(): string {
    return `id${this.state.head + 1}`
  }
}
