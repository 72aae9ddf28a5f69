import type { SessionBlueprint } from './blueprint.ts'
import { canRestore, checkpointOf, restoreInto, type Checkpoint, type FoldParts } from './checkpoint.ts'
import { EVENT_VERSIONS, type StoredEvent, type StoredEventType } from './events.ts'
import type { SessionId, ToolCallId } from './ids.ts'
import { Injections } from './injections.ts'
import { Ledger } from './ledger.ts'
import { toolCallsOf, type Json, type Message, type ToolMessage } from './messages.ts'
import type {
  ChildRecord,
  LastTurn,
  OpenCall,
  OpenTurn,
  PluginCall,
  PluginState,
  SessionState,
} from './state.ts'
import type { SeqRange } from './plan.ts'
import { titleOf } from './summary.ts'
import type { Transcript } from './transcript.ts'
import { addUsage, contextTokens, NO_USAGE } from './usage.ts'
import { MessageWindow } from './window.ts'

/** How one plugin's state folds from its `plugin.noted` events. Pure: same state and note, same result. */
export interface PluginReducer {
  readonly version: number
  readonly initial: Json
  reduce(state: Json, note: { readonly name: string; readonly data: Json }): Json
  /** Brings a value that an older `version` folded up to this one. Absent: the notes are folded again from the first. */
  migrate?(value: Json, fromVersion: number): Json
}

/** Reducers by plugin name; notes of a plugin that is not here leave its state untouched. */
export type PluginReducers = Pick<ReadonlyMap<string, PluginReducer>, 'get' | 'has'>

const NO_REDUCERS: PluginReducers = new Map()

