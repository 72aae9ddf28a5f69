import type { DeclaredResource, SessionPort, TapContext } from '@halter/core'
import { toolCallsOf, type AssistantMessage, type Json } from '@halter/protocol'
import type { Answer, Opinion } from './merge-answers.ts'
import type { HookEventName } from './hook-events.ts'
import { EMPTY_PLAN, type HookPlan } from './hook-plan.ts'
import type { HookServices, Moment } from './hook-services.ts'

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
  /** What the model reads of it. */
  readonly response: Json
}

/** Which of the changed hook files are not to be applied, by path. */
export type JudgeChange = (
  hooks: HookSession,
  changed: readonly string[],
  moment: Moment,
) => Promise<ReadonlySet<string>>

/**
 * What the hooks of one open session know: the plan that the running turn has pinned, and what is between two taps of one event.
 * Nothing of it needs to survive the session's leaving memory.
 */
export class HookSession {
  readonly services: HookServices
  readonly session: SessionPort
  /** Aborted when this is over. */
  readonly closing: AbortController = new AbortController()
  /** Files that handlers are told of, and how to stop that. */
  readonly watched = new Map<string, () => void>()
  readonly calls = new Map<string, JudgedCall>()
  /** Ids of `once` handlers that fired here; those of before are in the session's state. */
  readonly fired = new Set<string>()
  prompt: JudgedPrompt | undefined
  /** The newest reply, stored or about to be. */
  reply: AssistantMessage | undefined
  batch: BatchCall[] = []
  /** What handlers have to say of denied calls, as far as no model call has waited for it. */
  readonly denials: Promise<readonly string[]>[] = []
  /** A handler said `continue: false` in this turn. */
  stop: { readonly turnId: string; readonly why: string } | undefined
  /** What was true at the last turn's start; changes since are events. */
  known: { readonly cwd: string; readonly model: string } | undefined
  /** The files of instructions that `InstructionsLoaded` has told of. */
  instructions = new Map<string, string>()
  #plan: HookPlan = EMPTY_PLAN
  #planTurn: string | undefined
  /** The files of the plan, as they were when it was made. */
  #declared: readonly DeclaredResource[] | undefined
  /** Content of files that a `ConfigChange` handler kept out, by path. */
  readonly #refused = new Map<string, string>()
  readonly #told = new Set<string>()

  readonly #judge: JudgeChange

  constructor(services: HookServices, session: SessionPort, judge: JudgeChange) {
    this.services = services
    this.session = session
    this.#judge = judge
  }

  /** The session leaves memory, or the plugin was reloaded with other options: nothing happens here any more. */
  close(): void {
    this.closing.abort()
    for (const stop of this.watched.values()) stop()
    this.watched.clear()
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
   * Hook files that changed since the last one are judged first: those that are refused stay as they were.
   */
  async planFor(moment: Moment): Promise<HookPlan> {
    if (moment.turnId !== undefined && moment.turnId === this.#planTurn) return this.#plan
    const declared = await this.#applied(await this.#read(), moment)
    const isEmpty = declared.length === 0 && !this.services.plans.hasOwn
    this.#plan = isEmpty ? EMPTY_PLAN : await this.services.plans.of(declared)
    this.#declared = declared
    this.#planTurn = moment.turnId
    for (const { category, source, message } of this.#plan.warnings)
      if (category !== 'never_dispatched') this.tell(moment, `${source.file}: ${message}.`)
    return this.#plan
  }

  /** The newest reply, where it is the one that made a call. */
  replyWith(callId: string | undefined): AssistantMessage | undefined {
    const { reply } = this
    const isIt =
      callId !== undefined && reply !== undefined && toolCallsOf(reply).some((call) => call.callId === callId)
    return isIt ? reply : undefined
  }

  /** A warning, once per session. */
  tell(moment: Moment, message: string): void {
    if (this.#told.has(message)) return
    this.#told.add(message)
    moment.warn(message)
  }

  async #read(): Promise<readonly DeclaredResource[]> {
    const { named, usesResources, usesSettings } = this.services
    const configured = await named.read()
    if (!usesResources) return configured
    const { hooks } = await this.session.resources()
    const found = usesSettings ? hooks : hooks.filter(({ plugin }) => plugin)
    return configured.length === 0 ? found : [...found, ...configured]
  }

  /** The files as they are applied: those outside bundles that changed only where no handler is against it. */
  async #applied(found: readonly DeclaredResource[], moment: Moment): Promise<readonly DeclaredResource[]> {
    const applied = this.#declared
    if (!applied || (found.length === applied.length && found.every((file, i) => file === applied[i])))
      return found
    const before = new Map(applied.map((file) => [file.source, file]))
    const now = new Map(found.map((file) => [file.source, file]))
    const changed = [...new Set([...before.keys(), ...now.keys()])].filter((source) => {
      const [old, young] = [before.get(source), now.get(source)]
      if (old?.plugin || young?.plugin || old?.value === young?.value) return false
      const text = JSON.stringify(young?.value ?? null)
      return text !== JSON.stringify(old?.value ?? null) && text !== this.#refused.get(source)
    })
    const refused = changed.length > 0 ? await this.#judge(this, changed, moment) : new Set<string>()
    for (const source of refused) this.#refused.set(source, JSON.stringify(now.get(source)?.value ?? null))
    const isKept = (source: string): boolean =>
      this.#refused.get(source) === JSON.stringify(now.get(source)?.value ?? null)
    return [
      ...found.flatMap((file) => (isKept(file.source) ? (before.get(file.source) ?? []) : file)),
      ...applied.filter(({ source }) => !now.has(source) && isKept(source)),
    ]
  }
}
