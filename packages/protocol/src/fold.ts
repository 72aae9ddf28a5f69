import type { OpenCall, PluginState, SessionState, ChildRecord, InjectedSegment, OpenTurn } from './state.ts'
import { EVENT_VERSIONS, type StoredEvent, type StoredEventType } from './events.ts'
import type { SessionId, ToolCallId } from './ids.ts'
import { toolCallsOf, type Json, type Message, type ToolMessage } from './messages.ts'
import type { SeqRange } from './plan.ts'
import { titleOf } from './summary.ts'
import { transcript, type Transcript } from './transcript.ts'
import { addUsage, contextTokens, NO_USAGE, type Usage } from './usage.ts'

/** How one plugin's state folds from its `plugin.noted` events. Pure: same state and note, same result. */
export interface PluginReducer {
  readonly version: number
  readonly initial: Json
  reduce(state: Json, note: { readonly name: string; readonly data: Json }): Json
  /** Brings a value that an older `version` folded up to this one. */
  migrate?(value: Json, fromVersion: number): Json
}

/** Reducers by plugin name; notes of a plugin that is not here leave its state untouched. */
export type PluginReducers = ReadonlyMap<string, PluginReducer>

const NO_REDUCERS: PluginReducers = new Map()

/** The state that `events` lead to. Pure: the same events give the same state, and nothing else is read. */
export function fold(events: Iterable<StoredEvent>, reducers: PluginReducers = NO_REDUCERS): SessionState {
  const state = new SessionFold(reducers)
  for (const event of events) state.apply(event)
  return state
}

/**
 * The fold of a log, extended one event at a time in constant time: nothing of what came before is copied or read again.
 * The one place where session state changes. Whoever holds it as {@link SessionState} only reads.
 */
export class SessionFold implements SessionState {
  head = 0
  blueprint!: SessionState['blueprint']
  turn: OpenTurn | undefined
  lastTurn: SessionState['lastTurn']
  turns = 0
  injected: readonly InjectedSegment[] = []
  usage: SessionState['usage'] = { total: NO_USAGE, byPurpose: {}, children: NO_USAGE, inherited: NO_USAGE }
  anchor: SessionState['anchor']
  compactions = 0
  title: string | undefined
  metadata: Readonly<Record<string, string>> = {}
  createdAt = 0
  updatedAt = 0
  readOnly: SessionState['readOnly']

  readonly openCalls = new Map<ToolCallId, OpenCall>()
  readonly approvals = new Map<ToolCallId, StoredEvent<'approval.requested'>>()
  readonly grants = new Set<string>()
  readonly children = new Map<SessionId, ChildRecord>()
  readonly plugins = new Map<string, PluginState>()

  readonly #reducers: PluginReducers
  /** Only grows between compactions, so that a transcript taken earlier stays what it was. */
  #messages: Message[] = []
  #seqs: number[] = []
  #closed = false

  constructor(reducers: PluginReducers = NO_REDUCERS) {
    this.#reducers = reducers
  }

  get sessionId(): SessionId {
    return this.blueprint.sessionId
  }

  get status(): SessionState['status'] {
    if (this.turn) return 'interrupted' // whoever runs the turn knows better: `running` is a live process's claim
    return this.#closed ? 'closed' : 'idle'
  }

