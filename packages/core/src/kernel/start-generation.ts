import { isHalterError, toErrorWire } from '../errors.ts'
import { Assembly, type Filling } from './assembly.ts'
import type { CarryOver } from './carry-over.ts'
import { Container } from './container.ts'
import { SealedHooks, type HookTableHost } from './hook-table.ts'
import type { LateLogger } from './late-logger.ts'
import type { PlannedPlugin, StartPlan } from './plan.ts'
import { RunningGeneration } from './running-generation.ts'
import { setupError, startPlugin, type Start, type StartedPlugin, type StartHost } from './start-plugin.ts'

/** What starting a generation takes, besides its plan. */
export interface GenerationHost extends StartHost, HookTableHost {}

/** A generation to be: what to start, and what to take over from the one before. */
export interface GenerationRequest {
  readonly number: number
  readonly plan: StartPlan
  readonly carried: CarryOver
  readonly previous: RunningGeneration | undefined
  /** The last step, in one go: makes it the current one, or throws, and it is undone. */
  commit(generation: RunningGeneration): void
}

/**
 * Starts a generation whole or not at all: when a plugin fails, those that were started for it are stopped, last first, and what
 * is carried over goes on. The one exception: an `exclusive` plugin that changed had to stop before its successor could start.
 * @throws HalterError `ERR_PLUGIN_SETUP`, or what `commit` throws.
 */
export async function startGeneration(request: GenerationRequest, host: GenerationHost): Promise<void> {
  const run = new GenerationStart(request, host)
  try {
    await run.start()
  } catch (error) {
    throw await run.undo(error)
  }
}

class GenerationStart implements Start {
  readonly root: Container
  readonly #abort = new AbortController()
  readonly #request: GenerationRequest
  readonly #host: GenerationHost
  readonly #assembly: Assembly
  readonly #started = new Map<string, StartedPlugin>()
  readonly #fresh: StartedPlugin[] = []
  /** Exclusive plugins of the running generation that had to go first. */
  readonly #stopped: string[] = []
  readonly #unbound: { readonly plugin: string; readonly logger: LateLogger }[] = []

  constructor(request: GenerationRequest, host: GenerationHost) {
    this.#request = request
    this.#host = host
    this.root = new Container(host)
    this.#assembly = new Assembly(this.root, request.plan, carriedFillings(request))
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  async start(): Promise<void> {
    const { number, plan, carried, commit } = this.#request
    for (const planned of plan.plugins) {
      const plugin = this.#carriedPlugin(planned) ?? (await this.#startFresh(planned))
      this.#started.set(planned.plugin.name, plugin)
      this.#assembly.add(plugin)
      this.#bindLoggers()
    }
    const plugins = [...this.#started.values()]
    const parts = {
      number,
      plan,
      carried,
      started: this.#started,
      container: this.root,
      fillings: this.#assembly.fillings,
      hooks: SealedHooks.of(
        plugins.flatMap(({ taps }) => taps),
        this.#host,
      ),
      owners: new Map(plugins.flatMap(contributions)),
    }
    commit(new RunningGeneration(parts))
  }

  /** Stops what was started, and tells in the error what else went wrong. */
  async undo(error: unknown): Promise<unknown> {
    this.#abort.abort(error)
    for (const plugin of this.#fresh.toReversed()) await plugin.stack.dispose()
    for (const { plugin, logger } of this.#unbound)
      for (const { level, message } of logger.takeLines())
        if (level === 'warn' || level === 'error')
          this.#host.onWarning({ code: 'PLUGIN_LOG', message: `${plugin} logged: ${message}`, plugin })
    if (this.#stopped.length === 0) return error
    const { message } = toErrorWire(error)
    const gone = `${this.#stopped.join(', ')} of the running generation had to stop first and is gone: restart, or reload with what works.`
    const plugin = isHalterError(error) && error.plugin !== undefined ? error.plugin : this.#stopped[0]!
    return setupError(plugin, `${message} ${gone}`, error)
  }

  bindLogger(plugin: string, logger: LateLogger): void {
    this.#unbound.push({ plugin, logger })
    this.#bindLoggers()
  }

  #bindLoggers(): void {
    const target = this.root.get('logger')
    if (!target) return
    for (const { plugin, logger } of this.#unbound.splice(0)) logger.bind(target.child({ plugin }))
  }

  #carriedPlugin({ plugin }: PlannedPlugin): StartedPlugin | undefined {
    const { carried, previous } = this.#request
    return carried.plugins.has(plugin.name) ? previous?.parts.started.get(plugin.name) : undefined
  }

  async #startFresh(planned: PlannedPlugin): Promise<StartedPlugin> {
    const { name, exclusive } = planned.plugin
    const old = this.#request.previous?.parts.started.get(name)
    if (old && (exclusive || old.planned.plugin.exclusive)) {
      this.#stopped.push(name)
      await old.stack.dispose()
    }
    const plugin = await startPlugin(planned, this, this.#host)
    this.#fresh.push(plugin)
    return plugin
  }
}

function contributions({ planned: { plugin }, result }: StartedPlugin): [object, string][] {
  return plugin.contributes.flatMap((collection) =>
    (result[collection] as readonly object[]).map((each): [object, string] => [each, plugin.name]),
  )
}

function carriedFillings({ carried, previous }: GenerationRequest): Map<string, Filling> {
  const fillings = [...(previous?.parts.fillings ?? [])]
  return new Map(fillings.filter(([name]) => carried.services.has(name)))
}
