import type {
  ApprovalAnswer,
  Delta,
  ErrorWire,
  Message,
  ReasoningEffort,
  SessionBlueprint,
  SessionEvent,
  SessionId,
  SessionState,
  SessionSummary,
  SessionUpdate,
  StoredEvent,
  ToolCallId,
  TurnCompletion,
  TurnFailure,
  TurnId,
  Usage,
  UserPart,
  UsageLedger,
  WholePart,
  Limits,
} from '@halter/protocol'
import type { Plugin } from '../define-plugin.ts'
import type { ApprovalReply, ApprovalRequest } from './approvals.ts'
import type { CompactionResult } from './context-manager.ts'
import type { HookName, Tap } from './hooks.ts'
import type { PromptInspection } from './inspection.ts'
import type { ResourceSnapshot } from './resources.ts'
import type { JsonSchema, Schema } from './schema.ts'
import type { SessionPage, SessionQuery } from './session-store.ts'
import type { SubagentControl } from './subagents.ts'
import type { Tool } from './tool.ts'

/** What a prompt may be: text, or parts for media. */
export type TurnInput = string | readonly WholePart<UserPart>[]

/** Taps for one session, not stored: they go with its last holder. */
export type SessionHooks = { readonly [H in HookName]?: Tap<H> | readonly Tap<H>[] }

/**
 * Whom to ask about this session's tool calls; `'wait'` leaves the question open until `approvals.resolve`, here or, once nobody holds
 * the session here any more, wherever it is resumed with `continue`.
 */
export type Approver =
  | 'wait'
  | ((
      request: ApprovalRequest,
      signal: AbortSignal,
    ) => Promise<ApprovalReply | ApprovalAnswer> | ApprovalReply | ApprovalAnswer)

/** What stays with a session as long as somebody holds it, and is never stored. */
export interface SessionAttachments {
  /** Tools beside those of the plugins; a name that is taken is `ERR_TOOL_DUPLICATE`. */
  readonly tools?: readonly Tool[]
  readonly hooks?: SessionHooks
  readonly approve?: Approver
}

/** What a new session is made from. Everything has a default. */
export interface SessionInit extends SessionAttachments {
  /** Default: a new UUID. */
  readonly sessionId?: SessionId
  /** Default: the runtime's `defaultModel`. */
  readonly model?: string
  readonly models?: SessionBlueprint['models']
  readonly effort?: ReasoningEffort
  readonly temperature?: number
  readonly maxOutputTokens?: number
  /** Default: the process' working directory. Made absolute. */
  readonly workingDir?: string
  /** Replaces the whole system prompt. */
  readonly systemPrompt?: string
  /** Trimmed; blank is ignored. */
  readonly appendSystemPrompt?: string
  /** The same cap as `limits.steps`: model calls per turn. */
  readonly maxTurns?: number
  readonly limits?: Limits
  readonly title?: string
  /** At most 16 pairs of strings. */
  readonly metadata?: Readonly<Record<string, string>>
}

/**
 * How a stored session comes back. What was attached to it is not stored: tools, hooks and approver are those given here. So a child that is
 * resumed without its parent is judged by the guards of plugins and by those given here, not by the session hooks that its parent had; the
 * tools it may use are stored.
 */
export interface ResumeOptions extends SessionAttachments {
  /**
   * What to do with a turn that a dead process left open. `close` (default) answers its calls and ends it as `crashed`; no
   * tool runs. `continue` goes on with it; tools run again only when their effects are `none` or `idempotent`, and a call that waited
   * for a yes waits for it again.
   */
  readonly interrupted?: 'close' | 'continue'
  /** Takes the session from another live holder. */
  readonly steal?: boolean
}

/** Settings of one turn; absent: the session's. */
export interface TurnOptions {
  /** Interrupts this turn when it is aborted; a queued one is taken out of the queue. */
  readonly signal?: AbortSignal
  /** When a turn is running: wait for it (default), refuse, or join it at its next safe point. */
  readonly whenBusy?: 'queue' | 'reject' | 'steer'
  readonly model?: string
  readonly effort?: ReasoningEffort
  readonly temperature?: number
  readonly maxOutputTokens?: number
  /** Names of the tools that may be used; an empty list is none. */
  readonly tools?: readonly string[]
  /** The reply must be JSON of this shape; `result.output` has it, checked. */
  readonly output?: { readonly schema: Schema; readonly jsonSchema?: JsonSchema }
  readonly limits?: Limits
}

