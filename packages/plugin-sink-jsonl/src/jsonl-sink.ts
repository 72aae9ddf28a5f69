import { access, constants, mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { HalterError, type EventSink, type SessionStore } from '@halter/core'
import type { SessionId, StoredEvent } from '@halter/protocol'
import { Family } from './family.ts'
import { FolderLock } from './folder-lock.ts'
import { RecentMap } from './recent-map.ts'
import { TraceFile, type TracedEvent } from './trace-file.ts'
import { traceName } from './trace-name.ts'

/** How to open a {@link JsonlSink}. */
export interface JsonlSinkOptions {
  /** The folder of the traces; it and those above it are made where they are not there, for their owner only. */
  readonly dir: string
  /** Where a sink begins whose folder is new. Default `now`. */
  readonly from?: 'start' | 'now'
  /** A session as the store knows it: tells whose child it is. */
  readonly load: SessionStore['load']
}

/** Traces whose end is remembered; of any other one the file is read again. */
const REMEMBERED = 1_000

/**
 * Writes a trace per root session, its children included. What a file has is not written again, whether this process wrote it or
 * another one, so any number of processes may write to one folder. No file stays open between two writes.
 */
export class JsonlSink implements EventSink {
  /** Names its folder: each has a place of its own in the log. */
  readonly name: string
  readonly from: 'start' | 'now'
  readonly #dir: string
  readonly #lock: FolderLock
  readonly #family: Family
  readonly #traces = new RecentMap<SessionId, TraceFile>(REMEMBERED)

  private constructor({ dir, from, load }: Required<JsonlSinkOptions>) {
    this.name = `@halter/plugin-sink-jsonl ${dir}`
    this.from = from
    this.#dir = dir
    this.#lock = new FolderLock(dir)
    this.#family = new Family(load)
  }

  /** @throws HalterError `ERR_PLUGIN_CONFIG` when there can be no such folder. */
  static async open(options: JsonlSinkOptions): Promise<JsonlSink> {
    const dir = resolve(options.dir)
    try {
      await mkdir(dir, { recursive: true, mode: 0o700 })
      await access(dir, constants.W_OK | constants.X_OK)
    } catch (cause) {
      throw new HalterError(
        'ERR_PLUGIN_CONFIG',
        `The folder for traces, ${dir}, cannot be used: ${(cause as Error).message}. Set "dir" to a folder that can be written.`,
        { cause, plugin: '@halter/plugin-sink-jsonl' },
      )
    }
    return new JsonlSink({ from: 'now', ...options, dir })
  }

  async write(events: readonly StoredEvent[], signal: AbortSignal): Promise<void> {
    const byRoot = Map.groupBy(await this.#trace(events), ({ kin }) => kin.root)
    try {
      await this.#lock.during(signal, async () => {
        for (const [root, traced] of byRoot) {
          signal.throwIfAborted()
          await this.#append(root, traced)
        }
      })
    } catch (error) {
      this.#lock.close() // the folder may have been taken away: the next try makes it again
      throw error
    }
  }

  /** Lets go of the folder. */
  close(): void {
    this.#lock.close()
  }

  async #trace(events: readonly StoredEvent[]): Promise<readonly TracedEvent[]> {
    const traced: TracedEvent[] = []
    for (const event of events) traced.push({ event, kin: await this.#family.of(event) })
    return traced
  }

  async #append(root: SessionId, events: readonly TracedEvent[]): Promise<void> {
    const trace = this.#traces.get(root) ?? new TraceFile(join(this.#dir, traceName(root)))
    await trace.append(events)
    const isClosed = events.some(({ event }) => event.type === 'session.closed' && event.sessionId === root)
    if (isClosed) this.#traces.delete(root)
    else this.#traces.set(root, trace)
  }
}