/** What a state without events is made from. */
const NO_BLUEPRINT: SessionBlueprint = Object.freeze({
  sessionId: '',
  depth: 0,
  model: '',
  workingDir: '',
  limits: Object.freeze({}),
  metadata: Object.freeze({}),
})

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
  sessionId: SessionId = ''
  head = 0
  blueprint = NO_BLUEPRINT
  turn: OpenTurn | undefined
  lastTurn: SessionState['lastTurn']
  turns = 0
  anchor: SessionState['anchor']
  compactions = 0
  title: string | undefined
  metadata: SessionState['metadata'] = NO_BLUEPRINT.metadata
  createdAt = 0
  updatedAt = 0
  readOnly: SessionState['readOnly']
  /** Whether the session was shut down and not resumed since. */
  isClosed = false

  readonly openCalls = new Map<ToolCallId, OpenCall>()
  readonly pluginCalls = new Map<ToolCallId, PluginCall>()
  readonly approvals = new Map<ToolCallId, StoredEvent<'approval.requested'>>()
  readonly grants = new Set<string>()
  readonly children = new Map<SessionId, ChildRecord>()
  readonly plugins = new Map<string, PluginState>()

  readonly #own: FoldParts

  constructor(reducers: PluginReducers = NO_REDUCERS) {
    this.#own = {
      reducers,
      unreduced: new Set(),
      window: new MessageWindow(),
      ledger: new Ledger(),
      injections: new Injections(),
    }
  }

  get status(): SessionState['status'] {
    if (this.turn) return 'interrupted' // whoever runs the turn knows better: `running` is a live process's claim
    return this.isClosed ? 'closed' : 'idle'
  }

  get transcript(): Transcript {
    return this.#own.window.transcript
  }

  get seqs(): readonly number[] {
    return this.#own.window.seqs
  }

  get injected(): SessionState['injected'] {
    return this.#own.injections.view
  }

  get usage(): SessionState['usage'] {
    return this.#own.ledger.view
  }

  /** Length of the transcript, without making one. */
  get messageCount(): number {
    return this.#own.window.length
  }

  /** The shortcut that leads here; undefined while calls are open or the log is newer than this code. */
  checkpoint(): Checkpoint | undefined {
    return checkpointOf(this, this.#own)
  }

  /**
   * The state of a checkpoint; `read` gives the events of a stretch of the log. Undefined when it is of another version, when
   * the log does not hold the messages that it counted, or when a plugin's reducer came or changed since and would make something
   * else of the notes before it: fold from the start then.
   * @throws TypeError for a checkpoint that is damaged: fold from the start then, too.
   */
  static async restore(
    checkpoint: Checkpoint,
    read: (range: SeqRange) => AsyncIterable<StoredEvent>,
    reducers: PluginReducers = NO_REDUCERS,
  ): Promise<SessionFold | undefined> {
    if (!canRestore(checkpoint, reducers)) return undefined
    const state = new SessionFold(reducers)
    const { window } = state.#own
    for (const range of checkpoint.messages)
      for await (const event of read(range)) {
        // A summary is a stretch of its own; inside another one, its event only says what was cut out elsewhere.
        const isSummary = event.type === 'compaction.applied' && range.from === range.to
        if (isSummary) window.push(summaryMessage(event)!, event.seq)
        if (event.type === 'message.appended' || event.type === 'toolCall.finished') state.apply(event)
      }
    if (window.length !== checkpoint.messageCount || state.openCalls.size > 0) return undefined
    restoreInto(state, checkpoint, state.#own)
    return state
  }

  /** Names of the plugins that have left notes. */
  get noters(): readonly string[] {
    return [...this.plugins.keys(), ...this.#own.unreduced]
  }

  /**
   * Folds the notes of all plugins again, from the first one: for reducers that came, went or changed since. `read` gives the events of a
   * stretch of the log. Events may be applied meanwhile.
   */
  async refoldPlugins(read: (range: SeqRange) => AsyncIterable<StoredEvent>): Promise<void> {
    const again = new SessionFold(this.#own.reducers)
    for (let at = 0; at < this.head;) {
      const to = this.head
      for await (const event of read({ from: at + 1, to }))
        if (event.type === 'plugin.noted') note(again, event, again.#own)
      at = to
    }
    this.plugins.clear()
    this.#own.unreduced.clear()
    for (const [plugin, state] of again.plugins) this.plugins.set(plugin, state)
    for (const plugin of again.#own.unreduced) this.#own.unreduced.add(plugin)
  }

  /**
   * Takes the next event of the log into the state. Events must come in `seq` order, each once. An event that this code does
   * not know in exactly this version changes nothing but `head`, `updatedAt` and `readOnly`.
   */
  apply(event: StoredEvent): void {
    this.sessionId = event.sessionId
    this.head = event.seq
    this.updatedAt = event.at
    const change = changes.get(event.type)
    if (change && event.v === EVENT_VERSIONS[event.type]) change(this, event, this.#own)
    else this.readOnly ??= { type: event.type, v: event.v, seq: event.seq }
  }
}

type Change<T extends StoredEventType> = (state: SessionFold, event: StoredEvent<T>, own: FoldParts) => void

const nothing = (): void => {}

/** What each event changes. Total over the types: a new one does not compile until it has its row. */
const table: { readonly [K in StoredEventType]: Change<K> } = {
  'session.started': (state, { blueprint, at }) => {
    state.blueprint = blueprint
    state.title = blueprint.title || undefined
    state.metadata = blueprint.metadata
    state.createdAt = at
  },
  'session.resumed': (state) => {
    state.isClosed = false
  },
  'session.forked': (state, event, { ledger }) => {
    const { parentId: _, ...blueprint } = state.blueprint // nobody spawned it
    state.blueprint = { ...blueprint, sessionId: event.sessionId, depth: 0 }
    state.createdAt = event.at
    state.children.clear()
    ledger.inherit(event.inheritedUsage)
    state.isClosed = false
  },
  'session.updated': (state, event) => {
    const { title, metadata, model, models, effort, workingDir, limits } = event
    if (title !== undefined) state.title = title || undefined
    if (metadata !== undefined) state.metadata = metadata
    state.blueprint = {
      ...state.blueprint,
      ...(title !== undefined && { title }),
      ...(metadata !== undefined && { metadata }),
      ...(model !== undefined && { model }),
      ...(models !== undefined && { models }),
      ...(effort !== undefined && { effort }),
      ...(workingDir !== undefined && { workingDir }),
      ...(limits !== undefined && { limits }),
    }
  },
  'session.closed': (state) => {
    state.isClosed = true
  },
  'turn.started': (state, { turnId, seq, at, input }) => {
    state.turns += 1
    state.title ??= titleOf(input) || undefined
    state.turn = { turnId, startedSeq: seq, startedAt: at, steps: 0, usage: NO_USAGE, hasPrompt: false }
  },
  'prompt.refused': nothing,
  'message.appended': (state, { message, seq }, { window }) => {
    window.push(message, seq)
    if (message.role === 'user' && state.turn && !state.turn.hasPrompt)
      state.turn = { ...state.turn, hasPrompt: true }
    if (message.role !== 'assistant') return
    for (const call of toolCallsOf(message))
      if (!state.openCalls.has(call.callId)) state.openCalls.set(call.callId, { call, messageId: message.id })
  },
  'toolCall.started': (state, { callId, name, input, by }) => {
    if (by !== undefined) {
      state.pluginCalls.set(callId, { callId, plugin: by, name, input })
      return
    }
    const open = state.openCalls.get(callId)
    if (open) state.openCalls.set(callId, { ...open, startedInput: input })
  },
  'toolCall.finished': (state, event, { window }) => {
    state.approvals.delete(event.callId)
    if (event.by !== undefined) {
      state.pluginCalls.delete(event.callId)
      return
    }
    const open = state.openCalls.get(event.callId)
    if (!open || open.answer) return
    const answer = toolMessage(event, open.call.name)
    state.openCalls.set(event.callId, { ...open, answer, answerSeq: event.seq })
    for (const [callId, call] of state.openCalls) {
      if (!call.answer) break
      window.push(call.answer, call.answerSeq!)
      state.openCalls.delete(callId)
    }
  },
  'approval.requested': (state, event) => {
    state.approvals.set(event.callId, event)
    const open = event.by === undefined ? state.openCalls.get(event.callId) : undefined
    if (open) state.openCalls.set(event.callId, { ...open, approval: { question: event } })
  },
  'approval.resolved': (state, event) => {
    const { callId, answer, scope } = event
    const open = state.openCalls.get(callId)
    const isOwn = open?.approval !== undefined && state.approvals.get(callId)?.by === undefined
    if (isOwn) state.openCalls.set(callId, { ...open, approval: { ...open.approval, answer: event } })
    state.approvals.delete(callId)
    if (answer === 'session' || answer === 'always') state.grants.add(scope)
  },
  'hook.ran': nothing,
  'context.injected': (_, { id, text, scope, plugin, seq }, { injections }) => {
    injections.add({ id, text, scope, plugin, stability: 'turn' }, seq)
  },
  'compaction.applied': (state, event, { window }) => {
    const [open] = state.openCalls.values()
    state.compactions += 1
    state.anchor = undefined
    window.cut({
      dropped: event.droppedSeqs,
      summary: summaryMessage(event),
      seq: event.seq,
      openReply: open?.messageId,
    })
  },
  'model.metadata': nothing,
  'usage.recorded': (state, { turnId, purpose, usage }, { ledger }) => {
    ledger.spend(purpose, usage)
    // A call that failed, or was cut off, says nothing of how large the context is.
    const isWhole = purpose === 'turn' && isWholeReply(state.transcript.at(-1))
    if (isWhole) state.anchor = { messages: state.messageCount, tokens: contextTokens(usage) }
    if (state.turn && (turnId === undefined || turnId === state.turn.turnId))
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
  'subagent.settled': (state, { childId, outcome, usage }, { ledger }) => {
    const child = state.children.get(childId)
    if (child) state.children.set(childId, { ...child, outcome })
    if (usage) ledger.settle(usage)
  },
  'plugin.noted': note,
  'cache.broken': nothing,
  'warning.raised': nothing,
  'turn.completed': (state, { turnId, reason }, own) => {
    endTurn(state, { turnId, status: 'completed', reason }, own)
  },
  'turn.failed': (state, { turnId, reason }, own) => {
    endTurn(state, { turnId, status: 'failed', reason }, own)
  },
}

/** A map, not the table itself: an event named `constructor` must find nothing. */
const changes = new Map(Object.entries(table)) as ReadonlyMap<string, Change<StoredEventType>>

function endTurn(state: SessionFold, lastTurn: LastTurn, { injections }: FoldParts): void {
  state.turn = undefined
  state.lastTurn = lastTurn
  injections.endTurn()
  state.pluginCalls.clear()
  for (const [callId, { turnId }] of state.approvals)
    if (turnId === lastTurn.turnId) state.approvals.delete(callId)
}

function note(
  state: SessionFold,
  event: StoredEvent<'plugin.noted'>,
  { reducers, unreduced }: FoldParts,
): void {
  const { plugin, name, data } = event
  const reducer = reducers.get(plugin)
  // One whose reducer came later waits for `refoldPlugins`: what it folds must begin with the first note.
  if (!reducer || unreduced.has(plugin)) {
    unreduced.add(plugin)
    return
  }
  const before = state.plugins.get(plugin) ?? { version: reducer.version, value: copyOf(reducer.initial) }
  if (before.frozen !== undefined) return
  try {
    const value = reducer.reduce(before.value, { name, data })
    state.plugins.set(plugin, { version: reducer.version, value })
  } catch (error) {
    state.plugins.set(plugin, { ...before, frozen: error instanceof Error ? error.message : String(error) })
  }
}

function isWholeReply(message: Message | undefined): boolean {
  return message?.role === 'assistant' && message.stopReason !== 'interrupted'
}

/** A reducer that changes `initial` in place must not change it for every other session. */
function copyOf(value: Json): Json {
  return JSON.parse(JSON.stringify(value)) as Json
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