/** What came of a turn. Failures are values: nothing is thrown. */
export interface TurnResult {
  readonly turnId: TurnId
  /** `rejected`: it never started. */
  readonly status: 'completed' | 'failed' | 'rejected'
  readonly reason: TurnCompletion | TurnFailure | 'busy' | 'closed'
  /** Text of the last assistant message. */
  readonly text: string
  /** What this turn added to the transcript. */
  readonly messages: readonly Message[]
  readonly usage: Usage
  readonly output?: unknown
  readonly error?: ErrorWire
}

/**
 * A submitted turn. Iterate it for its events, live ones included: unread ones are not kept in memory, a late reader gets the
 * stored ones from the log. Leaving the loop does not cancel the turn.
 */
export interface TurnHandle extends AsyncIterable<SessionEvent> {
  readonly turnId: TurnId
  readonly disposition: 'started' | 'queued' | 'steered' | 'rejected'
  /** Never rejects. */
  readonly result: Promise<TurnResult>
  /** The result of a completed turn. @throws HalterError with the turn's own code otherwise. */
  orThrow(): Promise<TurnResult>
  interrupt(reason?: string): void
}

/** Which events of a session to read. */
export interface EventsOptions {
  /** Stored events with a greater `seq`; default 0: all. */
  readonly after?: number
  /** Go on with what comes, deltas included. Default false: end at the newest stored event. */
  readonly live?: boolean
  readonly signal?: AbortSignal
  /** Live events kept for a slow reader; older ones are dropped and reported by `lagged`. Default 1,024. */
  readonly capacity?: number
  /** What happens to a reader that falls behind: it is told (default), or its iteration ends. */
  readonly onSlow?: 'lag' | 'close'
}

/** Open questions of a session. */
export interface SessionApprovals {
  list(): readonly StoredEvent<'approval.requested'>[]
  /**
   * Answers a question, also one that a dead process left open and that the continued turn has not come to yet. Resolves when the
   * answer is stored. @throws HalterError `ERR_SESSION_INPUT` when no call with this id waits.
   */
  resolve(callId: ToolCallId, answer: ApprovalAnswer, reason?: string): Promise<void>
}

/** One open session. One object per id and runtime: a second `resume` returns the same, with one more holder. */
export interface SessionHandle extends AsyncDisposable {
  readonly id: SessionId
  readonly blueprint: SessionBlueprint
  /** Kept up to date with every commit. */
  readonly state: SessionState
  readonly status: SessionState['status']
  readonly usage: UsageLedger
  readonly approvals: SessionApprovals
  /** Returns at once; everything that can go wrong is in the handle. */
  submitTurn(input: TurnInput, options?: TurnOptions): TurnHandle
  /** `submitTurn` with `whenBusy: 'steer'`. */
  steer(input: TurnInput): TurnHandle
  /** Ends the running turn, and with it its tools and children. Queued turns stay. Resolves when it has ended. */
  interrupt(reason?: string): Promise<void>
  /** Records a notification. */
  notify(kind: string, message: string): Promise<void>
  /** Compacts at the next step boundary. Undefined: there was nothing to compact, or a hook kept the context. */
  compact(options?: { readonly instructions?: string }): Promise<CompactionResult | undefined>
  /** Changes title, metadata, model and limits from now on. */
  update(change: SessionUpdate): Promise<void>
  /** Stored events from the log. */
  replay(range?: { readonly after?: number; readonly limit?: number }): AsyncIterable<StoredEvent>
  events(options?: EventsOptions): AsyncIterable<SessionEvent>
  /** A new session with the first `at` events of this one; default: all. It has no parent, also where this one has. */
  fork(options?: { readonly at?: number } & SessionAttachments): Promise<SessionHandle>
  /** The whole session as JSON Lines, descendants included. */
  export(): AsyncIterable<string>
  /** One more holder of the same session; its own `detach` counts. */
  clone(): SessionHandle
  /**
   * This holder is done. With the last one, the session's scope and hooks go; nothing is recorded. A turn that runs goes on to its
   * end, except one that waits for `approvals.resolve`: it is left open in the log, and its result here is `interrupted`.
   */
  detach(): Promise<void>
  /** Interrupts, runs `session.end`, records `session.closed`, detaches all holders. A later resume opens it again. */
  shutdown(reason?: string): Promise<void>
}

