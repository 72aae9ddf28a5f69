import type { TurnSettings } from '@halter/protocol'
import { HalterError, toErrorWire } from '../errors.ts'
import type { TurnOptions } from '../contracts/runtime.ts'
import type { EnvironmentFacts } from '../contracts/system.ts'
import { storableLimits } from '../session/blueprint.ts'
import { readResources } from '../session/pinned-resources.ts'
import { repairEvents } from '../session/repair.ts'
import { createOutputContract } from './structured-output.ts'
import { toJson } from './to-json.ts'
import type { Turn } from './turn.ts'

/**
 * Pins what the turn uses and records its start, before any hook or model is called. A continued turn has its start already.
 */
export async function openTurn(turn: Turn): Promise<void> {
  const { session, options } = turn
  const { resources, problem } = await readResources(turn)
  turn.resources = resources
  const refusal = readOutput(turn)
  if (!turn.isOpen) await storeStart(turn)
  turn.abort.throwIfAborted()
  if (refusal) throw refusal.error
  if (problem)
    turn.warn(
      problem.code,
      `The resources could not be read, so this turn has none: ${problem.message}`,
      undefined,
    )
  const [model, environment] = await Promise.all([
    turn.resolveModel(options.model ?? turn.state.blueprint.model, 'default'),
    describeEnvironment(turn),
  ])
  turn.model = model
  turn.environment = environment
  const tools = session.toolsFor(turn)
  turn.tools = turn.output?.extend(tools, model) ?? tools
  await session.announceStart(turn)
  void turn.hooks.observe('turn.start', { turnId: turn.id, input: turn.input }, turn)
}

/** Reads what the answer must look like: the start of the turn tells it, so what is wrong with it must wait until that is stored. */
function readOutput(turn: Turn): { readonly error: unknown } | undefined {
  const { output } = turn.options
  try {
    turn.output = output && createOutputContract(output)
    return undefined
  } catch (error) {
    return { error }
  }
}

/** A turn before, whose end the store did not take, gets it first: no log has two turns open. */
async function storeStart(turn: Turn): Promise<void> {
  const repair = repairEvents(turn.state, turn.service('ids'))
  if (repair.length > 0) await turn.session.log.append(repair)
  await turn.commit(startOf(turn))
}

function startOf(turn: Turn): Parameters<Turn['commit']>[0] {
  const settings = settingsOf(turn.options)
  return {
    type: 'turn.started',
    turnId: turn.id,
    generation: turn.generation.number,
    revision: turn.resources!.revision,
    input: turn.input,
    ...(turn.output && { output: toJson(turn.output.jsonSchema) }),
    ...(settings && { settings }),
  }
}

/** What a turn that goes on elsewhere must have from here; undefined: nothing. */
function settingsOf(options: TurnOptions): TurnSettings | undefined {
  const { model, effort, temperature, maxOutputTokens, tools, limits } = options
  const settings: TurnSettings = {
    ...(model !== undefined && { model }),
    ...(effort !== undefined && { effort }),
    ...(temperature !== undefined && { temperature }),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(tools && { tools: [...tools] }),
    ...(limits && { limits: storableLimits(limits) }),
  }
  return Object.keys(settings).length > 0 ? settings : undefined
}

/** What is known of the place; a probe that fails costs a warning and the facts that need no probe. */
async function describeEnvironment(turn: Turn): Promise<EnvironmentFacts> {
  const { workingDir } = turn.state.blueprint
  try {
    return await turn.abort.settle(turn.service('environment').describe(workingDir, turn.signal))
  } catch (error) {
    turn.abort.throwIfAborted()
    if (!(error instanceof HalterError)) turn.warn('ERR_TURN_FAILED', toErrorWire(error).message, undefined)
    return {
      workingDir,
      platform: process.platform,
      date: new Date(turn.clock.now()).toISOString().slice(0, 10),
    }
  }
}
