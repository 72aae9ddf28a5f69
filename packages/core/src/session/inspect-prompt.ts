import {
  SessionFold,
  type ContextPlan,
  type Message,
  type SessionId,
  type StoredEvent,
} from '@halter/protocol'
import type { ContextInput, TokenEstimator } from '../contracts/context-manager.ts'
import type { SessionPort } from '../contracts/hooks.ts'
import type { InspectedCompaction, InspectedMessage, PromptInspection } from '../contracts/inspection.ts'
import type { AssembledPrompt } from '../contracts/prompt-assembler.ts'
import type { ResolvedModel } from '../contracts/provider.ts'
import { EMPTY_RESOURCES } from '../contracts/resources.ts'
import type { Cradle } from '../contracts/services.ts'
import { HalterError, isHalterError } from '../errors.ts'
import type { DispatchContext } from '../kernel/dispatch.ts'
import type { Generation, SessionScope } from '../kernel/generation.ts'
import { createToolSet, type ToolSet } from '../turn/tool-set.ts'
import type { Runtime } from './runtime.ts'
import { messageTokens, ruleOfThumb, TokenEstimate } from './token-estimate.ts'

/**
 * Plans and assembles once more what the newest model call of a turn was shown. Calls no model and appends nothing: whoever tries is
 * told that nothing came of it.
 * @throws HalterError `ERR_SESSION_UNKNOWN`; `ERR_SESSION_INPUT` when there is no such turn.
 */
export async function inspectPrompt(
  runtime: Runtime,
  id: SessionId,
  turn: number | undefined,
): Promise<PromptInspection> {
  const moment = await findMoment(runtime, id, turn)
  const state = new SessionFold(runtime.reducers)
  const compactions: InspectedCompaction[] = []
  for await (const event of runtime.store.replay(id, { limit: moment.seq })) {
    state.apply(event)
    if (event.type === 'compaction.applied') compactions.push(compactionOf(event))
  }
  const pinned = runtime.kernel.pin()
  const scope = pinned.generation.openSession(state.blueprint)
  try {
    const inspection = new Inspection({ runtime, generation: pinned.generation, scope, state, moment })
    return { ...(await inspection.run()), compactions }
  } finally {
    await scope.close()
    pinned.release()
  }
}

/** Where in a log a prompt was sent. */
interface Moment {
  readonly turn: number
  readonly started?: StoredEvent<'turn.started'>
  /** The last event before the reply. */
  readonly seq: number
  /** The model that was asked, where a reply tells. */
  readonly model?: string
}

async function findMoment(runtime: Runtime, id: SessionId, wanted: number | undefined): Promise<Moment> {
  let moment: Moment = { turn: 0, seq: 0 }
  let replied = false
  for await (const event of runtime.store.replay(id)) {
    if (event.type === 'turn.started') {
      if (moment.turn === wanted) break
      moment = { turn: moment.turn + 1, started: event, seq: event.seq }
      replied = false
    } else if (event.type === 'message.appended' && event.message.role === 'assistant') {
      moment = { ...moment, seq: event.seq - 1 }
      replied = true
    } else if (event.type === 'usage.recorded' && event.purpose === 'turn')
      moment = { ...moment, model: event.model }
    else if (!replied && !isEnd(event)) moment = { ...moment, seq: event.seq }
  }
  if (moment.seq === 0) throw new HalterError('ERR_SESSION_UNKNOWN', `There is no session ${id}.`)
  if (wanted === undefined || moment.turn === wanted) return moment
  throw new HalterError(
    'ERR_SESSION_INPUT',
    `Session ${id} has no turn ${wanted}: it has ${moment.turn}, counted from 1.`,
  )
}

function isEnd({ type }: StoredEvent): boolean {
  return type === 'turn.completed' || type === 'turn.failed'
}

function compactionOf(event: StoredEvent<'compaction.applied'>): InspectedCompaction {
  const { seq, trigger, droppedSeqs, tokensBefore, tokensAfter, reason } = event
  return {
    seq,
    trigger,
    droppedSeqs,
    tokensBefore,
    tokensAfter,
    ...(reason !== undefined && { reason }),
  }
}

interface InspectionParts {
  readonly runtime: Runtime
  readonly generation: Generation
  readonly scope: SessionScope
  readonly state: SessionFold
  readonly moment: Moment
}

class Inspection {
  readonly #parts: InspectionParts
  readonly #estimator: TokenEstimator
  readonly #signal = new AbortController().signal

  constructor(parts: InspectionParts) {
    this.#parts = parts
    this.#estimator = parts.scope.get('tokenEstimator') ?? ruleOfThumb
  }

