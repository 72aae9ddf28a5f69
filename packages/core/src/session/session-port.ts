import type { HookRun, Json, SessionBlueprint, SessionState } from '@halter/protocol'
import type { SessionPort } from '../contracts/hooks.ts'
import type { Defer } from '../contracts/services.ts'
import type { ChildHandle, SpawnRequest } from '../contracts/subagents.ts'
import { HalterError } from '../errors.ts'
import { toJson } from '../turn/to-json.ts'
import type { Session } from './session.ts'

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
    const record = { hook: '', ...run, plugin: this.#plugin }
    await this.#session.log.append([{ type: 'hook.ran', run: record, ...(turn && { turnId: turn.turnId }) }])
  }

  async notify(kind: string, message: string): Promise<void> {
    await this.#session.log.append([{ type: 'notification.raised', kind, message }])
  }

  steer(text: string): void {
    this.#session.submit([{ kind: 'text', text }], { whenBusy: 'steer' })
  }

  openChild(request: SpawnRequest): Promise<ChildHandle> {
    return this.#session.runtime.openChild(this.#session, request)
  }

  resource<T>(key: string, open: (defer: Defer) => T): T {
    return this.#session.resource(`${this.#plugin}/${key}`, open)
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
      throw new HalterError('ERR_HOOK_INVALID', `${this.#plugin} noted something that is not JSON.`, {
        cause,
        plugin: this.#plugin,
      })
    }
  }
}
