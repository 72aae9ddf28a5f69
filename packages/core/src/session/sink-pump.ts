import type { EventSink } from '../contracts/event-sink.ts'
import type { KeyValueNamespace } from '../contracts/key-value.ts'
import type { SessionStore } from '../contracts/session-store.ts'
import type { Clock } from '../contracts/system.ts'
import { HalterError, toErrorWire } from '../errors.ts'

/** Events per write, and the wait after a failed one: from the first to the last, doubled each time. Milliseconds. */
const BATCH = 500
const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 30_000

/** What a pump works with. */
export interface SinkPumpOptions {
  readonly sink: EventSink
  readonly store: SessionStore
  /** Where cursors are kept; absent: in memory, and a sink begins anew with the process. */
  readonly cursors: KeyValueNamespace | undefined
  readonly clock: Clock
  readonly warn: (warning: { readonly code: string; readonly message: string }) => void
}

/**
 * Feeds one sink from the store's own order of commits, by a cursor that is kept after each write: at least once, in order, and
 * what was committed while the sink was down comes when it is back. It reads behind the sessions and delays none.
 */
export class SinkPump {
  readonly #options: SinkPumpOptions
  readonly #stop = new AbortController()
  #position: string | undefined
  #isDue = false
  #running: Promise<void> | undefined
  #retryMs = FIRST_RETRY_MS
  readonly #ready: Promise<void>

  constructor(options: SinkPumpOptions) {
    this.#options = options
    this.#ready = this.#begin()
  }

  /** Resolves when the sink's place in the order is known: what is committed from then on will reach it. */
  get ready(): Promise<void> {
    return this.#ready
  }

  /** Something was committed. */
  wake(): void {
    this.#isDue = true
    this.#running ??= this.#run()
  }

  /** Writes what is there, and stops; after `ms`, stops anyway: the cursor knows where to go on. */
  async close(ms: number): Promise<void> {
    this.wake()
    const timer = setTimeout(() => this.#stop.abort(), ms)
    await this.#running
    clearTimeout(timer)
    this.#stop.abort()
  }

  async #begin(): Promise<void> {
    const { sink, store, cursors } = this.#options
    this.#position = await cursors?.get<string>(sink.name)
    if (this.#position !== undefined || sink.from === 'start') return
    this.#position = await store.position?.()
    if (this.#position !== undefined) await cursors?.set(sink.name, this.#position)
  }

  async #run(): Promise<void> {
    await this.#ready
    while (this.#isDue && !this.#stop.signal.aborted) {
      this.#isDue = false
      try {
        while (!this.#stop.signal.aborted && (await this.#writeNext()));
        this.#retryMs = FIRST_RETRY_MS
      } catch (error) {
        this.#isDue = true
        await this.#waitAfter(error)
      }
    }
    this.#running = undefined
  }

  /** One batch; false when there was nothing left. */
  async #writeNext(): Promise<boolean> {
    const { sink, store, cursors } = this.#options
    const after = this.#position
    const page = await store.changes!({ limit: BATCH, ...(after !== undefined && { after }) })
    if (page.events.length === 0) return false
    const events = sink.accepts ? page.events.filter((event) => sink.accepts!(event)) : page.events
    if (events.length > 0) await sink.write(events, this.#stop.signal)
    this.#position = page.position
    await cursors?.set(sink.name, page.position)
    return true
  }

  async #waitAfter(error: unknown): Promise<void> {
    const { sink, clock, warn } = this.#options
    if (this.#stop.signal.aborted) return
    if (this.#retryMs === FIRST_RETRY_MS)
      warn({
        code: 'ERR_HOOK_FAILED',
        message: `The event sink "${sink.name}" failed and will get the same events again: ${toErrorWire(error).message}`,
      })
    const ms = this.#retryMs
    this.#retryMs = Math.min(ms * 2, LAST_RETRY_MS)
    try {
      await clock.sleep(ms, this.#stop.signal)
    } catch {
      // stopped meanwhile: the loop looks
    }
  }
}

/** Refuses a store that no sink can read from. */
export function checkSinks(sinks: readonly EventSink[], store: SessionStore): void {
  if (sinks.length === 0 || store.changes) return
  throw new HalterError(
    'ERR_SERVICE_MISSING',
    `The session store has no \`changes\`, and these event sinks read from it: ${sinks.map(({ name }) => name).join(', ')}. ` +
      'Use a store that has it, or leave the sinks out.',
  )
}
