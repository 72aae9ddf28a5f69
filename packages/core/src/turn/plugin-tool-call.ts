import type { Json, PendingEvent, ToolCallPart, TurnId } from '@halter/protocol'
import type { ToolCallResult } from '../contracts/hooks.ts'
import { HalterError } from '../errors.ts'
import { currentNesting, runNested } from '../kernel/attribution.ts'
import type { Session } from '../session/session.ts'
import { Activity } from './activity.ts'
import { announceEnd, type CallSite } from './call-site.ts'
import { followSignal } from './follow-signal.ts'
import { prepareCall, type CallAnswer } from './prepare-call.ts'
import { RepeatedCalls } from './repeated-calls.ts'
import { answerTo, runCall } from './run-call.ts'
import { FINAL_ANSWER } from './structured-output.ts'
import { NOT_STARTED } from './tool-answers.ts'
import type { ToolSet } from './tool-set.ts'
import type { Turn } from './turn.ts'

/** How deep tool calls of plugins may be inside one another: hooks of a call can make the next one. */
const MAX_NESTING = 8

/** What a plugin wants run. */
export interface PluginToolRequest {
  readonly plugin: string
  readonly name: string
  readonly input: Json
  readonly signal?: AbortSignal | undefined
}

/** See `SessionPort.callTool`. */
export async function callTool(session: Session, request: PluginToolRequest): Promise<ToolCallResult> {
  const turn = session.turns.current
  if (!turn?.isOpen || turn.isClosing || !turn.hasTools)
    throw new HalterError(
      'ERR_SESSION_INPUT',
      `${request.plugin} called the tool "${request.name}" while no turn of session ${session.id} ran. Tools are run in turns only.`,
      { plugin: request.plugin },
    )
  if (!turn.tools.byName.has(request.name) || request.name === FINAL_ANSWER)
    throw new HalterError(
      'ERR_TOOL_UNKNOWN',
      `${request.plugin} called the tool "${request.name}", which this turn does not have. It has: ${[...turn.tools.byName.keys()].toSorted().join(', ') || 'none'}.`,
      { plugin: request.plugin },
    )
  const { toolCalls } = currentNesting()
  if (toolCalls >= MAX_NESTING)
    throw new HalterError(
      'ERR_REENTRANT',
      `${request.plugin} called the tool "${request.name}" from inside ${toolCalls} other tool calls of plugins: a hook of such a call makes the next one. Look at \`by\` of a call before you make another for it.`,
      { plugin: request.plugin },
    )
  const call = new PluginToolCall(turn, request)
  return runNested({ toolCalls: toolCalls + 1 }, () => call.run())
}

/** Ends what plugins have running, and waits until it is recorded: nothing of a turn comes after its terminal event. */
export async function endPluginCalls(turn: Turn): Promise<void> {
  if (turn.pluginCalls.size === 0) return
  const over = new HalterError(
    'ERR_TURN_INTERRUPTED',
    'The turn ended while a plugin still had a tool running.',
  )
  for (const call of turn.pluginCalls) call.abort.abort(over)
  await Promise.all(Array.from(turn.pluginCalls, ({ ended }) => ended))
}

/** A tool call that a plugin makes while a turn runs: judged and recorded like the model's, and not part of the transcript. */
export class PluginToolCall extends Activity implements Pick<CallSite, 'caller' | 'commit'> {
  readonly id: TurnId
  readonly tools: ToolSet
  readonly caller: string
  /** Nobody's: the model repeats nothing here. */
  readonly repeatedCalls = new RepeatedCalls()
  readonly #turn: Turn
  readonly #call: ToolCallPart
  readonly #signal: AbortSignal | undefined
  readonly #ended = Promise.withResolvers<void>()
  #isStarted = false

  constructor(turn: Turn, { plugin, name, input, signal }: PluginToolRequest) {
    super(turn.session, turn.id, turn)
    this.id = turn.id
    this.tools = turn.tools
    this.caller = plugin
    this.#turn = turn
    this.#signal = signal
    const callId = turn.session.callIds.claim(turn.service('ids').next('call'))
    this.#call = { kind: 'toolCall', callId, name, input }
  }

  /** Resolves when everything of the call is recorded. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  /** @throws the reason of an abort, after the call was answered; what storing it failed with. */
  async run(): Promise<ToolCallResult> {
    const { pluginCalls } = this.#turn
    pluginCalls.add(this)
    const unfollow = followSignal(this.abort, this.#signal)
    try {
      const result = await this.#run()
      this.abort.throwIfAborted()
      return result
    } finally {
      unfollow()
      pluginCalls.delete(this)
      await this.release()
      this.#ended.resolve()
    }
  }

  commit(event: PendingEvent): Promise<unknown> {
    return this.session.log.append([event])
  }

  async #run(): Promise<ToolCallResult> {
    const call = this.#call
    try {
      const preparation = await prepareCall(this, call)
      if (preparation.kind === 'answer') return await this.#answer(preparation.answer)
      this.abort.throwIfAborted()
      const { input } = preparation.prepared
      const { id: turnId, caller: by } = this
      await this.commit({ type: 'toolCall.started', turnId, callId: call.callId, name: call.name, input, by })
      this.#isStarted = true
      return await runCall(this, preparation.prepared)
    } catch (error) {
      if (this.abort.isAborted && !this.#isStarted)
        await this.#answer({ outcome: 'not-started', text: NOT_STARTED })
      throw error
    }
  }

  /** Records what became of a call that is not run, and what it was. */
  async #answer(answer: CallAnswer): Promise<ToolCallResult> {
    const { event, result } = answerTo(this, this.#call, answer)
    const { name, input } = result.call
    await this.commit({ ...event, call: { name, input } })
    announceEnd(this, result)
    return result
  }
}
