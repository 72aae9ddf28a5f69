import { isHalterError, type ModelAnswer, type ModelQuestion } from '@halter/core'
import type { HandlerContext, HookPayload, PromptHandler } from '../../hook-handler.ts'
import type { Deadline } from '../deadline.ts'
import { ended, type Outcome } from '../outcome.ts'
import { fillArguments } from './fill-arguments.ts'
import { ANSWER_RULES, readVerdict } from './read-verdict.ts'

/** Tokens for an answer of a sentence or two, and for models that think first. */
const MAX_ANSWER_TOKENS = 4096

/** Asks a model once, with no tools and no transcript: the handler's prompt with the payload in it. */
export async function runPrompt(
  handler: PromptHandler,
  payload: HookPayload,
  ctx: HandlerContext,
  deadline: Deadline,
): Promise<Outcome> {
  const question: ModelQuestion = {
    purpose: 'hook',
    system: ANSWER_RULES,
    prompt: fillArguments(handler.prompt, payload),
    maxOutputTokens: MAX_ANSWER_TOKENS,
    signal: deadline.signal,
  }
  const settled = await deadline.wait(ask(handler, question, ctx))
  if ('ended' in settled) return ended(settled.ended, 'The prompt hook', handler.timeoutMs)
  return readVerdict(settled.value.text, 'The model')
}

/** A model that a hook of another program names need not be here: then the session's small one is asked. */
async function ask(
  handler: PromptHandler,
  question: ModelQuestion,
  ctx: HandlerContext,
): Promise<ModelAnswer> {
  const { model, dialect } = handler
  if (model === undefined) return ctx.session.callModel(question)
  try {
    return await ctx.session.callModel({ ...question, model })
  } catch (error) {
    if (dialect !== 'claude' || !isHalterError(error, 'ERR_MODEL_UNKNOWN')) throw error
    return ctx.session.callModel(question)
  }
}
