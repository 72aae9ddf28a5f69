import { randomUUID } from 'node:crypto'
import type {
  ModelRole,
  PluginReducers,
  SessionId,
  SessionSummary,
  SessionUpdate,
  StoredEvent,
} from '@halter/protocol'
import type { PromptInspection } from '../contracts/inspection.ts'
import type { ResourceSnapshot } from '../contracts/resources.ts'
import type {
  PluginEntry,
  ResumeOptions,
  RuntimeDescription,
  RuntimeEvents,
  RuntimeOptions,
  RuntimeTimeouts,
  SessionAttachments,
  SessionHandle,
  SessionInit,
  SessionRuntime,
  ShutdownReport,
  VerifyReport,
} from '../contracts/runtime.ts'
import type { Services } from '../contracts/services.ts'
import type { SessionPage, SessionQuery, SessionStore } from '../contracts/session-store.ts'
import type { ChildHandle, SpawnRequest, SubagentControl } from '../contracts/subagents.ts'
import { HalterError, toErrorWire } from '../errors.ts'
import type { DispatchContext } from '../kernel/dispatch.ts'
import { Deadlines } from '../kernel/deadline.ts'
import type { DisposeHost } from '../kernel/dispose-stack.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { createToolSet } from '../turn/tool-set.ts'
import { createBlueprint } from './blueprint.ts'
import { EventBus } from './event-bus.ts'
import { deleteSession } from './delete-session.ts'
import { openChild } from './open-child.ts'
import { exportSession } from './export-session.ts'
import { forkSession } from './fork-session.ts'
import { importSessions } from './import-sessions.ts'
import { LeaseKeeper } from './leases.ts'
import { createSession, resumeSession } from './open-session.ts'
import type { Session } from './session.ts'
import { OpenSessionHandle } from './session-handle.ts'
import { refoldPlugins } from './refold-plugins.ts'
import { repairSession } from './repair-session.ts'
import { drainSessions } from './drain-sessions.ts'
import { Sinks } from './sinks.ts'
import { verifySession } from './verify.ts'
import { withWholeParts } from './whole-parts.ts'

/** What a runtime is made from, beside its options. */
export interface RuntimeParts {
  readonly kernel: Kernel
  readonly options: RuntimeOptions
  readonly timeouts: Required<RuntimeTimeouts>
  /** Told of what went wrong where no session could record it. */
  readonly warn: (warning: {
    readonly code: string
    readonly message: string
    readonly plugin?: string
  }) => void
  /** Runs last at shutdown. */
  readonly onClose: () => void
}

/** The sessions of one process, over one kernel. */
export class Runtime implements SessionRuntime {
  readonly kernel: Kernel
  readonly options: RuntimeOptions
  readonly timeouts: Required<RuntimeTimeouts>
  readonly warn: RuntimeParts['warn']
  readonly bus: EventBus
  readonly sinks = new Sinks(this)
  readonly disposeHost: DisposeHost
  /** Absent: the store has no leases, and one process must be enough. */
  readonly leases: LeaseKeeper | undefined
  /** Of the generation that is current: the state of an open session outlives generations. */
  readonly reducers: PluginReducers = {
    get: (plugin) => this.kernel.current.reducers.get(plugin),
    has: (plugin) => this.kernel.current.reducers.has(plugin),
  }
  resourceOverride: ResourceSnapshot | undefined
  readonly #sessions = new Map<SessionId, { readonly session: Session; holders: number }>()
  readonly #opening = new Map<SessionId, Promise<Session | undefined>>()
  /** Sessions that are being closed or disposed of: until then, nobody opens them anew. */
  readonly #leaving = new Map<SessionId, Promise<void>>()
  readonly #onClose: () => void
  #whole: { readonly of: SessionStore; readonly store: SessionStore } | undefined
  #shutdown: Promise<ShutdownReport> | undefined

