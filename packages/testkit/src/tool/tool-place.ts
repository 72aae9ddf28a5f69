import { mkdtemp, readdir, readFile, readlink, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  EMPTY_RESOURCES,
  HalterError,
  type SessionPort,
  type ToolContext,
  type ToolReturn,
} from '@halter/core'
import { EVENT_VERSIONS, SessionFold, type Json } from '@halter/protocol'
import { SAMPLE_TIME, sampleSession } from '../session-store/samples.ts'
import type { ToolHarness } from './harness.ts'

/** What came of one run: what it returned, or what it threw. */
export type ToolOutcome =
  | { readonly status: 'returned'; readonly value: ToolReturn }
  | { readonly status: 'threw'; readonly error: unknown }

type Cleanup = () => void | Promise<void>

/** A working directory with a tool in it, and the session that the tool sees. */
export class ToolPlace {
  readonly folder: string
  /** What the tool has shown with `emit`. */
  readonly emitted: string[] = []
  readonly #harness: ToolHarness
  readonly #resources = new Map<string, unknown>()
  readonly #cleanups: Cleanup[] = []
  readonly #never = new AbortController().signal
  readonly #state: SessionFold
  #calls = 0

  private constructor(harness: ToolHarness, folder: string) {
    this.#harness = harness
    this.folder = folder
    const { plugin } = harness
    this.#state = new SessionFold(new Map(plugin?.sessionState && [[plugin.name, plugin.sessionState]]))
    for (const event of sampleSession().events) this.#state.apply(event)
  }

  /** Runs `use` in a fresh folder that the harness prepared, ends the session that the tool saw, and removes the folder. */
  static async with(harness: ToolHarness, use: (place: ToolPlace) => Promise<void>): Promise<void> {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'halter-tool-')))
    const place = new ToolPlace(harness, folder)
    try {
      await harness.prepare?.(folder)
      await use(place)
    } finally {
      for (const cleanup of place.#cleanups.toReversed()) await cleanup()
      await rm(folder, { recursive: true, force: true })
    }
  }

  /** Runs the tool on an input, checked first as a runtime does. Never rejects for what the tool throws. */
  async run(input: Json, signal: AbortSignal = this.#never): Promise<ToolOutcome> {
    const { tool } = this.#harness
    const checked = await tool.validate(structuredClone(input))
    if (checked.issues)
      throw new Error(
        `"${tool.name}" refuses an input that it should take: ${JSON.stringify(checked.issues)}`,
      )
    return this.runChecked(checked.value, signal)
  }

  /** Runs the tool on what its check made of an input. */
  async runChecked(value: Json, signal: AbortSignal = this.#never): Promise<ToolOutcome> {
    try {
      return { status: 'returned', value: await this.#harness.tool.execute(value, this.#context(signal)) }
    } catch (error) {
      return { status: 'threw', error }
    }
  }

  /** Everything below the folder, to compare: names, contents, targets of links. */
  async files(): Promise<Readonly<Record<string, string>>> {
    const files: Record<string, string> = {}
    for (const entry of await readdir(this.folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name)
      if (entry.isFile()) files[path] = `file ${await readFile(path, 'base64')}`
      else files[path] = entry.isSymbolicLink() ? `link ${await readlink(path)}` : 'folder'
    }
    return files
  }

  #context(signal: AbortSignal): ToolContext {
    const state = this.#state
    const blueprint = { ...state.blueprint, workingDir: this.folder }
    this.#calls += 1
    return {
      callId: `call-${this.#calls}`,
      sessionId: state.sessionId,
      turnId: 'turn-1',
      blueprint,
      workingDir: this.folder,
      signal,
      emit: (text) => void this.emitted.push(text),
      session: { ...this.#port(), blueprint, state },
    }
  }

  #note(name: string, data: Json): void {
    const { plugin } = this.#harness
    if (!plugin) return
    const { sessionId, head } = this.#state
    const own = { sessionId, seq: head + 1, at: SAMPLE_TIME, v: EVENT_VERSIONS['plugin.noted'] }
    this.#state.apply({ ...own, type: 'plugin.noted', plugin: plugin.name, name, data })
  }

  /** A session that records notes alone, and has no children. */
  #port(): Omit<SessionPort, 'blueprint' | 'state'> {
    const nothing = async (): Promise<void> => {}
    return {
      note: async (name, data) => this.#note(name, data),
      inject: nothing,
      report: nothing,
      notify: nothing,
      steer() {},
      resources: async () => EMPTY_RESOURCES,
      callModel: () =>
        Promise.reject(new HalterError('ERR_MODEL_UNKNOWN', 'The session of this test has no model.')),
      callTool: () =>
        Promise.reject(new HalterError('ERR_TOOL_UNKNOWN', 'The session of this test has no other tool.')),
      openChild: () =>
        Promise.reject(new HalterError('ERR_SUBAGENT_LIMIT', 'The session of this test has no subagents.')),
      resource: (key, open) => {
        if (!this.#resources.has(key))
          this.#resources.set(
            key,
            open((cleanup: Cleanup) => void this.#cleanups.push(cleanup)),
          )
        return this.#resources.get(key) as ReturnType<typeof open>
      },
    }
  }
}
