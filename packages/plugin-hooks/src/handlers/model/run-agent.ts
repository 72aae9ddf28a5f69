import { isHalterError, type ChildHandle, type ChildResult, type SpawnRequest } from '@halter/core'
import { HOOK_AGENT, type AgentHandler, type HandlerContext, type HookPayload } from '../../hook-handler.ts'
import { ourToolName } from '../../tool-dialect.ts'
import { snippet } from '../bounded-text.ts'
import type { Deadline } from '../deadline.ts'
import { ended, failed, type Outcome } from '../outcome.ts'
import { fillArguments } from './fill-arguments.ts'
import { asHookAgent } from './hook-agent.ts'
import { ANSWER_RULES, readVerdict } from './read-verdict.ts'

/** What an agent may use that names no tools. */
const READING_TOOLS: readonly string[] = ['read', 'glob', 'grep']
/** Model calls of one that names no other number. */
const DEFAULT_STEPS = 50

/**
 * Asks a model that may look around: a child session with the handler's prompt, the tools it names and its number of turns. It counts
 * as a subagent for depth, fan-out and budget, and no prompt or agent hook is asked about what it does. Its last words are the answer.
 */
export async function runAgent(
  handler: AgentHandler,
  payload: HookPayload,
  ctx: HandlerContext,
  deadline: Deadline,
): Promise<Outcome> {
  const subject = 'The agent hook'
  const opening = asHookAgent(() => open(requestOf(handler, payload), handler, ctx))
  const opened = await deadline.wait(opening)
  if ('ended' in opened) {
    // It may still come to be; nobody would stop it then.
    opening.then(
      (child) => child.interrupt(),
      () => {},
    )
    return ended(opened.ended, subject, handler.timeoutMs)
  }
  const settled = await deadline.wait(opened.value.result)
  if ('ended' in settled) {
    opened.value.interrupt()
    return ended(settled.ended, subject, handler.timeoutMs)
  }
  return outcomeOf(settled.value, subject)
}

function requestOf(handler: AgentHandler, payload: HookPayload): SpawnRequest {
  const { allowedTools, model, maxTurns } = handler
  return {
    task: fillArguments(handler.prompt, payload),
    agent: HOOK_AGENT,
    ...(model !== undefined && { model }),
    appendSystemPrompt: ANSWER_RULES,
    tools: allowedTools.length > 0 ? allowedTools.map(ourToolName) : READING_TOOLS,
    limits: { steps: maxTurns ?? DEFAULT_STEPS },
  }
}

/** Makes do with less where the handler left it open: no tools where the turn has none, the session's model for an unknown one. */
async function open(request: SpawnRequest, handler: AgentHandler, ctx: HandlerContext): Promise<ChildHandle> {
  try {
    return await ctx.session.openChild(request)
  } catch (error) {
    if (!isHalterError(error, 'ERR_TOOL_UNKNOWN') || handler.allowedTools.length > 0) throw error
    return ctx.session.openChild({ ...request, tools: [] })
  }
}

function outcomeOf({ outcome, text, error }: ChildResult, subject: string): Outcome {
  if (outcome === 'completed') return readVerdict(text, subject)
  return failed(
    `${subject} ended without an answer (${outcome})${error ? `: ${snippet(error.message)}` : '.'}`,
  )
}