  get transcript(): Transcript {
    return transcript(this.#messages)
  }

  /** Length of the transcript, without making one. */
  get messageCount(): number {
    return this.#messages.length
  }

  /** `seq` of the event that stored each message of the transcript, in its order. */
  get seqs(): readonly number[] {
    return this.#seqs
  }

  /** Takes the next event of the log into the state. Events must come in `seq` order, each once. */
  apply(event: StoredEvent): void {
    this.head = event.seq
    this.updatedAt = event.at
    const change = changes.get(event.type)
    if (!change || event.v > EVENT_VERSIONS[event.type]) {
      this.readOnly ??= { type: event.type, v: event.v, seq: event.seq }
      return
    }
    change(this, event)
  }

  /** For the table below. @internal */
  push(message: Message, seq: number): void {
    this.#messages.push(message)
    this.#seqs.push(seq)
  }

  /** For the table below. @internal */
  setClosed(closed: boolean): void {
    this.#closed = closed
  }

  /** For the table below. @internal */
  note(plugin: string, note: { readonly name: string; readonly data: Json }): void {
    const reducer = this.#reducers.get(plugin)
    if (!reducer) return
    const before = this.plugins.get(plugin) ?? { version: reducer.version, value: reducer.initial }
    if (before.frozen !== undefined) return
    try {
      const value =
        before.version < reducer.version && reducer.migrate
          ? reducer.migrate(before.value, before.version)
          : before.value
      this.plugins.set(plugin, { version: reducer.version, value: reducer.reduce(value, note) })
    } catch (error) {
      this.plugins.set(plugin, { ...before, frozen: error instanceof Error ? error.message : String(error) })
    }
  }

  /** For the table below: a new list, so that transcripts taken before keep the old one. @internal */
  compact(dropped: readonly SeqRange[], summary: Message | undefined, seq: number): void {
    const messages: Message[] = []
    const seqs: number[] = []
    let isPlaced = summary === undefined
    for (const [index, message] of this.#messages.entries()) {
      const at = this.#seqs[index]!
      if (dropped.some((range) => at >= range.from && at <= range.to)) continue
      if (!isPlaced && at > dropped[0]!.from) {
        messages.push(summary!)
        seqs.push(seq)
        isPlaced = true
      }
      messages.push(message)
      seqs.push(at)
    }
    if (!isPlaced) {
      messages.push(summary!)
      seqs.push(seq)
    }
    this.#messages = messages
    this.#seqs = seqs
    this.anchor = undefined
  }
}

type Change<T extends StoredEventType> = (state: SessionFold, event: StoredEvent<T>) => void

const nothing = (): void => {}

/** What each event changes. Total over the types: a new one does not compile until it has its row. */
const table: { readonly [K in StoredEventType]: Change<K> } = {
  'session.started': (state, { blueprint, at }) => {
    state.blueprint = blueprint
    state.title = blueprint.title
    state.metadata = blueprint.metadata
    state.createdAt = at
  },
  'session.resumed': (state) => state.setClosed(false),
  'session.forked': (state, event) => {
    state.blueprint = { ...state.blueprint, sessionId: event.sessionId }
    state.createdAt = event.at
    state.children.clear()
    state.usage = { total: NO_USAGE, byPurpose: {}, children: NO_USAGE, inherited: event.inheritedUsage }
    state.setClosed(false)
  },
  'session.updated': (state, event) => {
    const { title, metadata, model, models, effort, workingDir, limits } = event
    if (title !== undefined) state.title = title
    if (metadata !== undefined) state.metadata = metadata
    state.blueprint = {
      ...state.blueprint,
      ...(model !== undefined && { model }),
      ...(models !== undefined && { models }),
      ...(effort !== undefined && { effort }),
      ...(workingDir !== undefined && { workingDir }),
      ...(limits !== undefined && { limits }),
    }
  },
  'session.closed': (state) => state.setClosed(true),
  'turn.started': (state, { turnId, seq, at, input }) => {
    state.turns += 1
    state.title ??= titleOf(input) || undefined
    state.turn = { turnId, startedSeq: seq, startedAt: at, steps: 0, usage: NO_USAGE, hasPrompt: false }
  },
  'prompt.refused': nothing,
  'message.appended': (state, { message, seq }) => {
    state.push(message, seq)
    if (message.role === 'user' && state.turn && !state.turn.hasPrompt)
      state.turn = { ...state.turn, hasPrompt: true }
    if (message.role !== 'assistant') return
    for (const call of toolCallsOf(message)) state.openCalls.set(call.callId, { call, messageId: message.id })
  },
  'toolCall.started': (state, { callId, input }) => {
    const open = state.openCalls.get(callId)
    if (open) state.openCalls.set(callId, { ...open, startedInput: input })
  },
  'toolCall.finished': (state, event) => {
    const open = state.openCalls.get(event.callId)
    if (!open) return
    state.approvals.delete(event.callId)
    state.openCalls.set(event.callId, { ...open, answer: toolMessage(event, open.call.name) })
    for (const [callId, { answer }] of state.openCalls) {
      if (!answer) break
      state.push(answer, event.seq)
      state.openCalls.delete(callId)
    }
  },
  'approval.requested': (state, event) => {
    state.approvals.set(event.callId, event)
  },
  'approval.resolved': (state, { callId, answer, scope }) => {
    state.approvals.delete(callId)
    if (answer === 'session' || answer === 'always') state.grants.add(scope)
  },
  'hook.ran': nothing,
  'context.injected': (state, { id, text, scope, plugin }) => {
    state.injected = [...state.injected, { id, text, scope, plugin, stability: 'turn' }]
  },
  'compaction.applied': (state, event) => {
    state.compactions += 1
    if (event.usage) spend(state, 'compaction', event.usage)
    state.compact(event.droppedSeqs, summaryMessage(event), event.seq)
  },
  'model.metadata': nothing,
  'usage.recorded': (state, { purpose, usage }) => {
    spend(state, purpose, usage)
    if (purpose === 'turn') state.anchor = { messages: state.messageCount, tokens: contextTokens(usage) }
    if (state.turn)
      state.turn = {
        ...state.turn,
        steps: purpose === 'turn' ? state.turn.steps + 1 : state.turn.steps,
        usage: addUsage(state.turn.usage, usage),
      }
  },
  'notification.raised': nothing,
  'subagent.spawned': (state, { childId, agent, task }) => {
    state.children.set(childId, { childId, task, ...(agent !== undefined && { agent }) })
  },
  'subagent.settled': (state, { childId, outcome, usage }) => {
    const child = state.children.get(childId)
    if (child) state.children.set(childId, { ...child, outcome })
    if (usage) state.usage = { ...state.usage, children: addUsage(state.usage.children, usage) }
  },
  'plugin.noted': (state, { plugin, name, data }) => state.note(plugin, { name, data }),
  'cache.broken': nothing,
  'warning.raised': nothing,
  'turn.completed': (state, { turnId, reason }) => endTurn(state, { turnId, status: 'completed', reason }),
  'turn.failed': (state, { turnId, reason }) => endTurn(state, { turnId, status: 'failed', reason }),
}

/** A map, not the table itself: an event named `constructor` must find nothing. */
const changes = new Map(Object.entries(table)) as ReadonlyMap<string, Change<StoredEventType>>

function endTurn(state: SessionFold, lastTurn: NonNullable<SessionState['lastTurn']>): void {
  state.turn = undefined
  state.lastTurn = lastTurn
  if (state.injected.length > 0) state.injected = state.injected.filter(({ scope }) => scope === 'session')
}

function spend(state: SessionFold, purpose: string, usage: Usage): void {
  const { total, byPurpose, children, inherited } = state.usage
  state.usage = {
    total: addUsage(total, usage),
    byPurpose: { ...byPurpose, [purpose]: addUsage(byPurpose[purpose] ?? NO_USAGE, usage) },
    children,
    inherited,
  }
}

function toolMessage(event: StoredEvent<'toolCall.finished'>, name: string): ToolMessage {
  const { messageId: id, at, callId, parts, outcome } = event
  return { role: 'tool', id, at, callId, name, parts, isError: outcome !== 'ok' }
}

function summaryMessage(event: StoredEvent<'compaction.applied'>): Message | undefined {
  const { summary, native, seq, at } = event
  if (!native && summary === '') return undefined
  const part = native
    ? { kind: 'native' as const, ...native, fallbackText: summary }
    : { kind: 'text' as const, text: summary }
  return { role: 'user', id: `compaction-${seq}`, at, parts: [part], origin: 'compaction' }
}
