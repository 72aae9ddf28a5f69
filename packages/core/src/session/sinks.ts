import type { EventSink } from '../contracts/event-sink.ts'
import type { Runtime } from './runtime.ts'
import { checkSinks, SinkPump } from './sink-pump.ts'

/** Under which name cursors are kept in the key-value store. */
const CURSORS = '@halter/core/sinks'
/** How long a shutdown waits for sinks. Milliseconds. */
const CLOSE_MS = 2000

/** The pumps of the sinks that are plugged in now, by sink name. */
export class Sinks {
  readonly #runtime: Runtime
  readonly #pumps = new Map<string, { readonly sink: EventSink; readonly pump: SinkPump }>()

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** Starts a pump for each new sink, and stops those whose sink is gone. Resolves when each knows its place. */
  async follow(): Promise<void> {
    const sinks = this.#runtime.kernel.current.get('eventSinks') ?? []
    checkSinks(sinks, this.#runtime.store)
    const wanted = new Set(sinks)
    const gone = [...this.#pumps].filter(([, { sink }]) => !wanted.has(sink))
    for (const [name] of gone) this.#pumps.delete(name)
    await Promise.all(gone.map(([, { pump }]) => pump.close(CLOSE_MS)))
    for (const sink of sinks)
      if (!this.#pumps.has(sink.name)) this.#pumps.set(sink.name, { sink, pump: this.#start(sink) })
    await Promise.all([...this.#pumps.values()].map(({ pump }) => pump.ready))
  }

  /** Something was committed. */
  wake(): void {
    for (const { pump } of this.#pumps.values()) pump.wake()
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pumps.values()].map(({ pump }) => pump.close(CLOSE_MS)))
    this.#pumps.clear()
  }

  #start(sink: EventSink): SinkPump {
    const { store, kernel, warn } = this.#runtime
    const cursors = kernel.current.get('keyValue')?.namespace(CURSORS)
    const pump = new SinkPump({ sink, store, cursors, clock: this.#runtime.service('clock'), warn })
    if (sink.from === 'start' || cursors) void pump.ready.then(() => pump.wake())
    return pump
  }
}