  constructor({ kernel, options, timeouts, warn, onClose }: RuntimeParts) {
    this.kernel = kernel
    this.options = options
    this.timeouts = timeouts
    this.warn = warn
    this.#onClose = onClose
    this.bus = new EventBus(undefined, (error) => warn(toErrorWire(error)))
    const { leases } = this.store
    this.leases =
      leases && new LeaseKeeper({ leases, clock: this.service('clock'), owner: randomUUID(), warn })
    this.disposeHost = { deadlines: new Deadlines(), cleanupTimeoutMs: timeouts.cleanup, onWarning: warn }
  }

  get events(): RuntimeEvents {
    return this.bus
  }

  get store(): SessionStore {
    const store = this.service('sessionStore')
    if (this.#whole?.of !== store) this.#whole = { of: store, store: withWholeParts(store) }
    return this.#whole.store
  }

  get maxModelTries(): number {
    return this.options.maxModelTries ?? 4
  }

  get openSessions(): number {
    return this.#sessions.size + this.#opening.size
  }

  /** A service of the current generation. @throws HalterError `ERR_SERVICE_MISSING`. */
  service<K extends keyof Services>(name: K): Services[K] {
    const service = this.kernel.current.get(name)
    if (service !== undefined) return service
    throw new HalterError(
      'ERR_SERVICE_MISSING',
      `No plugin provides "${name}". Add one that does to the config.`,
    )
  }

  async newSession(init: SessionInit = {}): Promise<SessionHandle> {
    this.#refuseWhenClosed()
    const id = init.sessionId ?? this.service('ids').next('session')
    const asked = createBlueprint(id, init, this.options)
    const { kernel } = this
    this.#checkAttachments(init)
    const hooks = init.hooks ? kernel.current.hooks.extend(init.hooks) : kernel.current.hooks
    const blueprint = await hooks.transform('session.transform', asked, this.#outsideSessions(id))
    await this.checkModels(blueprint)
    return this.adopt(await createSession(this, blueprint, init))
  }

  async resume(id: SessionId, options: ResumeOptions = {}): Promise<SessionHandle | undefined> {
    this.#refuseWhenClosed()
    const leaving = this.#leaving.get(id)
    if (leaving) {
      await Promise.allSettled([leaving])
      return this.resume(id, options)
    }
    const known = this.#sessions.get(id)
    if (known) return this.#hold(known)
    const opening = this.#opening.get(id)
    if (opening) return (await opening) && this.resume(id, options)
    this.#checkAttachments(options)
    const session = resumeSession(this, id, options)
    this.#opening.set(id, session)
    try {
      const opened = await session
      return opened && this.adopt(opened)
    } finally {
      this.#opening.delete(id)
    }
  }

  /**
   * Takes an opened session among those that are live, with its first holder.
   * @throws HalterError `ERR_RUNTIME_CLOSED` when the runtime was shut down meanwhile.
   */
  adopt(session: Session): SessionHandle {
    if (this.#shutdown) {
      void session.dispose()
      throw this.#closedError()
    }
    const entry = { session, holders: 0 }
    this.#sessions.set(session.id, entry)
    return this.#hold(entry)
  }

  /** Whether a session is open here, or about to be. One that is being left is waited for. */
  async isOpenHere(id: SessionId): Promise<boolean> {
    await Promise.allSettled([this.#leaving.get(id)])
    return this.#sessions.has(id) || this.#opening.has(id)
  }

  /** The open session of this id. */
  live(id: SessionId): Session | undefined {
    return this.#sessions.get(id)?.session
  }

  async listSessions(query: SessionQuery = {}): Promise<SessionPage> {
    const { status } = query
    // To a store, both are one: only who looks can tell whether somebody alive runs it.
    const isOpen = status === 'running' || status === 'interrupted'
    const page = await this.store.list(isOpen ? { ...query, status: 'running' } : query)
    const sessions = await Promise.all(page.sessions.map((summary) => this.#withStatus(summary)))
    return { ...page, sessions: isOpen ? sessions.filter((each) => each.status === status) : sessions }
  }

  async latestSession(workingDir: string): Promise<SessionSummary | undefined> {
    const { sessions } = await this.store.list({ workingDir, parentId: null, limit: 1 })
    return sessions[0]
  }

  replay(
    id: SessionId,
    range?: { readonly after?: number; readonly limit?: number },
  ): AsyncIterable<StoredEvent> {
    return this.store.replay(id, range)
  }

  async inspectPrompt(id: SessionId, { turn }: { readonly turn?: number } = {}): Promise<PromptInspection> {
    this.#refuseWhenClosed()
    await this.live(id)?.log.drain()
    const { inspectPrompt } = await import('./inspect-prompt.ts') // people look, and no turn waits for it
    return inspectPrompt(this, id, turn)
  }

  verify(id: SessionId): Promise<VerifyReport> {
    return verifySession(this.store, id)
  }

  async forkSession(
    id: SessionId,
    { at, ...attachments }: { readonly at?: number } & SessionAttachments = {},
  ): Promise<SessionHandle> {
    this.#refuseWhenClosed()
    await this.live(id)?.log.drain()
    return forkSession(this, id, at, attachments)
  }

  async repairSession(id: SessionId): Promise<SessionHandle | undefined> {
    this.#refuseWhenClosed()
    await this.live(id)?.log.drain()
    return repairSession(this, id)
  }

  exportSession(id: SessionId): AsyncIterable<string> {
    return exportSession(this.store, id)
  }

  importSessions(lines: AsyncIterable<string>): Promise<readonly SessionId[]> {
    this.#refuseWhenClosed()
    return importSessions(this, lines)
  }

  deleteSession(id: SessionId, options?: { readonly cascade?: boolean }): Promise<void> {
    return deleteSession(this, id, options)
  }

  replaceResources(snapshot: ResourceSnapshot | undefined): void {
    this.resourceOverride = snapshot
  }

  subagentControl(): SubagentControl {
    return this.service('subagentControl')
  }

  async reload(plugins: readonly PluginEntry[], presets = this.options.presets ?? []): Promise<void> {
    this.#refuseWhenClosed()
    const previous = this.kernel.current
    await this.kernel.reload({ plugins, presets })
    const open = Array.from(this.#sessions.values(), ({ session }) => session)
    await refoldPlugins(open, previous)
    await this.sinks.follow()
  }

  describe(): RuntimeDescription {
    const sessions = [...this.#sessions.values()]
    const runningTurns = sessions.filter(({ session }) => session.turns.isRunning).length
    return { ...this.kernel.describe(), openSessions: sessions.length, runningTurns }
  }

  async shutdown({ drainMs = 10_000 }: { readonly drainMs?: number } = {}): Promise<ShutdownReport> {
    for (const { session } of this.#sessions.values())
      session.turns.refuseToWaitInside('the shutdown of the runtime')
    return (this.#shutdown ??= this.#close(drainMs))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown()
  }

  /** @throws HalterError `ERR_MODEL_UNKNOWN` for a model that no provider accepts. */
  async checkModels({ model, models = {} }: Pick<SessionUpdate, 'model' | 'models'>): Promise<void> {
    const service = this.service('models')
    if (model !== undefined) await service.resolve(model, 'default')
    for (const [role, id] of Object.entries(models)) await service.resolve(id, role as ModelRole)
  }

  /** See `SessionPort.openChild`. */
  openChild(parent: Session, request: SpawnRequest): Promise<ChildHandle> {
    return openChild(parent, request)
  }

  /** Publishes events that were stored before their session was open. */
  announce(events: readonly StoredEvent[]): void {
    for (const event of events) this.bus.publish(event)
    this.sinks.wake()
  }

  /** One holder of a session is done. */
  async letGo(session: Session): Promise<void> {
    const entry = this.#sessions.get(session.id)
    if (!entry || entry.session !== session) return
    entry.holders -= 1
    await this.#forgetIfUnused(entry)
  }

  /** A session has nothing left to do; without a holder it goes. */
  onIdle(session: Session): void {
    const entry = this.#sessions.get(session.id)
    if (entry?.session !== session) return
    this.#forgetIfUnused(entry).catch((error: unknown) => this.warn(toErrorWire(error)))
  }

  /** Closes a session to everybody who holds it. */
  async forget(session: Session): Promise<void> {
    if (this.#sessions.get(session.id)?.session === session) this.#sessions.delete(session.id)
    await session.dispose()
  }

  /** Runs the end of a session's life here, once: whoever ends it meanwhile waits for the same. */
  leave(session: Session, end: () => Promise<void>): Promise<void> {
    const { id } = session
    const known = this.#leaving.get(id)
    if (known) return known
    const leaving = end().finally(() => this.#leaving.delete(id))
    this.#leaving.set(id, leaving)
    return leaving
  }

  /** One more holder of an open session. */
  hold(session: Session): SessionHandle {
    return this.#hold(this.#sessions.get(session.id)!)
  }

  #hold(entry: { readonly session: Session; holders: number }): SessionHandle {
    entry.holders += 1
    return new OpenSessionHandle(entry.session)
  }

  async #forgetIfUnused(entry: { readonly session: Session; readonly holders: number }): Promise<void> {
    const { session } = entry
    if (entry.holders > 0) return
    const isIdle = session.turns.isIdle && session.settling.size === 0
    if (isIdle) await this.leave(session, () => this.forget(session))
    else if (session.isAtRest) await this.leave(session, () => this.#leaveOpen(session))
  }

  /** A turn that waits for an answer needs no process: whoever resumes the session goes on with it. */
  async #leaveOpen(session: Session): Promise<void> {
    session.turns.leaveOpen(
      new HalterError(
        'ERR_SESSION_CLOSED',
        `Session ${session.id} was left while its turn waited for an answer. Resume it with interrupted "continue", and answer.`,
      ),
    )
    await session.turns.settled()
    await this.forget(session)
  }

  /** A turn that started and has not ended runs only where somebody alive holds its session. */
  async #withStatus(summary: SessionSummary): Promise<SessionSummary> {
    if (summary.status !== 'running' || this.#sessions.has(summary.sessionId)) return summary
    const holder = await this.leases?.holderOf(summary.sessionId)
    return holder ? summary : { ...summary, status: 'interrupted' }
  }

  async #close(drainMs: number): Promise<ShutdownReport> {
    const error = this.#closedError()
    const sessions = [...this.#sessions.values()].map(({ session }) => session)
    for (const session of sessions) session.turns.close(error)
    const report = await drainSessions(sessions, drainMs)
    await Promise.all(sessions.flatMap(({ settling }) => [...settling]))
    for (const session of sessions) void this.leave(session, () => this.forget(session))
    const ends = await Promise.allSettled(this.#leaving.values())
    for (const end of ends) if (end.status === 'rejected') this.warn(toErrorWire(end.reason))
    this.bus.close()
    await this.sinks.close()
    await this.kernel.dispose()
    this.disposeHost.deadlines.close()
    this.#onClose()
    return report
  }

  /** @throws HalterError `ERR_TOOL_DUPLICATE`, `ERR_HOOK_UNKNOWN`, `ERR_HOOK_INVALID`: now, and not in the middle of a turn. */
  #checkAttachments({ tools, hooks }: SessionAttachments): void {
    const { current } = this.kernel
    if (tools) createToolSet([...(current.get('tools') ?? []), ...tools])
    if (hooks) current.hooks.extend(hooks)
  }

  #refuseWhenClosed(): void {
    if (this.#shutdown) throw this.#closedError()
  }

  #closedError(): HalterError {
    return new HalterError('ERR_RUNTIME_CLOSED', 'The runtime is shutting down and takes nothing new.')
  }

  #outsideSessions(id: SessionId): DispatchContext {
    const { warn } = this
    return {
      turn: undefined,
      step: undefined,
      signal: undefined,
      portFor(plugin) {
        throw new HalterError(
          'ERR_HOOK_INVALID',
          `${plugin} reached for session ${id} in session.transform, before it is stored. Use session.start.`,
          { plugin, hook: 'session.transform' },
        )
      },
      warn: (code, message, plugin) => warn({ code, message, ...(plugin !== undefined && { plugin }) }),
    }
  }
}
