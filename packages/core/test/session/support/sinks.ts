import { definePlugin, type EventSink, type KeyValue, type Plugin, type SessionRuntime } from '@halter/core'
import { TestStore } from '@halter/core/testing'
import type { Json, StoredEvent } from '@halter/protocol'
import { logOf } from './sound.ts'

/** A model that always says the same. */
export const script = () => ({ text: 'ok' })

/** One new session with one turn; resolves to its log. */
export async function oneTurn(runtime: SessionRuntime): Promise<readonly StoredEvent[]> {
  const session = await runtime.newSession()
  await session.submitTurn('hello').orThrow()
  return logOf(runtime, session.id)
}

/** Keeps what it was given, write by write. */
export class KeepingSink implements EventSink {
  readonly name: string
  readonly from?: 'start'
  readonly batches: (readonly StoredEvent[])[] = []
  readonly #before: (call: number, signal: AbortSignal) => unknown
  #calls = 0

  /** `before` may wait, and may throw instead of the write; `call` counts from 1. */
  constructor(
    name: string,
    options: {
      readonly from?: 'start'
      readonly before?: (call: number, signal: AbortSignal) => unknown
    } = {},
  ) {
    this.name = name
    if (options.from) this.from = options.from
    this.#before = options.before ?? (() => {})
  }

  get events(): readonly StoredEvent[] {
    return this.batches.flat()
  }

  /** `type` of everything it has, in order. */
  get types(): readonly string[] {
    return this.events.map(({ type }) => type)
  }

  async write(events: readonly StoredEvent[], signal: AbortSignal): Promise<void> {
    await this.#before(++this.#calls, signal)
    this.batches.push(events)
  }
}

/** A plugin that brings sinks. */
export function bringing(
  name: string,
  sinks: readonly EventSink[],
  onCleanup: () => void | Promise<void> = () => {},
): Plugin {
  return definePlugin({
    name,
    apiVersion: 1,
    contributes: ['eventSinks'],
    setup({ defer }) {
      defer(onCleanup)
      return { eventSinks: sinks }
    },
  })
}

/** What a process keeps beside its store: lives in the test, so that it outlives a runtime. */
export class TestValues {
  readonly values = new Map<string, Json>()
  readonly plugin: Plugin
  /** Runs before each `set`; may throw. */
  beforeSet: () => void = () => {}

  constructor() {
    const keyValue: KeyValue = {
      namespace: (plugin) => ({
        get: async <T extends Json>(key: string) => this.values.get(`${plugin}:${key}`) as T | undefined,
        set: async (key, value) => {
          this.beforeSet()
          this.values.set(`${plugin}:${key}`, value)
        },
        delete: async (key) => void this.values.delete(`${plugin}:${key}`),
      }),
    }
    this.plugin = definePlugin({
      name: 'test-values',
      apiVersion: 1,
      provides: ['keyValue'],
      setup: () => ({ keyValue }),
    })
  }
}

/** Says that it survives its process, which for a test it does. */
export class LastingStore extends TestStore {
  override readonly durability = 'process'
}

/** Each event of a batch list once, by its idempotency key, in the order in which it first came. */
export function distinct(events: readonly StoredEvent[]): readonly StoredEvent[] {
  return [
    ...new Map(events.toReversed().map((event) => [`${event.sessionId} ${event.seq}`, event])).values(),
  ].toReversed()
}

/** Keeps what is logged. */
export function listening(messages: string[]): Plugin {
  const logger = {
    debug() {},
    info() {},
    warn: (message: string, { code }: { readonly code?: string } = {}) =>
      void messages.push(`${code} ${message}`),
    error() {},
    child: () => logger,
  }
  return definePlugin({ name: 'listening', apiVersion: 1, provides: ['logger'], setup: () => ({ logger }) })
}

/** The time of this machine. */
export function realTime(): Plugin {
  const timer = (ms: number, run: () => void): (() => void) => {
    const handle = setTimeout(run, ms)
    return () => clearTimeout(handle)
  }
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const cancel = timer(ms, resolve)
      signal?.addEventListener('abort', () => {
        cancel()
        reject(signal.reason as Error)
      })
    })
  const clock = { now: Date.now, monotonic: () => performance.now(), sleep, timer }
  return definePlugin({ name: 'real-time', apiVersion: 1, provides: ['clock'], setup: () => ({ clock }) })
}
