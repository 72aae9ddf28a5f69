import {
  addUsage,
  type Delta,
  type SessionFold,
  type SessionId,
  type StoredEvent,
  type Usage,
  type UserPart,
} from '@halter/protocol'
import type { SessionPort } from '../contracts/hooks.ts'
import type { ResourceSnapshot } from '../contracts/resources.ts'
import type {
  Approver,
  EventsOptions,
  SessionAttachments,
  TurnHandle,
  TurnOptions,
} from '../contracts/runtime.ts'
import type { Defer } from '../contracts/services.ts'
import type { IdKind } from '../contracts/system.ts'
import { HalterError } from '../errors.ts'
import type { HookTable } from '../kernel/dispatch.ts'
import { DisposeStack } from '../kernel/dispose-stack.ts'
import type { Generation, SessionScope } from '../kernel/generation.ts'
import type { Activity } from '../turn/activity.ts'
import { createToolSet, type ToolSet } from '../turn/tool-set.ts'
import type { Turn } from '../turn/turn.ts'
import { ApprovalDesk } from './approval-desk.ts'
import { CallIds } from './call-ids.ts'
import type { EventLog } from './event-log.ts'
import { EventReader } from './event-reader.ts'
import type { Runtime } from './runtime.ts'
import type { HeldLease } from './leases.ts'
import { PluginPort } from './session-port.ts'
import { TokenEstimate } from './token-estimate.ts'
import { TurnQueue } from './turn-queue.ts'

/** What ties a child session to the one that spawned it. */
export interface ChildTies {
  readonly parent: Session
}

/** What a live session is made from. */
export interface SessionOpening {
  readonly runtime: Runtime
  readonly openLog: (publish: (events: readonly StoredEvent[]) => void) => EventLog
  readonly attachments: SessionAttachments
  readonly lease: HeldLease | undefined
  readonly ties?: ChildTies | undefined
  /** What its first turn announces. */
  readonly startSource: 'startup' | 'resume'
}

/** One open session: the owner of its log. All holders of one id in one runtime share it. */
export class Session {
  readonly runtime: Runtime
  readonly log: EventLog
  readonly approvals: ApprovalDesk
  readonly turns: TurnQueue
  readonly estimate = new TokenEstimate()
  readonly callIds: CallIds
  readonly ties: ChildTies | undefined
  /** Children that run now. */
  readonly children = new Set<Session>()
  /** Their ends, and those of `asides`: each resolves once it is recorded here. None rejects. */
  readonly settling = new Set<Promise<unknown>>()
  /** What plugins have under way beside turns. */
  readonly asides = new Set<Activity>()
  /** What the next turn announces to `session.start`. */
  startSource: 'startup' | 'resume' | 'compact' | undefined
  readonly #attachments: SessionAttachments
  readonly #lease: HeldLease | undefined
  readonly #ports = new Map<string, SessionPort>()
  readonly #resources = new Map<string, unknown>()
  readonly #stack: DisposeStack
  #readers: readonly EventReader[] = []
  #hooks: { readonly generation: Generation; readonly table: HookTable } | undefined
  #scope: { readonly generation: Generation; readonly scope: SessionScope } | undefined
  #isDisposed = false
  #tools: { readonly generation: Generation; readonly set: ToolSet } | undefined