/** Another name of {@link SessionHandle}. */
export type HalterSession = SessionHandle

/** Reading side of the runtime's event bus. */
export interface RuntimeEvents {
  /** Events of all sessions from now on. */
  subscribe(options?: Omit<EventsOptions, 'after' | 'live'>): AsyncIterable<SessionEvent>
  /** Called for each event, at once; it must be quick and must not throw. Returns how to stop. */
  listen(listener: (event: StoredEvent | Delta) => void): () => void
  readonly droppedEvents: number
}

/** What came of a runtime's shutdown. */
export interface ShutdownReport {
  readonly turnsDrained: number
  readonly turnsAborted: number
  readonly timedOut: boolean
}

/** A running halter: plugins started, sessions in a store. Made by `createRuntime`. */
export interface SessionRuntime extends AsyncDisposable {
  /** @throws HalterError `ERR_SESSION_EXISTS`, `ERR_MODEL_UNKNOWN`, `ERR_SESSION_INPUT`. */
  newSession(init?: SessionInit): Promise<SessionHandle>
  /** Undefined when no session has this id. @throws HalterError `ERR_SESSION_LEASED`, `ERR_SESSION_DAMAGED`. */
  resume(id: SessionId, options?: ResumeOptions): Promise<SessionHandle | undefined>
  listSessions(query?: SessionQuery): Promise<SessionPage>
  /** The newest session of a folder without a parent, if there is one. */
  latestSession(workingDir: string): Promise<SessionSummary | undefined>
  /** Stored events of a session that need not be open. Takes no lease and records nothing. */
  replay(
    id: SessionId,
    range?: { readonly after?: number; readonly limit?: number },
  ): AsyncIterable<StoredEvent>
  /**
   * What the newest model call of a turn was shown, from the log; default: of the newest turn. Takes no lease, calls no model and
   * records nothing. @throws HalterError `ERR_SESSION_UNKNOWN`; `ERR_SESSION_INPUT` when there is no such turn.
   */
  inspectPrompt(id: SessionId, options?: { readonly turn?: number }): Promise<PromptInspection>
  /** Checks a stored session: rows, gaps, pairing, terminal events. Takes no lease and records nothing. */
  verify(id: SessionId): Promise<VerifyReport>
  /**
   * A new session with the first `at` events of another, open or not; default: all. A cut inside a turn is closed like a crash. It has no
   * parent, also where the other has, and the rights of the other.
   * @throws HalterError `ERR_SESSION_UNKNOWN`; `ERR_SESSION_INPUT` when there is no such event; `ERR_SESSION_DAMAGED` when one before it cannot be
   * read; `ERR_TOOL_DUPLICATE`, `ERR_HOOK_UNKNOWN`, `ERR_HOOK_INVALID` for attachments that cannot be.
   */
  forkSession(id: SessionId, options?: { readonly at?: number } & SessionAttachments): Promise<SessionHandle>
  /**
   * A fork of a damaged session at its last good event; the damaged one stays as it is. Undefined when nothing is wrong with it.
   * @throws HalterError `ERR_SESSION_UNKNOWN`; `ERR_SESSION_DAMAGED` when nothing of it can be read.
   */
  repairSession(id: SessionId): Promise<SessionHandle | undefined>
  /** A session and its descendants as JSON Lines. @throws HalterError `ERR_SESSION_UNKNOWN`. */
  exportSession(id: SessionId): AsyncIterable<string>
  /**
   * Stores the sessions of an export under their own ids, each whole or not at all.
   * @throws HalterError `ERR_SESSION_INPUT` naming the line; `ERR_SESSION_EXISTS`. `data.stored` names those that were stored before.
   */
  importSessions(lines: AsyncIterable<string>): Promise<readonly SessionId[]>
  /**
   * Deletes a session; with `cascade`, its descendants too. One that does not exist is deleted already.
   * @throws HalterError `ERR_SESSION_INPUT` when one of them is open here, `ERR_SESSION_LEASED` when another process holds one; then nothing
   * is deleted.
   */
  deleteSession(id: SessionId, options?: { readonly cascade?: boolean }): Promise<void>
  /** From the next turn on, sessions use these; running turns keep theirs. Undefined: back to the `resources` slot. */
  replaceResources(snapshot: ResourceSnapshot | undefined): void
  /** @throws HalterError `ERR_SERVICE_MISSING` when no plugin fills the slot. */
  subagentControl(): SubagentControl
  /**
   * Builds the next generation beside the running one; when that fails, throws and changes nothing. `presets`: in the place of those
   * that the runtime was made with; absent: these again.
   */
  reload(plugins: readonly PluginEntry[], presets?: readonly Preset[]): Promise<void>
  /** Plugins, slots, taps and open sessions, as plain data. */
  describe(): RuntimeDescription
  readonly events: RuntimeEvents
  /** Refuses new turns, lets running ones end for `drainMs` (default 10,000), aborts the rest, stops the plugins. */
  shutdown(options?: { readonly drainMs?: number }): Promise<ShutdownReport>
}

