import type { ContextPlan } from '@halter/protocol'
import type { ModelRequest } from '../contracts/provider.ts'
import type { Turn } from './turn.ts'

/** A plan, put into the request that the provider gets. */
export async function assembleRequest(turn: Turn, plan: ContextPlan): Promise<ModelRequest> {
  const { model, options, output } = turn
  const { blueprint } = turn.state
  const tools = turn.tools.specs
  const prompt = await turn.abort.settle(
    turn.service('promptAssembler').assemble(
      {
        blueprint,
        resources: turn.resources!,
        plan,
        tools,
        model,
        environment: turn.environment,
      },
      turn.signal,
    ),
  )
  turn.abort.throwIfAborted()
  const effort = options.effort ?? blueprint.effort
  const temperature = options.temperature ?? blueprint.temperature
  const maxOutputTokens = options.maxOutputTokens ?? blueprint.maxOutputTokens
  const outputSchema = output?.nativeSchema(model)
  return {
    sessionId: turn.session.id,
    turnId: turn.id,
    purpose: 'turn',
    model: model.model,
    ...prompt,
    tools,
    ...(blueprint.agent !== undefined && { agent: blueprint.agent }),
    ...(effort !== undefined && { effort }),
    ...(temperature !== undefined && { temperature }),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(outputSchema && { outputSchema }),
  }
}