  async run(): Promise<Omit<PromptInspection, 'compactions'>> {
    const { scope, state, moment } = this.#parts
    const model = await this.#model()
    const names = moment.started?.settings?.tools ?? state.blueprint.tools
    const given = scope.get('tools') ?? []
    const tools = createToolSet(names ? given.filter(({ name }) => names.includes(name)) : given)
    const plan = await this.#plan(model, tools)
    const prompt = await this.#assemble(plan, model, tools)
    const { messages, leftOut } = this.#compare(prompt)
    return {
      sessionId: state.sessionId,
      turn: moment.turn,
      ...(moment.started && { turnId: moment.started.turnId }),
      seq: moment.seq,
      model: model.id,
      window: model.info.window,
      estimatedTokens: plan.estimatedTokens,
      tools: tools.specs.map((spec) => ({ name: spec.name, tokens: this.#estimator(JSON.stringify(spec)) })),
      system: prompt.system.map((segment) => ({ ...segment, tokens: this.#estimator(segment.text) })),
      messages,
      tail: prompt.tail.map((segment) => ({ ...segment, tokens: this.#estimator(segment.text) })),
      breakpoints: prompt.breakpoints,
      leftOut,
    }
  }

  /** The model that answered, or the session's, where that one is not to be had any more. */
  async #model(): Promise<ResolvedModel> {
    const { moment, state } = this.#parts
    const models = this.#service('models')
    if (moment.model === undefined) return models.resolve(state.blueprint.model, 'default')
    try {
      return await models.resolve(moment.model, 'default')
    } catch (error) {
      if (!isHalterError(error, 'ERR_MODEL_UNKNOWN')) throw error
      return models.resolve(state.blueprint.model, 'default')
    }
  }

  async #plan(model: ResolvedModel, { specs }: ToolSet): Promise<ContextPlan> {
    const { generation, state } = this.#parts
    const input = this.#contextInput(model, specs)
    const { compaction: _, ...plan } = await this.#service('contextManager').plan(input, this.#signal)
    return generation.hooks.transform('context.transform', plan, contextOf(this.#parts, state))
  }

  #contextInput(model: ResolvedModel, tools: ToolSet['specs']): ContextInput {
    const { state, moment } = this.#parts
    const size = new TokenEstimate().size(state, tools, this.#estimator)
    return {
      state,
      turnId: moment.started?.turnId,
      model,
      limits: model.info,
      tools,
      estimatedTokens: size.tokens,
      estimatedFrom: size.estimatedFrom,
      tokensOf: (piece) =>
        typeof piece === 'string' ? this.#estimator(piece) : messageTokens(piece, this.#estimator),
      obligations: () => [],
      callModel: () =>
        Promise.reject(new HalterError('ERR_MODEL_FAILED', 'No model is called to look at a prompt.')),
      beforeCompaction: async () => undefined, // what was compacted is in the log; nothing is now
      note: async () => {},
    }
  }

  async #assemble(plan: ContextPlan, model: ResolvedModel, tools: ToolSet): Promise<AssembledPrompt> {
    const { runtime, scope, state } = this.#parts
    const { blueprint } = state
    const resources =
      runtime.resourceOverride ?? (await scope.get('resources')?.snapshot(blueprint, this.#signal))
    return this.#service('promptAssembler').assemble(
      {
        blueprint,
        resources: resources ?? EMPTY_RESOURCES,
        plan,
        tools: tools.specs,
        model,
        environment: await this.#service('environment').describe(blueprint.workingDir, this.#signal),
      },
      this.#signal,
    )
  }

  #compare({ messages }: AssembledPrompt): Pick<PromptInspection, 'messages' | 'leftOut'> {
    const { transcript } = this.#parts.state
    const stored = new Map([...transcript].map((message) => [message.id, message]))
    const shown = [...messages].map((message) => this.#inspect(message, stored.get(message.id)))
    for (const { message } of shown) stored.delete(message.id)
    return { messages: shown, leftOut: [...stored.keys()] }
  }

  #inspect(message: Message, stored: Message | undefined): InspectedMessage {
    const tokens = messageTokens(message, this.#estimator)
    const isChanged =
      stored !== undefined &&
      stored !== message &&
      JSON.stringify(stored.parts) !== JSON.stringify(message.parts)
    return { message, tokens, ...(isChanged && { storedTokens: messageTokens(stored, this.#estimator) }) }
  }

  #service<K extends keyof Cradle>(name: K): NonNullable<Cradle[K]> {
    const service = this.#parts.scope.get(name)
    if (service !== undefined && service !== null) return service
    throw new HalterError('ERR_SERVICE_MISSING', `No plugin provides "${name}". Add one that does.`)
  }
}

/** Where hooks are called from: a session that takes nothing in. */
function contextOf({ runtime, scope, moment }: InspectionParts, state: SessionFold): DispatchContext {
  const turnId = moment.started?.turnId
  return {
    turn: turnId === undefined ? undefined : { turnId },
    step: state.turn?.steps,
    signal: undefined,
    scope,
    portFor: () => readOnlyPort(state),
    warn: (code, message, plugin) => runtime.warn({ code, message, ...(plugin !== undefined && { plugin }) }),
  }
}

function readOnlyPort(state: SessionFold): SessionPort {
  const nothing = async (): Promise<void> => {}
  return {
    blueprint: state.blueprint,
    state,
    note: nothing,
    inject: nothing,
    report: nothing,
    notify: nothing,
    steer() {},
    openChild: () => Promise.reject(refusal('open a child')),
    resources: async () => EMPTY_RESOURCES,
    callModel: () => Promise.reject(refusal('ask a model')),
    callTool: () => Promise.reject(refusal('run a tool')),
    resource() {
      throw refusal('open a resource')
    },
  }
}

function refusal(what: string): HalterError {
  return new HalterError('ERR_SESSION_READ_ONLY', `Nobody may ${what} while a prompt is only looked at.`)
}
