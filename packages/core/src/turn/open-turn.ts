import type { Json } from '@halter/protocol'
import { EMPTY_RESOURCES, type ResourceSnapshot } from '../contracts/resources.ts'
import { HalterError, toErrorWire } from '../errors.ts'
import type { EnvironmentFacts } from '../contracts/system.ts'
import { createOutputContract } from './structured-output.ts'
import type { Turn } from './turn.ts'

/**
 * Pins what the turn uses and records its start, before any hook or model is called. A continued turn has its start already.
 */
export async function openTurn(turn: Turn): Promise<void> {
  const { session, options } = turn
  turn.resources = await resourcesOf(turn)
  if (!turn.isOpen) await turn.commit(startOf(turn))
  turn.abort.throwIfAborted()
  turn.output = options.output && createOutputContract(options.output)
  const [model, environment] = await Promise.all([
    turn.service('models').resolve(options.model ?? turn.state.blueprint.model, 'default'),
    describeEnvironment(turn),
  ])
  turn.model = model
  turn.environment = environment
  const tools = session.toolsFor(turn)
  turn.tools = turn.output?.extend(tools, model) ?? tools
  await session.announceStart(turn)
  void turn.hooks.observe('turn.start', { turnId: turn.id, input: turn.input }, turn)
}

/** The resources as they are now; a source that fails costs a warning and its resources, not the turn. */
async function resourcesOf(turn: Turn): Promise<ResourceSnapshot> {
  try {
    return (await turn.abort.settle(turn.session.resourcesFor(turn))) ?? EMPTY_RESOURCES
  } catch (error) {
    const { code, message } = toErrorWire(error)
    turn.warn(code, `The resources could not be read, so this turn has none: ${message}`, undefined)
    return EMPTY_RESOURCES
  }
}

function startOf(turn: Turn): Parameters<Turn['commit']>[0] {
  const schema = turn.options.output?.jsonSchema as Json | undefined
  return {
    type: 'turn.started',
    turnId: turn.id,
    generation: turn.generation.number,
    revision: turn.resources.revision,
    input: turn.input,
    ...(schema !== undefined && { output: schema }),
  }
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
