import type {
  CompactionRequest,
  CompactionResult,
  ContextInput,
  ContextManager,
  Obligation,
} from '@halter/core'
import type { CompactionTrigger, ContextPlan, PromptSegment, SessionState } from '@halter/protocol'
import { Calibration } from './calibration.ts'
import { contextStateOf, PLUGIN, type ContextState } from './context-state.ts'
import { listObligations, liveObligations } from './obligations.ts'
import { Pacing } from './pacing.ts'
import { completeSettings, type ContextSettings } from './settings.ts'
import { ShownWindow } from './shown-window.ts'
import { thresholdsOf, type Thresholds } from './thresholds.ts'

/** An estimate is taken to be this much too low. Tokens. */
const MARGIN = 100
/** How much larger messages may be than they are estimated, when they are to account for a size. */
const TOLERANCE = 1.5

/** What the manager knows of one open session. All of it can be made again from the session's state. */
interface Memory {
  readonly window: ShownWindow
  readonly pacing: Pacing
  readonly calibration: Calibration
  /** The newest state that was noted from here: where nobody folds the plugin's notes, the only one. */
  noted: ContextState | undefined
}

/** A session at one step. */
interface Look {
  readonly memory: Memory
  readonly known: ContextState
  readonly limits: Thresholds
  readonly plan: ContextPlan
}

/**
 * Shows the model the whole window as long as there is room. When there is none, old and large tool outputs give way to markers;
 * where that is not enough, a summary takes the place of the oldest turns, and then of the oldest steps of the running one. What a
 * step showed is how the next begins, from one compaction to the next.
 */
export class DefaultContextManager implements ContextManager {
  readonly #settings: ContextSettings
  readonly #memories = new WeakMap<SessionState, Memory>()

  /** @throws HalterError `ERR_PLUGIN_CONFIG` for settings that contradict each other. */
  constructor(settings: Partial<ContextSettings> = {}) {
    this.#settings = completeSettings(settings)
  }

  plan(input: ContextInput, signal: AbortSignal): ContextPlan | Promise<ContextPlan> {
    const look = this.#look(input)
    const { plan, limits, memory } = look
    const { compactions, transcript } = input.state
    const isUnder = plan.estimatedTokens + MARGIN < limits.compactAt
    memory.pacing.observe({ compactions, length: transcript.length, isUnder })
    if (isUnder && !input.overflow) return plan
    return this.#planShorter(input, look, signal)
  }

  /**
   * Replaces everything before the newest prompt by a summary.
   * @throws HalterError `ERR_COMPACTION_UNSUPPORTED` when only the provider may compact and cannot; what the model call failed with;
   * the reason of `signal`. Nothing has changed then.
   */
  async compactNow(
    request: CompactionRequest,
    input: ContextInput,
    signal: AbortSignal,
  ): Promise<CompactionResult | undefined> {
    signal.throwIfAborted()
    const { trigger, instructions } = request
    const compacted = await this.#compact(input, this.#look(input), { trigger, instructions, signal })
    return compacted.kind === 'done' ? compacted.result : undefined
  }

