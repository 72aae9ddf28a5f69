import { addUsage, type Usage } from '@halter/protocol'
import type { ContextInput, Obligation, TokenEstimator } from '../contracts/context-manager.ts'
import type { ModelReply, ModelRequest, ResolvedModel, ToolSpec } from '../contracts/provider.ts'
import { toErrorWire } from '../errors.ts'
import { messageTokens, ruleOfThumb } from '../session/token-estimate.ts'
import type { Activity } from './activity.ts'
import { beforeCompaction } from './before-compaction.ts'
import { callModel, NO_LISTENER } from './call-model.ts'
import { compactByProvider } from './compact-by-provider.ts'

/** What a context manager is asked about. */
export interface ContextQuestion {
  readonly model: ResolvedModel
  readonly tools: readonly ToolSpec[]
  /** The provider has just said that the context is too long. */
  readonly overflow?: boolean
  /** What the user wants the summary to keep. */
  readonly instructions?: string | undefined
}

/** What a context manager gets to work with, in a turn or between two, and what came of its calls. */
export class ContextDesk {
  readonly input: ContextInput
  /** What the calls for summaries have cost so far; undefined: there were none. */
  usage: Usage | undefined
  readonly #activity: Activity
  readonly #model: ResolvedModel
  readonly #estimator: TokenEstimator

  constructor(activity: Activity, { model, tools, overflow = false, instructions }: ContextQuestion) {
    this.#activity = activity
    this.#model = model
    this.#estimator = activity.optional('tokenEstimator') ?? ruleOfThumb
    const size = activity.session.estimate.size(activity.state, tools, this.#estimator)
    const canCompact = model.info.capabilities.compaction === true && model.provider.compact !== undefined
    this.input = {
      state: activity.state,
      turnId: activity.turn?.turnId,
      model,
      limits: model.info,
      tools,
      estimatedTokens: size.tokens,
      estimatedFrom: size.estimatedFrom,
      ...(overflow && { overflow }),
      tokensOf: (piece) =>
        typeof piece === 'string' ? this.#estimator(piece) : messageTokens(piece, this.#estimator),
      obligations: () => obligationsOf(activity),
      callModel: (request) => this.#callModel(request),
      ...(canCompact && {
        compactByProvider: async (request: ModelRequest, instructions: string) => {
          const call = { model, request, instructions, estimatedTokens: this.#tokensOf(request) }
          const compaction = await compactByProvider(activity, call)
          await this.#record(compaction.usage)
          return compaction
        },
      }),
      beforeCompaction: (trigger) =>
        beforeCompaction(activity, {
          trigger,
          window: size.tokens,
          ...(instructions !== undefined && { instructions }),
        }),
      note: (plugin, name, data) => activity.portFor(plugin).note(name, data),
    }
  }

  async #callModel(request: ModelRequest): Promise<ModelReply> {
    let wasted: Usage | undefined
    const call = callModel(this.#activity, request, {
      purpose: 'compaction',
      model: this.#model,
      messageId: this.#activity.service('ids').next('message'),
      estimatedTokens: this.#tokensOf(request),
      listener: NO_LISTENER,
      onFailure: (_, usage) => (wasted = usage),
    })
    const reply = await call.catch(async (error: unknown) => {
      await this.#record(wasted)
      throw error
    })
    await this.#record(reply.usage)
    return reply
  }

  async #record(usage: Usage | undefined): Promise<void> {
    if (!usage || usage.inputTokens + usage.outputTokens === 0) return
    this.usage = this.usage ? addUsage(this.usage, usage) : usage
    const { session, turn } = this.#activity
    await session.log.append([
      { type: 'usage.recorded', purpose: 'compaction', model: this.#model.id, usage, ...turn },
    ])
  }

  #tokensOf({ system, messages }: ModelRequest): number {
    let tokens = 0
    for (const { text } of system) tokens += this.#estimator(text)
    for (const message of messages) tokens += messageTokens(message, this.#estimator)
    return tokens
  }
}

/** What the plugins have to keep. One that fails costs a warning and what it had to say. */
function obligationsOf(activity: Activity): readonly Obligation[] {
  return (activity.optional('obligations') ?? []).flatMap((source) => {
    try {
      return source.of(activity.state)
    } catch (error) {
      const { code, message } = toErrorWire(error)
      const plugin = activity.generation.ownerOf(source)
      activity.warn(code, `"${source.name}" could not say what a compaction must keep: ${message}`, plugin)
      return []
    }
  })
}