  constructor({ runtime, openLog, attachments, lease, ties, startSource }: SessionOpening) {
    this.runtime = runtime
    this.log = openLog((events) => this.#publish(events))
    this.approvals = new ApprovalDesk(this)
    this.callIds = new CallIds(this.log.state)
    this.turns = new TurnQueue(this)
    this.ties = ties
    this.startSource = startSource
    this.#attachments = attachments
    this.#lease = lease
    this.#stack = new DisposeStack({ plugin: 'session', sessionId: this.id }, runtime.disposeHost)
  }

  get id(): SessionId {
    return this.log.sessionId
  }

  get state(): SessionFold {
    return this.log.state
  }

  get isDisposed(): boolean {
    return this.#isDisposed
  }

  /** True when nothing happens until somebody answers a question, who may be anywhere. */
  get isAtRest(): boolean {
    const { current } = this.turns
    return this.approvals.isAtRest && this.settling.size === 0 && current?.pluginCalls.size === 0
  }

  get approver(): Approver | undefined {
    return this.#attachments.approve ?? this.ties?.parent.approver ?? this.runtime.options.approve
  }

  /** Of the session and all its descendants, running ones included. */
  spent(): Usage {
    const { total, children } = this.state.usage
    let sum = addUsage(total, children)
    for (const child of this.children)
      if (this.state.children.get(child.id)?.outcome === undefined) sum = addUsage(sum, child.spent())
    return sum
  }

  submit(input: readonly UserPart[], options: TurnOptions = {}): TurnHandle {
    return this.turns.submit(input, options)
  }

  nextId(kind: IdKind): string {
    return this.runtime.service('ids').next(kind)
  }

  /** Whether a live event would reach anybody. */
  get isHeard(): boolean {
    return this.#readers.length > 0 || this.runtime.bus.isHeard
  }

  /** Shows a delta to whoever reads now. A plain loop: no hook, no await. */
  live(delta: Delta): void {
    for (const reader of this.#readers) reader.push(delta)
    this.runtime.bus.publish(delta)
  }

  events(
    options: EventsOptions & {
      readonly pick?: (event: StoredEvent | Delta) => 'skip' | 'take' | 'last'
    } = {},
  ): EventReader {
    const { after = 0, capacity = 1024, onSlow = 'lag', signal, pick } = options
    const reader = new EventReader({
      capacity,
      onSlow,
      after,
      head: this.state.head,
      replay: (from, limit) => this.runtime.store.replay(this.id, { after: from, limit }),
      signal,
      ...(pick && { pick }),
      onClose: (closed) => {
        this.#readers = this.#readers.filter((other) => other !== closed)
      },
    })
    if (!signal?.aborted) this.#readers = [...this.#readers, reader]
    return reader
  }

  /** Records a warning; where even that fails, the runtime is told. */
  warn(warning: Omit<StoredEvent<'warning.raised'>, 'sessionId' | 'seq' | 'at' | 'type' | 'v'>): void {
    this.log.append([{ type: 'warning.raised', ...warning }]).catch(() => this.runtime.warn(warning))
  }

  portFor(plugin: string): SessionPort {
    let port = this.#ports.get(plugin)
    if (!port) this.#ports.set(plugin, (port = new PluginPort(this, plugin)))
    return port
  }

  resource<T>(key: string, open: (defer: Defer) => T): T {
    if (!this.#resources.has(key)) this.#resources.set(key, open(this.#stack.defer))
    return this.#resources.get(key) as T
  }

  /** The session's services in a generation, made at its first activity there. */
  scopeIn(generation: Generation): SessionScope {
    if (this.#scope?.generation !== generation) {
      void this.#scope?.scope.close()
      this.#scope = { generation, scope: generation.openSession(this.state.blueprint) }
    }
    return this.#scope.scope
  }

  /** The taps that are called for this session: the plugins', its own, and its parent's guards. */
  hooksIn(generation: Generation): HookTable {
    const known = this.#hooks
    if (known?.generation === generation) return known.table
    const { hooks } = this.#attachments
    const parentHooks = this.ties?.parent.hooksIn(generation)
    const table = hooks || parentHooks ? generation.hooks.extend(hooks, parentHooks) : generation.hooks
    this.#hooks = { generation, table }
    return table
  }

  toolsFor(turn: Turn): ToolSet {
    if (this.#tools?.generation !== turn.generation) {
      const set = createToolSet(this.#allTools(turn), this.state.blueprint.tools)
      this.#tools = { generation: turn.generation, set }
    }
    const { set } = this.#tools
    const { tools: names } = turn.options
    return names ? createToolSet([...set.byName.values()], names) : set
  }

  resourcesFor(activity: Activity): ResourceSnapshot | Promise<ResourceSnapshot> | undefined {
    return (
      this.runtime.resourceOverride ??
      activity.optional('resources')?.snapshot(this.state.blueprint, activity.signal)
    )
  }

  /** Runs `session.start` once: at the first turn of a new or resumed session, and of a compacted one. */
  async announceStart(turn: Turn): Promise<void> {
    const { startSource: source } = this
    this.startSource = undefined
    if (source) await turn.abort.settle(turn.hooks.observe('session.start', { source }, turn))
  }

  /** Keeps the session open here, and `activity` in reach of an interrupt, until the returned function is called. */
  holdFor(activity: Activity): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.asides.add(activity)
    this.settling.add(promise)
    return () => {
      this.asides.delete(activity)
      this.settling.delete(promise)
      resolve()
      this.runtime.onIdle(this)
    }
  }

  /** Gives back what the session holds in this process. Its log stays. */
  async dispose(): Promise<void> {
    this.#isDisposed = true
    for (const aside of this.asides) aside.abort.abort(gone(this.id))
    await this.log.close()
    for (const reader of this.#readers) reader.end()
    this.#readers = []
    await this.#stack.dispose()
    await this.#scope?.scope.close()
    this.#scope = undefined
    await this.#lease?.release()
  }

  #allTools(turn: Turn): Parameters<typeof createToolSet>[0] {
    return [...(turn.optional('tools') ?? []), ...this.#ownTools()]
  }

  /** A child uses its parent's own tools too. */
  #ownTools(): NonNullable<SessionAttachments['tools']> {
    return [...(this.ties ? this.ties.parent.#ownTools() : []), ...(this.#attachments.tools ?? [])]
  }

  #publish(events: readonly StoredEvent[]): void {
    for (const event of events) {
      for (const reader of this.#readers) reader.push(event)
      this.runtime.bus.publish(event)
    }
    this.runtime.sinks.wake()
  }
}

function gone(id: SessionId): HalterError {
  return new HalterError('ERR_SESSION_CLOSED', `Session ${id} is not open here any more.`)
}
