import type {
  CompactionResult,
  ContextInput,
  ContextManager,
  ModelInfo,
  ModelReply,
  ModelRequest,
  Obligation,
} from '@halter/core'
import { messageTokens, TokenEstimate } from '@halter/core/testing'
import {
  EVENT_VERSIONS,
  NO_USAGE,
  SessionFold,
  type CompactionOutcome,
  type ContextPlan,
  type Json,
  type Message,
  type PendingEvent,
  type PluginReducers,
  type UserMessage,
} from '@halter/protocol'

/** What a played session is made from. Everything has a default. */
export interface PlayOptions {
  /** Of the model. Default: a window of 8,000 and replies of 1,000 tokens. */
  readonly info?: Partial<ModelInfo>
  /** How the manager's plugin folds its notes, by the plugin's name. */
  readonly reducers?: PluginReducers
  /** What the model writes when it is asked for a summary. Default: one short sentence that keeps nothing. */
  readonly summarise?: (request: ModelRequest) => string | Partial<ModelReply['message']>
  /** Input tokens that the provider reports for a request of this size; undefined: it reports nothing. Default: that size. */
  readonly report?: (tokens: number) => number | undefined
  /** What the plugins have to keep. */
  readonly obligations?: () => readonly Obligation[]
  /** Changes to what the manager gets. */
  readonly change?: (input: ContextInput) => ContextInput
}

/** A call of a played reply, and what its tool returned. */
export interface PlayedCall {
  readonly name?: string
  readonly input?: Json
  readonly output?: string
  readonly isError?: boolean
}

const INFO: ModelInfo = { window: 8000, maxOutput: 1000, capabilities: {} }
/** What a prompt costs besides its messages. Tokens. */
const BESIDES = 200
/** Compactions that one step may record, as in the runtime. */
const MAX_COMPACTIONS = 2

/**
 * A session as its log makes it, without a runtime: what is said becomes events, and a step asks a context manager what the runtime
 * would ask, in the same order. Nothing in it takes time or chance.
 */
export class PlayedSession {
  readonly state: SessionFold
  /** What the model was asked for summaries. */
  readonly requests: ModelRequest[] = []
  /** Compactions that were recorded. */
  readonly compactions: CompactionOutcome[] = []
  /** How often hooks were asked. */
  hookCalls = 0
  /** Id of what a person said last. */
  newestPrompt: string | undefined
  readonly #options: PlayOptions
  readonly #estimate = new TokenEstimate()
  /** Tokens of the plan that the next reply answers; undefined: nobody asked for one, and all was shown. */
  #planned: number | undefined

  constructor(options: PlayOptions = {}) {
    this.#options = options
    this.state = new SessionFold(options.reducers)
    const blueprint = { sessionId: 's', depth: 0, model: 'm', workingDir: '/', limits: {}, metadata: {} }
    this.append({ type: 'session.started', blueprint })
  }

  /** Stores an event. */
  append(event: PendingEvent): void {
    const seq = this.state.head + 1
    const envelope = { sessionId: 's', seq, at: seq, v: EVENT_VERSIONS[event.type] }
    this.state.apply({ ...envelope, ...event })
  }

  /** A prompt, or what `origin` put in. Gives its id. */
  say(text: string, origin?: NonNullable<UserMessage['origin']>): string {
    const id = this.#id()
    if (origin === undefined || origin === 'steer') this.newestPrompt = id
    const parts = [{ kind: 'text' as const, text }]
    const message = { role: 'user' as const, id, at: 0, parts, ...(origin && { origin }) }
    this.append({ type: 'message.appended', turnId: 't', message })
    return id
  }

  /** A reply to the newest plan, its usage, and the results of its calls, which are stored in the order that `finish` names. */
  reply(
    text: string,
    calls: readonly PlayedCall[] = [],
    finish: readonly number[] = calls.map((_, index) => index),
  ): void {
    const id = this.#id()
    const callId = (index: number): string => `${id}-${index}`
    const parts = calls.map(({ name = 'read', input = {} }, index) => ({
      kind: 'toolCall' as const,
      callId: callId(index),
      name,
      input,
    }))
    const message: Message = {
      role: 'assistant',
      id,
      at: 0,
      parts: text === '' ? parts : [{ kind: 'text', text }, ...parts],
      stopReason: calls.length > 0 ? 'tool-calls' : 'end',
      from: { provider: 'p', model: 'm' },
    }
    const planned = this.#planned ?? sizeOf({ messages: this.state.transcript, segments: [] })
    this.#planned = undefined
    this.append({ type: 'message.appended', turnId: 't', message })
    this.#recordUsage(planned, messageTokens(message))
    for (const index of finish) {
      const { output = 'done', isError = false } = calls[index]!
      this.append({
        type: 'toolCall.finished',
        turnId: 't',
        callId: callId(index),
        outcome: isError ? 'error' : 'ok',
        messageId: `${callId(index)}-result`,
        parts: output === '' ? [] : [{ kind: 'text', text: output }],
      })
    }
  }

