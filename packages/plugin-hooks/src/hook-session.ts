import { EMPTY_RESOURCES, type Defer, type SessionPort, type TapContext } from '@halter/core'
import type { Json } from '@halter/protocol'
import type { Answer, Opinion } from './merge-answers.ts'
import type { HookEventName } from './hook-events.ts'
import { EMPTY_PLAN, type HookPlan } from './hook-plan.ts'
import type { HookServices, Moment } from './hook-services.ts'
import type { SettingsFile } from './settings-files.ts'

/** What handlers said of a tool call before it ran. */
export interface JudgedCall {
  /** What they were shown. */
  readonly input: Json
  readonly answers: readonly Answer[]
}

/** What handlers said of a prompt before it was judged. */
export interface JudgedPrompt {
  readonly parts: string
  readonly verdict: Opinion | undefined
}

/** A finished call, as `PostToolBatch` is told of it. */
export interface BatchCall {
  readonly callId: string
  readonly name: string
  readonly input: Json
  readonly text: string
}

/** Which of the changed files are not to be applied, by path. */
export type JudgeSettings = (
  hooks: HookSession,
  changed: readonly SettingsFile[],
  moment: Moment,
) => Promise<ReadonlySet<string>>

/**
 * What the hooks of one open session know: the plan that the running turn has pinned, and what is between two taps of one event.
 * Nothing of it needs to survive the session's leaving memory.
 */
export class HookSession {
  readonly services: HookServices
  readonly session: SessionPort
  /** Aborted when the session leaves memory. */
  readonly closing: AbortController = new AbortController()
  readonly calls = new Map<string, JudgedCall>()
  /** Ids of `once` handlers that fired here; those of before are in the session's state. */
  readonly fired = new Set<string>()
  prompt: JudgedPrompt | undefined
  batch: BatchCall[] = []
  /** A handler said `continue: false` in this turn. */
  stop: { readonly turnId: string; readonly reason: string } | undefined
  compactionTrigger: 'manual' | 'auto' = 'auto'
  /** What was true at the last turn's start; changes since are events. */
  known: { readonly cwd: string; readonly model: string } | undefined
  /** The files of instructions that `InstructionsLoaded` has told of. */
  instructions = new Map<string, string>()
  #plan: HookPlan = EMPTY_PLAN
  #planTurn: string | undefined
  #settings: readonly SettingsFile[] | undefined
  /** Versions of settings files that a `ConfigChange` handler kept out. */
  readonly #refused = new Map<string, string>()
  readonly #told = new Set<string>()

  readonly #judge: JudgeSettings

  constructor(services: HookServices, session: SessionPort, defer: Defer, judge: JudgeSettings) {
    this.services = services
    this.session = session
    this.#judge = judge
    defer(() => this.closing.abort())
  }

  /** The plan that the running turn has pinned; undefined before its first event. Costs nothing. */
  planNow(turn: TapContext['turn']): HookPlan | undefined {
    return turn && turn.turnId === this.#planTurn ? this.#plan : undefined
  }

  /** The plan as it was last made. */
  get plan(): HookPlan {
    return this.#plan
  }

  /** False where no handler can be meant, without waiting for anything. */
  mayHandle(turn: TapContext['turn'], ...events: readonly HookEventName[]): boolean {
    const plan = this.planNow(turn)
    return !plan || events.some((event) => plan.byEvent.has(event))
  }

  /**
   * The plan for this moment: a turn keeps the one that its first event made, between turns it is made from what is there now.
   * Settings files that changed since the last one are judged first: those that are refused stay as they were.
   */
  async planFor(moment: Moment): Promise<HookPlan> {
    if (moment.turnId !== undefined && moment.turnId === this.#planTurn) return this.#plan
    const settings = await this.#readSettings(moment)
    const resources = this.services.usesResources ? await this.session.resources() : EMPTY_RESOURCES
    const isEmpty = settings.length === 0 && resources.hooks.length === 0 && !this.services.plans.hasOwn
    this.#plan = isEmpty ? EMPTY_PLAN : await this.services.plans.of({ settings, resources })
    this.#planTurn = moment.turnId
    this.#settings = settings
    for (const { category, source, message } of this.#plan.warnings)
      if (category !== 'never_dispatched') this.tell(moment, `${source.file}: ${message}.`)
    return this.#plan
  }

  /** A warning, once per session. */
  tell(moment: Moment, message: string): void {
    if (this.#told.has(message)) return
    this.#told.add(message)
    moment.warn(message)
  }

  async #readSettings(moment: Moment): Promise<readonly SettingsFile[]> {
    const { settings: reader, files, readsSettings } = this.services
    if (!reader) return []
    const { workingDir } = this.session.blueprint
    const named = files.length === 0 ? [] : await reader.named(files)
    if (!readsSettings) return named
    const ofUser = await reader.ofUser()
    const ofFolder = await this.#trusted(await reader.ofFolder(workingDir), moment)
    const now = [...ofUser, ...ofFolder, ...named]
    const before = new Map(this.#settings?.map((file) => [file.path, file]))
    const changed = this.#settings
      ? now.filter(
          ({ path, version }) => before.get(path)?.version !== version && this.#refused.get(path) !== version,
        )
      : []
    if (changed.length > 0) {
      const refused = await this.#judge(this, changed, moment)
      for (const { path, version } of changed) if (refused.has(path)) this.#refused.set(path, version)
    }
    return now.flatMap((file) =>
      this.#refused.get(file.path) === file.version ? (before.get(file.path) ?? []) : file,
    )
  }

  /** Hooks of a folder run only where somebody trusted it, with the content that it has now. */
  async #trusted(files: readonly SettingsFile[], moment: Moment): Promise<readonly SettingsFile[]> {
    const says = files.filter(
      ({ parsed, disablesAll }) => parsed.handlers.length > 0 || disablesAll !== undefined,
    )
    if (says.length === 0) return files
    const { workingDir } = this.session.blueprint
    if (await this.services.trust?.isTrusted(workingDir)) return files
    const names = says.map(({ path }) => path).join(', ')
    this.tell(moment, `The hooks in ${names} do not run: nobody has trusted ${workingDir} as it is now.`)
    return []
  }
}
