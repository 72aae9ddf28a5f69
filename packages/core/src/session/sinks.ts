import type { Json } from '@halter/protocol'
import type { EventSink } from '../contracts/event-sink.ts'
import type { KeyValue } from '../contracts/key-value.ts'
import type { SessionStore } from '../contracts/session-store.ts'
import { HalterError, toErrorWire } from '../errors.ts'
import type { PinnedGeneration } from '../kernel/kernel.ts'
import type { Runtime } from './runtime.ts'
import { SinkPump, type SinkPumpOptions } from './sink-pump.ts'

/** Under which name cursors are kept in the key-value store. */
const CURSORS = '@halter/core/sinks'
/** How long a shutdown or a reload waits for a sink. Milliseconds. */
const CLOSE_MS = 2000
/** How long one write may take before its signal is aborted. Milliseconds. */
const WRITE_MS = 30_000
/** How often to look for what other processes have committed: nobody tells us. Milliseconds. */
const POLL_MS = 1000

/** The pumps of the sinks that are plugged in now. */
export class Sinks {
  readonly #runtime: Runtime
  readonly #pumps = new Map<EventSink, SinkPump>()
  /** Where the pumps read, and where they keep how far they are. */
  #from: { readonly store: SessionStore; readonly keyValue: KeyValue | undefined } | undefined
  #cursors: SinkPumpOptions['cursors'] = memoryCursors()
  /** The generation that the sinks are of: its plugins must not stop before their sinks have. */
  #pinned: PinnedGeneration | undefined
  /** Ends when the newest `follow` has. Never rejects. */
  #following: Promise<unknown> = Promise.resolve()
  #poll: NodeJS.Timeout | undefined
  #hasStarted = false
  #isClosed = false

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /**
   * Starts a pump for each new sink, and ends those whose sink is gone. Resolves when each sink knows its place.
   * @throws HalterError, the first time, for sinks that cannot work; after a reload, which has happened, they are warned of and left out.
   */
  follow(): Promise<void> {
    const following = this.#following.then(() => this.#follow())
    this.#following = following.catch(() => {})
    return following
  }

  /** Something was committed. */
  wake(): void {
    for (const pump of this.#pumps.values()) pump.wake()
  }

  /** Ends all of them; none that comes later starts. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#following
    await this.#end([...this.#pumps.keys()])
    this.#settle(undefined)
  }

  async #follow(): Promise<void> {
    if (this.#isClosed) return
    const pinned = this.#runtime.kernel.pin()
    try {
      await this.#change(pinned)
    } finally {
      this.#settle(pinned)
    }
  }

  async #change({ generation }: PinnedGeneration): Promise<void> {
    const { store } = this.#runtime
    const keyValue = generation.get('keyValue')
    const sinks = this.#usable(generation.get('eventSinks') ?? [], store)
    const isMoved = this.#from?.store !== store || this.#from.keyValue !== keyValue
    await this.#end([...this.#pumps.keys()].filter((sink) => isMoved || !sinks.includes(sink)))
    if (isMoved) {
      // A position means nothing to another store; one of a store that keeps nothing means nothing to another process.
      const isKept = keyValue !== undefined && store.durability !== 'none'
      this.#cursors = isKept ? keyValue.namespace(CURSORS) : memoryCursors()
      this.#from = { store, keyValue }
    }
    for (const sink of sinks) if (!this.#pumps.has(sink)) this.#start(sink, generation.ownerOf(sink), store)
    await Promise.all([...this.#pumps.values()].map(({ ready }) => ready))
  }

  /** The sinks that can be fed. */
  #usable(sinks: readonly EventSink[], store: SessionStore): readonly EventSink[] {
    const isFirst = !this.#hasStarted
    this.#hasStarted = true
    const problem = problemOf(sinks, store)
    if (!problem) return sinks
    if (isFirst) throw problem
    this.#runtime.warn(toErrorWire(problem))
    if (!store.changes || !store.position) return []
    return sinks.filter(({ name }, index) => sinks.findIndex((other) => other.name === name) === index)
  }

  #start(sink: EventSink, plugin: string | undefined, store: SessionStore): void {
    const clock = this.#runtime.service('clock')
    const { warn } = this.#runtime
    const pump = new SinkPump({ sink, plugin, store, cursors: this.#cursors, clock, writeMs: WRITE_MS, warn })
    this.#pumps.set(sink, pump)
    void pump.ready.then(() => pump.wake())
  }

  async #end(gone: readonly EventSink[]): Promise<void> {
    const pumps = gone.map((sink) => this.#pumps.get(sink)!)
    for (const sink of gone) this.#pumps.delete(sink)
    await Promise.all(pumps.map((pump) => pump.close(CLOSE_MS)))
  }

  /** Holds on to the generation of the sinks, and looks for commits of others, for as long as there are any. */
  #settle(pinned: PinnedGeneration | undefined): void {
    const last = this.#pinned
    this.#pinned = pinned
    last?.release()
    clearInterval(this.#poll)
    this.#poll = undefined
    if (this.#pumps.size > 0) this.#poll = setInterval(() => this.wake(), POLL_MS).unref()
    else {
      this.#pinned?.release()
      this.#pinned = undefined
    }
  }
}

/** Why these sinks cannot all be fed. */
function problemOf(sinks: readonly EventSink[], store: SessionStore): HalterError | undefined {
  const names = sinks.map(({ name }) => name)
  if (sinks.length > 0 && !(store.changes && store.position))
    return new HalterError(
      'ERR_SERVICE_MISSING',
      `The session store has no \`changes\` and \`position\`, and these event sinks read from it: ${names.join(', ')}. ` +
        'Use a store that has both, or leave the sinks out.',
    )
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice === undefined) return undefined
  return new HalterError(
    'ERR_SERVICE_DUPLICATE',
    `Two event sinks have the name "${twice}" and would share one place in the log. Leave one of their plugins out.`,
  )
}

/** For as long as the runtime lives. */
function memoryCursors(): SinkPumpOptions['cursors'] {
  const positions = new Map<string, Json>()
  return {
    get: async <T extends Json>(name: string) => positions.get(name) as T | undefined,
    set: async (name, position) => void positions.set(name, position),
  }
}