  /** What the manager shows next. Compactions are recorded, and it is asked again, as in the runtime. */
  async step(
    manager: ContextManager,
    {
      overflow = false,
      signal = NEVER_ABORTED,
    }: { readonly overflow?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<ContextPlan> {
    for (let count = 0; ; count++) {
      const plan = await manager.plan(this.input(overflow && count === 0 ? { overflow } : {}), signal)
      if (!plan.compaction || count === MAX_COMPACTIONS) {
        this.#planned = sizeOf(plan)
        return plan
      }
      this.#applyCompaction(plan.compaction)
    }
  }

  /** A compaction by hand, recorded when there was one. */
  async compact(manager: ContextManager, instructions?: string): Promise<CompactionResult | undefined> {
    const request = { trigger: 'manual' as const, ...(instructions !== undefined && { instructions }) }
    const result = await manager.compactNow(request, this.input(), NEVER_ABORTED)
    if (result) this.#applyCompaction(result.outcome)
    return result
  }

  /** What the manager gets to work with. */
  input(more: Partial<ContextInput> = {}): ContextInput {
    const { state } = this
    const info = { ...INFO, ...this.#options.info }
    const provider = {
      name: 'p',
      accepts: () => true,
      info: () => ({ ...info, model: 'm' }),
      async *stream() {},
    }
    const size = this.#estimate.size(state, [])
    const input: ContextInput = {
      state,
      turnId: undefined,
      model: { id: 'models/m', role: 'default', provider, model: 'm', info },
      limits: info,
      tools: [],
      estimatedTokens: size.tokens,
      estimatedFrom: size.estimatedFrom,
      tokensOf: (piece) =>
        typeof piece === 'string' ? Math.floor((piece.length * 10) / 37) : messageTokens(piece),
      obligations: () => this.#options.obligations?.() ?? [],
      callModel: async (request) => this.#answer(request),
      beforeCompaction: async () => {
        this.hookCalls += 1
        return {}
      },
      note: async (plugin, name, data) => this.append({ type: 'plugin.noted', plugin, name, data }),
      ...more,
    }
    return this.#options.change?.(input) ?? input
  }

  #applyCompaction(outcome: CompactionOutcome): void {
    this.compactions.push(outcome)
    this.append({ type: 'compaction.applied', ...outcome })
    this.#estimate.compacted(this.state, outcome.tokensAfter)
  }

  #recordUsage(planned: number, outputTokens: number): void {
    const { report = (tokens: number) => tokens } = this.#options
    const reported = report(planned)
    const usage = reported === undefined ? NO_USAGE : { inputTokens: Math.round(reported), outputTokens }
    this.append({ type: 'usage.recorded', turnId: 't', purpose: 'turn', model: 'm', usage })
  }

  #answer(request: ModelRequest): ModelReply {
    this.requests.push(request)
    const { summarise = () => 'They spoke.' } = this.#options
    const given = summarise(request)
    const message: ModelReply['message'] = {
      role: 'assistant',
      id: 'r',
      at: 0,
      parts: [],
      stopReason: 'end',
      from: { provider: 'p', model: 'm' },
      ...(typeof given === 'string' ? { parts: [{ kind: 'text', text: given }] } : given),
    }
    return { message, usage: { inputTokens: 10, outputTokens: 5 }, metadata: [], warnings: [] }
  }

  #id(): string {
    return `id${this.state.head + 1}`
  }
}

/** A signal that is never aborted. */
export const NEVER_ABORTED: AbortSignal = new AbortController().signal

/** What a plan's request takes, by halter's rule of thumb: its messages, what stands beside them, and a prompt. */
export function sizeOf({ messages, segments }: Pick<ContextPlan, 'messages' | 'segments'>): number {
  let tokens = BESIDES
  for (const message of messages) tokens += messageTokens(message)
  for (const { text } of segments) tokens += Math.floor((text.length * 10) / 37)
  return tokens
}

/** Everything that a plan says, as one text: for asking whether something is in it. */
export function textOfPlan({ messages, segments }: Pick<ContextPlan, 'messages' | 'segments'>): string {
  const said = [...messages].map((message) => JSON.stringify(message.parts))
  return [...said, ...segments.map(({ text }) => JSON.stringify(text))].join('\n')
}
