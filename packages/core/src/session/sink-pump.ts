import { setImmediate } from 'node:timers/promises'
import type { StoredEvent } from '@halter/protocol'
import type { EventSink } from '../contracts/event-sink.ts'
import type { KeyValueNamespace } from '../contracts/key-value.ts'
import type { ChangePage, SessionStore } from '../contracts/session-store.ts'
import type { Clock } from '../contracts/system.ts'
import { HalterError, isHalterError, toErrorWire } from '../errors.ts'
import { runAs } from '../kernel/attribution.ts'

/** Events per write, and the wait after a failed one: from the first to the last, doubled each time. Milliseconds. */
const BATCH = 100
const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 30_000

/** What a pump works with. */
export interface SinkPumpOptions {
  readonly sink: EventSink
  /** Whose sink it is: what it leaves uncaught is put down to this plugin. */
  readonly plugin: string | undefined
  readonly store: SessionStore
  readonly cursors: Pick<KeyValueNamespace, 'get' | 'set'>
  readonly clock: Clock
  /** How long one write may take before its signal is aborted. Milliseconds of the process. */
  readonly writeMs: number
  readonly warn: (warning: {
    readonly code: string
    readonly message: string
    readonly plugin?: string
  }) => void
}

/**
 * Feeds one sink from the store's own order of commits, by a cursor that is kept after each write: at least once, in order, and
 * what was committed while the sink was down comes when it is back. It reads behind the sessions and delays none.
 */
export class SinkPump {
  readonly #options: SinkPumpOptions
  readonly #ready: Promise<void>
  /** Aborted when there is no time left: nothing more is begun. */
  readonly #stop = new AbortController()
  /** Aborted when the pump is to end: no wait between two tries any more. */
  readonly #closing = new AbortController()
  #writing: AbortController | undefined
  #hasBegun = false
  #position: string | undefined
  #saved: string | undefined
  #isDue = false
  #running: Promise<void> | undefined
  #retryMs = FIRST_RETRY_MS

  constructor(options: SinkPumpOptions) {
    this.#options = options
    // What goes wrong is tried again, and told, when the first events are due.
    this.#ready = this.#begin().catch(() => {})
  }

  /** Resolves when the sink's place in the order is known: what is committed from then on will reach it. Never rejects. */
  get ready(): Promise<void> {
    return this.#ready
  }

  /** Something may have been committed. */
  wake(): void {
    this.#isDue = true
    // Nobody's: it may be a plugin's call that woke us.
    this.#running ??= runAs(undefined, () => this.#run())
  }

  /** Writes what is there, and ends; after `ms`, ends anyway: the cursor knows where to go on. */
  async close(ms: number): Promise<void> {
    this.#closing.abort()
    this.wake()
    let timer: NodeJS.Timeout | undefined
    const deadline = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, ms, 'late')
    })
    const end = await Promise.race([this.#running, deadline])
    clearTimeout(timer)
    if (end === 'late')
      this.#tell('ERR_SINK_FAILED', `was left behind after ${ms} ms; what it did not take comes again`)
    this.#stop.abort()
    this.#writing?.abort(this.#stop.signal.reason)
  }

  async #run(): Promise<void> {
    await this.#ready
    while (this.#isDue && !this.#stop.signal.aborted) {
      this.#isDue = false
      try {
        await this.#begin()
        // Between two pages everybody else has a turn, also where neither store nor sink ever waits.
        while (!this.#stop.signal.aborted && (await this.#writeNext())) await setImmediate()
      } catch (error) {
        this.#isDue = await this.#waitAfter(error)
      }
    }
    this.#running = undefined
  }

  /** Finds the sink's place: where it stopped last time, or where one begins that has never run. */
  async #begin(): Promise<void> {
    if (this.#hasBegun) return
    const { sink, store, cursors } = this.#options
    // First, and once: what is committed while the cursor is looked up must reach the sink.
    if (sink.from !== 'start') this.#position ??= await store.position!()
    const cursor = await cursors.get(sink.name)
    if (typeof cursor === 'string') this.#position = this.#saved = cursor
    this.#hasBegun = true
  }

  /** One page; false when there was nothing left. */
  async #writeNext(): Promise<boolean> {
    const { sink } = this.#options
    const page = await this.#readNext()
    const events = sink.accepts ? page.events.filter((event) => sink.accepts!(event)) : page.events
    if (events.length > 0) await this.#write(events)
    this.#position = page.position
    this.#retryMs = FIRST_RETRY_MS
    await this.#save()
    return page.events.length > 0
  }

  /** An event that is damaged is reported and passed over: it would hold up everything after it for ever. */
  async #readNext(): Promise<ChangePage> {
    for (;;) {
      const after = this.#position
      try {
        return await this.#options.store.changes!({ limit: BATCH, ...(after !== undefined && { after }) })
      } catch (error) {
        const next = isHalterError(error, 'ERR_SESSION_DAMAGED') ? error.data?.['position'] : undefined
        if (typeof next !== 'string' || next === after) throw error
        this.#tell(
          'ERR_SESSION_DAMAGED',
          `does not get an event that cannot be read: ${toErrorWire(error).message}`,
        )
        this.#position = next
      }
    }
  }

  async #write(events: readonly StoredEvent[]): Promise<void> {
    const { sink, plugin, writeMs } = this.#options
    const writing = new AbortController()
    this.#writing = writing
    const timer = setTimeout(() => {
      const message = `has not written ${events.length} events within ${writeMs} ms and was told to stop`
      this.#tell('ERR_SINK_FAILED', message)
      writing.abort(
        new HalterError('ERR_SINK_FAILED', `The event sink "${sink.name}" ${message}.`, { plugin }),
      )
    }, writeMs).unref()
    try {
      // However long it takes to stop, there is never a second write beside it.
      await runAs(plugin === undefined ? undefined : { plugin }, () => sink.write(events, writing.signal))
    } finally {
      clearTimeout(timer)
      this.#writing = undefined
    }
  }

  async #save(): Promise<void> {
    const { sink, cursors } = this.#options
    const position = this.#position
    if (position === undefined || position === this.#saved) return
    await cursors.set(sink.name, position)
    this.#saved = position
  }

  /** Waits before the next try; false when there is to be none. */
  async #waitAfter(error: unknown): Promise<boolean> {
    if (this.#retryMs === FIRST_RETRY_MS)
      this.#tell(
        'ERR_SINK_FAILED',
        `failed and will get the same events again: ${toErrorWire(error).message}`,
      )
    if (this.#closing.signal.aborted) return false
    const ms = this.#retryMs
    this.#retryMs = Math.min(ms * 2, LAST_RETRY_MS)
    try {
      await this.#options.clock.sleep(ms, this.#closing.signal)
    } catch {
      // The pump is to end: one last try.
    }
    return true
  }

  #tell(code: string, what: string): void {
    const { sink, plugin, warn } = this.#options
    warn({ code, message: `The event sink "${sink.name}" ${what}`, ...(plugin !== undefined && { plugin }) })
  }
}
