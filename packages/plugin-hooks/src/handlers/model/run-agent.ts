import {
  isHalterError,
  toErrorWire,
  type ChildHandle,
  type ChildResult,
  type SpawnRequest,
} from '@halter/core'
import { HOOK_AGENT, type AgentHandler, type HandlerContext, type HookPayload } from '../../hook-handler.ts'
import { ourToolName } from '../../tool-dialect.ts'
import { snippet } from '../bounded-text.ts'
import type { Deadline, Ended } from '../deadline.ts'
import { ended, failed, type Outcome } from '../outcome.ts'
import { fillArguments } from './fill-arguments.ts'
import { asHookAgent } from './hook-agent.ts'
import { ANSWER_RULES, readVerdict } from './read-verdict.ts'

/** What an agent may use that names no tools: it looks, and changes nothing. */
const READING_TOOLS: readonly string[] = ['read', 'glob', 'grep']
const NO_TOOLS: readonly string[] = []
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
  const settled = await askUntilPossible(handler, requestOf(handler, payload), ctx, deadline)
  if ('ended' in settled) return ended(settled.ended, subject, handler.timeoutMs)
  const { outcome, text, error } = settled.value
  if (outcome === 'completed') return readVerdict(text, subject)
  return failed(
    `${subject} ended without an answer (${outcome})${error ? `: ${snippet(error.message)}` : '.'}`,
  )
}

function requestOf(handler: AgentHandler, payload: HookPayload): SpawnRequest {
  const { allowedTools, model, maxTurns } = handler
  return {
    task: `${fillArguments(handler.prompt, payload)}\n\n${ANSWER_RULES}`,
    agent: HOOK_AGENT,
    ...(model !== undefined && { model }),
    tools: allowedTools.length > 0 ? allowedTools.map(ourToolName) : READING_TOOLS,
    limits: { steps: maxTurns ?? DEFAULT_STEPS },
  }
}

/** A session need not have the tools that nobody asked for by name, nor the models of another program. */
function withLess(
  handler: AgentHandler,
  request: SpawnRequest,
  code: string | undefined,
): SpawnRequest | undefined {
  const { model, tools, ...rest } = request
  const mayDoWithoutTools = handler.allowedTools.length === 0 && tools !== NO_TOOLS
  if (code === 'ERR_TOOL_UNKNOWN' && mayDoWithoutTools) return { ...request, tools: NO_TOOLS }
  const mayTakeAnotherModel = handler.dialect === 'claude' && model !== undefined
  if (code === 'ERR_MODEL_UNKNOWN' && mayTakeAnotherModel) return { ...rest, ...(tools && { tools }) }
  return undefined
}

async function askUntilPossible(
  handler: AgentHandler,
  request: SpawnRequest,
  ctx: HandlerContext,
  deadline: Deadline,
): Promise<Asked> {
  const settled = await ask(request, ctx, deadline)
  const next = 'value' in settled ? withLess(handler, request, settled.value.error?.code) : undefined
  return next ? askUntilPossible(handler, next, ctx, deadline) : settled
}

type Result = Pick<ChildResult, 'outcome' | 'text' | 'error'>
type Asked = { readonly value: Result } | { readonly ended: Ended }

/** Lets a child work, and stops it when the time is over. */
async function ask(request: SpawnRequest, ctx: HandlerContext, deadline: Deadline): Promise<Asked> {
  const opening = asHookAgent(() => open(request, ctx))
  const opened = await deadline.wait(opening)
  if ('ended' in opened) {
    // It may still come to be, and nobody would stop it then.
    opening.then(
      ({ child }) => child?.interrupt(),
      () => {},
    )
    return opened
  }
  const { child, refusal } = opened.value
  if (!child) return { value: refusal }
  const settled = await deadline.wait(child.result)
  if ('ended' in settled) child.interrupt()
  return settled
}

type Opened =
  | { readonly child: ChildHandle; readonly refusal?: never }
  | { readonly child?: never; readonly refusal: Result }

/** A child that is not let in for want of a tool or model is like one that found it missing. */
async function open(request: SpawnRequest, { session }: HandlerContext): Promise<Opened> {
  try {
    return { child: await session.openChild(request) }
  } catch (error) {
    if (!isHalterError(error, 'ERR_TOOL_UNKNOWN') && !isHalterError(error, 'ERR_MODEL_UNKNOWN')) throw error
    return { refusal: { outcome: 'failed', text: '', error: toErrorWire(error) } }
  }
}
