import {
  addUsage,
  type AssistantMessage,
  type Message,
  type PendingEvent,
  type StoredEvent,
  type TurnId,
  type Usage,
  type UserPart,
} from '@halter/protocol'
import type { ResolvedModel } from '../contracts/provider.ts'
import type { ToolCallResult } from '../contracts/hooks.ts'
import type { ResourceSnapshot } from '../contracts/resources.ts'
import type { TurnOptions, TurnResult } from '../contracts/runtime.ts'
import type { EnvironmentFacts } from '../contracts/system.ts'
import type { Session } from '../session/session.ts'
import { Activity, type Spending } from './activity.ts'
import { announceEnd, type CallSite } from './call-site.ts'
import { RepeatedCalls } from './repeated-calls.ts'
import type { PluginToolCall } from './plugin-tool-call.ts'
import type { OutputContract } from './structured-output.ts'
import type { ToolSet } from './tool-set.ts'

/** What a turn is made from. */
export interface TurnStart {
  readonly id: TurnId
  readonly input: readonly UserPart[]
  readonly options: TurnOptions
}

/** How a turn ended, for its submitter. */
export type Settled = Omit<TurnResult, 'turnId'>

/**
 * What goes down the line of phases. What is stored changes by `append` and `commit` only; the state is their fold, never set.
 */
export class Turn extends Activity implements Pick<CallSite, 'caller' | 'commit'> {
  readonly id: TurnId
  readonly input: readonly UserPart[]
  readonly options: TurnOptions
  readonly caller = undefined
  readonly repeatedCalls = new RepeatedCalls()
  /** What plugins have running beside the model's calls. */
  readonly pluginCalls = new Set<PluginToolCall>()
  /** Pinned first of all in the open phase. */
  resources: ResourceSnapshot | undefined
  /** The next four are set by the open phase. */
  model!: ResolvedModel
  environment!: EnvironmentFacts
  tools!: ToolSet
  output: OutputContract | undefined
  /** The newest reply, stored or about to be. */
  reply: AssistantMessage | undefined
  /** How often a `turn.guard` has kept the turn going. */
  continuations = 0
  /** Input that joins the turn at its next safe point. */
  steered: (readonly UserPart[])[] = []
  /** Calls that were answered without being run, and whose answers are not stored yet. */
  readonly unrun: ToolCallResult[] = []
  /** Set when the turn goes on elsewhere: nothing more of it is stored from here. */
  isLeft = false
  /** Set once no safe point will come any more. */
  isClosing = false
  readonly #startedAt: number
  readonly #firstSeq: number
  #pending: PendingEvent[] = []
  #usage: Usage | undefined

  constructor(session: Session, { id, input, options }: TurnStart) {
    super(session, id)
    this.id = id
    this.input = input
    this.options = options
    this.#startedAt = this.clock.monotonic()
    this.#firstSeq = session.state.head + 1
  }

  /** False until the open phase has made them. */
  get hasTools(): boolean {
    return (this.tools as ToolSet | undefined) !== undefined
  }

  /** True from the commit of `turn.started` to that of the terminal event. */
  get isOpen(): boolean {
    return this.state.turn?.turnId === this.id
  }

  /** What the turn has cost so far, stored or not. */
  get usage(): Usage {
    if (this.#usage) return this.#usage
    const stored = this.state.turn?.usage ?? { inputTokens: 0, outputTokens: 0 }
    return this.#pending.reduce(
      (sum, event) => (event.type === 'usage.recorded' ? addUsage(sum, event.usage) : sum),
      stored,
    )
  }

  /** What the turn has put into the transcript. */
  get messages(): readonly Message[] {
    const { seqs, transcript } = this.session.state
    let from = seqs.length
    while (from > 0 && seqs[from - 1]! >= this.#firstSeq) from -= 1
    return transcript.slice(from)
  }

  /** Puts an event into the next commit. */
  append(event: PendingEvent): void {
    this.#pending.push(event)
  }

  /** Stores what was appended, and `last` after it. Nothing to store is nothing done; what could not be goes with the next commit. */
  commit(last?: PendingEvent): Promise<readonly StoredEvent[]> {
    if (last) this.append(last)
    const events = this.#pending
    if (events.length === 0) return NOTHING
    this.#pending = []
    const stored = this.session.log.append(events)
    stored.catch(() => {
      this.#pending = [...events, ...this.#pending]
    })
    return stored
  }

  /** Stores what was appended and the terminal event, which tells what the turn has cost. */
  async end(terminal: (usage: Usage) => PendingEvent<'turn.completed' | 'turn.failed'>): Promise<void> {
    const { usage } = this
    const last = terminal(usage)
    try {
      await this.commit(last)
    } catch (error) {
      this.#pending = this.#pending.filter((event) => event !== last)
      throw error
    }
    this.#usage = usage
  }

  /** Takes back intents that are not stored: their tools will not run. */
  dropIntents(): void {
    this.#pending = this.#pending.filter(({ type }) => type !== 'toolCall.started')
  }

  /** Tells of the calls that were not run, once their answers are stored. */
  announceUnrun(): void {
    for (const result of this.unrun.splice(0)) announceEnd(this, result)
  }

  /** Milliseconds since the turn began. */
  get elapsedMs(): number {
    return this.clock.monotonic() - this.#startedAt
  }

  override spending(): readonly Spending[] {
    const [own, ...ancestors] = super.spending()
    const limits = this.options.limits ? { ...own!.limits, ...this.options.limits } : own!.limits
    return [{ ...own!, limits, steps: this.state.turn?.steps ?? 0 }, ...ancestors]
  }
}

const NOTHING: Promise<readonly StoredEvent[]> = Promise.resolve([])