/** A plugin as a config names it: a value, or one with options. */
export type PluginEntry = Plugin | readonly [plugin: Plugin, options: unknown]

/** A list of plugins that gives way, slot by slot, to those of the config. */
export interface Preset {
  readonly name: string
  readonly plugins: readonly PluginEntry[]
}

/** What a problem of a stored session is. */
export interface VerifyProblem {
  readonly seq: number
  readonly problem: string
}

/** What `verify` found. */
export interface VerifyReport {
  readonly sessionId: SessionId
  readonly events: number
  readonly problems: readonly VerifyProblem[]
}

/** How `createRuntime` is told what to run. */
export interface RuntimeOptions {
  /** These win every slot they provide. */
  readonly plugins?: readonly PluginEntry[]
  readonly presets?: readonly Preset[]
  /** The model of sessions that name none. */
  readonly defaultModel?: string
  readonly models?: SessionBlueprint['models']
  /** Limits of sessions that give none. */
  readonly limits?: Limits
  /** For sessions without an approver of their own. */
  readonly approve?: Approver
  /** Attributes uncaught errors and late rejections to plugins instead of letting them end the process. Default false. */
  readonly processGuards?: boolean
  /** Milliseconds; all have defaults. */
  readonly timeouts?: RuntimeTimeouts
  /** Tries per model call, the first included. Default 4. */
  readonly maxModelTries?: number
}

/** Deadlines, in milliseconds. */
export interface RuntimeTimeouts {
  /** One `setup`. Default 10,000. */
  readonly setup?: number
  /** One asynchronous tap. Default 30,000. */
  readonly tap?: number
  /** One cleanup. Default 5,000. */
  readonly cleanup?: number
  /** A tool that names none. Default 120,000. */
  readonly tool?: number
  /** Silence of a model before its first part, and between two. Default 300,000. */
  readonly modelSilence?: number
  /** How long interrupted work may take to settle before it is left behind. Default 1,000. */
  readonly interruptGrace?: number
}

/** What `describe` tells of a plugin. */
export interface PluginDescription {
  readonly name: string
  readonly provides: readonly string[]
  readonly contributes: readonly string[]
  readonly decorates: readonly string[]
  readonly requires: readonly string[]
  readonly lostSlots: readonly string[]
  readonly origin: string
  readonly setupMs: number
  readonly isCarriedOver: boolean
}

/** A tap, where it stands in its hook. */
export interface TapDescription {
  readonly plugin: string
  readonly order: 'pre' | 'plain' | 'post'
  readonly calls: number
  readonly totalMs: number
}

/** The kernel, as plain data. */
export interface RuntimeDescription {
  readonly generation: number
  readonly plugins: readonly PluginDescription[]
  /** Slot → who fills it, and who wraps it, innermost first. */
  readonly slots: Readonly<
    Record<string, { readonly plugin: string; readonly decorators: readonly string[] }>
  >
  readonly collections: Readonly<Record<string, readonly string[]>>
  readonly taps: Readonly<Record<string, readonly TapDescription[]>>
  readonly notStarted: readonly { readonly plugin: string; readonly reason: string }[]
  readonly retiredGenerations: number
  readonly openSessions: number
  readonly runningTurns: number
}