  /** What the model sees as things are; costs what is new since the last look. */
  #look(input: ContextInput): Look {
    const { state } = input
    const memory = this.#memoryOf(state)
    const known = contextStateOf(state, memory.noted)
    const limits = thresholdsOf(input.limits, this.#settings)
    const { outputAtMost } = limits
    const rules = { clearedThrough: known.clearedThrough, outputAtMost, settings: this.#settings }
    const { window } = memory
    window.sync(input, rules)
    const plan = {
      messages: window.view(state),
      segments: window.hasNative ? [...state.injected, keptSegment(input, known)] : state.injected,
      estimatedTokens: Math.max(0, input.estimatedTokens - window.savedFrom(input.estimatedFrom)),
    }
    memory.calibration.learn(input, plan.messages, plan.estimatedTokens)
    return { memory, known, limits, plan }
  }

  /** Never fails for a summary that could not be had: the plan stays as it is, with a warning. */
  async #planShorter(input: ContextInput, look: Look, signal: AbortSignal): Promise<ContextPlan> {
    signal.throwIfAborted()
    const { plan, known, memory } = look
    const { pacing } = memory
    const trigger = input.overflow ? 'overflow' : 'auto'
    const pace = input.overflow ? GO : pacing.decide(known.useless, () => isExplained(input, look))
    if (pace.kind === 'wait') return plan
    if (pace.kind === 'stop')
      return this.#warned(look, 'compacting it again and again did not make it smaller')
    try {
      const compacted = await this.#compact(input, look, { trigger, signal, useless: pace.useless })
      if (compacted.kind === 'done') return { ...plan, compaction: compacted.result.outcome }
      pacing.postpone()
      return compacted.kind === 'kept' ? plan : this.#warned(look, 'nothing in it can be left out')
    } catch (error) {
      signal.throwIfAborted()
      pacing.postpone()
      const why = error instanceof Error ? error.message : String(error)
      const warning = `The context could not be compacted, and stays as it is: ${why}`
      return pacing.mayWarn(why) ? { ...plan, warning } : plan
    }
  }

  async #compact(
    input: ContextInput,
    { memory, known, limits, plan }: Look,
    how: {
      readonly trigger: CompactionTrigger
      readonly signal: AbortSignal
      readonly instructions?: string | undefined
      readonly useless?: number
    },
  ) {
    // Not imported at the top: most sessions end without a compaction.
    const { compactContext } = await import('./compact-context.ts')
    return compactContext({
      useless: 0,
      ...how,
      input,
      settings: this.#settings,
      limits,
      shown: plan.messages,
      tokens: plan.estimatedTokens,
      known,
      factor: (estimated) => {
        const factor = memory.calibration.factor(plan.estimatedTokens, estimated)
        return how.trigger === 'overflow' ? Math.max(1, factor) : factor
      },
      remember: (state) => (memory.noted = state),
    })
  }

  #warned({ memory, plan, limits }: Look, why: string): ContextPlan {
    if (!memory.pacing.mayWarn(why)) return plan
    const [is, at] = [plan.estimatedTokens, limits.compactAt].map(Math.round)
    const cure = 'Choose a model with a larger window, or begin a new session.'
    return {
      ...plan,
      warning: `The context takes about ${is} tokens, and is to be compacted at ${at}, but ${why}. ${cure}`,
    }
  }

  #memoryOf(state: SessionState): Memory {
    let memory = this.#memories.get(state)
    if (!memory) {
      memory = {
        window: new ShownWindow(),
        pacing: new Pacing(this.#settings),
        calibration: new Calibration(),
        noted: undefined,
      }
      this.#memories.set(state, memory)
    }
    return memory
  }
}

const GO = Object.freeze({ kind: 'go', useless: 0 })

/** Whether the newest compaction brought the context down, and what came after it brought it up again. Looks at that only. */
function isExplained({ state, tokensOf }: ContextInput, { known, limits, plan }: Look): boolean {
  const { compactedAt, sizeAfter } = known
  if (compactedAt === 0) return true // somebody else's: nothing is known of it
  if (sizeAfter >= limits.compactAt) return false
  let missing = (limits.compactAt - sizeAfter) / TOLERANCE
  for (let index = plan.messages.length - 1; missing > 0; index--) {
    if (index < 0 || state.seqs[index]! <= compactedAt) return false
    missing -= tokensOf(plan.messages.at(index)!)
  }
  return true
}

/** What a provider's own item may not show: said beside the messages, in the tail, as long as that item is there. */
function keptSegment({ state, obligations }: ContextInput, { goal, rules }: ContextState): PromptSegment {
  const kept: readonly Obligation[] = [
    ...(goal ? [{ kind: 'goal', text: goal.text }] : []),
    ...rules.map((text) => ({ kind: 'rule', text })),
    ...liveObligations(state),
    ...obligations().filter(({ messageId }) => messageId === undefined),
  ]
  return {
    id: 'obligations',
    text: kept.length === 0 ? '' : `# Still in force\n\n${listObligations(kept)}`,
    stability: 'turn',
    plugin: PLUGIN,
  }
}
