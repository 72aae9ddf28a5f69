import type { HookRun, Json, SessionBlueprint, SessionState } from '@halter/protocol'
import type { ModelAnswer, ModelQuestion, SessionPort, ToolCallResult } from '../contracts/hooks.ts'
import type { ResourceSnapshot } from '../contracts/resources.ts'
import type { Defer } from '../contracts/services.ts'
import type { ChildHandle, SpawnRequest } from '../contracts/subagents.ts'
import { HalterError } from '../errors.ts'
import { askModel } from '../turn/ask-model.ts'
import { callTool } from '../turn/plugin-tool-call.ts'
import { toJson } from '../turn/to-json.ts'
import { notify } from './notify.ts'
import { currentResources } from './pinned-resources.ts'
import type { Session } from './session.ts'

/** What is kept of the output that a handler reports. UTF-16 units. */
const MAX_OUTPUT_LENGTH = 16 * 1024

/** The session, as one plugin may touch it: everything it records carries its name. */
export class PluginPort implements SessionPort {
  readonly #session: Session
  readonly #plugin: string

  constructor(session: Session, plugin: string) {
    this.#session = session
    this.#plugin = plugin
  }

  get blueprint(): SessionBlueprint {
    return this.#session.state.blueprint
  }

  get state(): SessionState {
    return this.#session.state
  }

  async note(name: string, data: Json): Promise<void> {
    const wasFrozen = this.#frozen()
    await this.#session.log.append([
      { type: 'plugin.noted', plugin: this.#plugin, name, data: this.#json(data) },
    ])
    const reason = this.#frozen()
    if (reason !== undefined && wasFrozen === undefined) this.#warnOfFreeze(reason)
  }

  async inject(
    text: string,
    { scope = 'turn' }: { readonly scope?: 'turn' | 'session' } = {},
  ): Promise<void> {
    const id = this.#session.nextId('segment')
    await this.#session.log.append([{ type: 'context.injected', id, text, scope, plugin: this.#plugin }])
  }

  async report(run: Omit<HookRun, 'plugin' | 'hook'> & { readonly hook?: string }): Promise<void> {
    const { turn } = this.#session.state
    const { patch, output } = run
    const record = {
      hook: '',
      ...run,
      plugin: this.#plugin,
      ...(patch !== undefined && { patch: this.#json(patch) }),
      ...(output !== undefined && { output: output.slice(0, MAX_OUTPUT_LENGTH) }),
    }
    await this.#session.log.append([{ type: 'hook.ran', run: record, ...(turn && { turnId: turn.turnId }) }])
  }

  async notify(kind: string, message: string): Promise<void> {
    await notify(this.#session, kind, message)
  }

  steer(text: string): void {
    this.#session.submit([{ kind: 'text', text }], { whenBusy: 'steer' })
  }

  openChild(request: SpawnRequest): Promise<ChildHandle> {
    return this.#session.runtime.openChild(this.#session, request)
  }

  async resources(): Promise<ResourceSnapshot> {
    return currentResources(this.#open())
  }

  async callModel(question: ModelQuestion): Promise<ModelAnswer> {
    return askModel(this.#open(), question)
  }

  async callTool(
    name: string,
    input: Json,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<ToolCallResult> {
    const plugin = this.#plugin
    return callTool(this.#open(), { plugin, name, input: this.#json(input), signal })
  }

  resource<T>(key: string, open: (defer: Defer) => T): T {
    return this.#session.resource(`${this.#plugin}/${key}`, open)
  }

  #open(): Session {
    if (!this.#session.isDisposed) return this.#session
    throw new HalterError(
      'ERR_SESSION_CLOSED',
      `${this.#plugin} reached for session ${this.#session.id}, which is not open here any more.`,
      { plugin: this.#plugin },
    )
  }

  #frozen(): string | undefined {
    return this.state.plugins.get(this.#plugin)?.frozen
  }

  #warnOfFreeze(reason: string): void {
    const plugin = this.#plugin
    const message = `The sessionState reducer of ${plugin} threw, so its state stays as it was: ${reason}`
    this.#session.warn({ code: 'ERR_HOOK_FAILED', message, plugin })
  }

  /** What is stored must be what a replay shows. */
  #json(data: Json): Json {
    try {
      return toJson(data)
    } catch (cause) {
      throw new HalterError(
        'ERR_HOOK_INVALID',
        `${this.#plugin} gave session ${this.#session.id} something that is not JSON.`,
        {
          cause,
          plugin: this.#plugin,
        },
      )
    }
  }
}
