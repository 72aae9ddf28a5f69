import type { SessionHandle, SessionRuntime, TurnOptions } from '@halter/core'
import type { Usage } from '@halter/protocol'
import type { OptionValues } from './command-spec.ts'
import type { sessionChoice, sessionSettings } from './commands/session-options.ts'
import type { DefaultModel } from './default-model.ts'
import { findSession } from './find-session.ts'
import type { OpenRuntime } from './open-runtime.ts'
import type { Output } from './output.ts'
import type { RunBudget } from './parse-budget.ts'
import { UsageError } from './usage-error.ts'

/** Options of commands that run turns. */
export type SessionOptions = OptionValues<typeof sessionChoice & typeof sessionSettings>

/** @throws UsageError when the options contradict each other. */
export function checkSessionOptions(options: SessionOptions, command: string): void {
  const isResumed = options.session !== undefined || options.continue === true
  const problem = contradiction(options, isResumed)
  if (problem !== undefined) throw new UsageError(problem, command)
}

function contradiction(options: SessionOptions, isResumed: boolean): string | undefined {
  if (options.session !== undefined && options.continue)
    return '--session and --continue name two sessions. Take one.'
  if (options.ephemeral && isResumed)
    return '--ephemeral keeps nothing, so there is no session to go on with.'
  if (!isResumed && options.fork)
    return '--fork copies a session: say which with --session <id>, or take the newest of this folder with --continue.'
  if (!isResumed && (options.steal || options.interrupted !== undefined))
    return '--steal and --interrupted are about a session to go on with: --session or --continue.'
  if (options.fork && (options.steal || options.interrupted !== undefined))
    return '--fork leaves the session to whoever holds it, and closes a turn that was left open in the copy: --steal and --interrupted have nothing to say there.'
  if (isResumed && (options['system-prompt'] !== undefined || options['append-system-prompt'] !== undefined))
    return 'A system prompt belongs to a new session; this one has its own.'
  return undefined
}

/** The budget that the options name. @throws UsageError when it makes no sense. */
export async function readBudget(options: SessionOptions, command: string): Promise<RunBudget | undefined> {
  if (options.budget === undefined) return undefined
  const budget = (await import('./parse-budget.ts')).parseBudget(options.budget)
  if (budget.steps !== undefined && options['max-turns'] !== undefined)
    throw new UsageError('--max-turns and the steps of --budget are the same limit. Take one.', command)
  return budget
}

/** A session to run turns in. */
export interface StartedSession {
  readonly session: SessionHandle
  /** True when it goes on, as itself or as a fork. */
  readonly isResumed: boolean
}

/** The session that the options ask for: a new one, or one that goes on. */
export async function startSession(
  { runtime, config, byDefault, cwd }: OpenRuntime,
  { options, budget }: { readonly options: SessionOptions; readonly budget: RunBudget | undefined },
  output: Output,
): Promise<StartedSession> {
  if (options.session !== undefined || options.continue) {
    const session = await resumeSession(runtime, options, cwd)
    if (options.title !== undefined) await session.update({ title: options.title })
    return { session, isResumed: true }
  }
  if (byDefault) output.talk(describeDefault(byDefault), 'dim')
  const { title, effort, 'max-turns': maxTurns } = options
  const { 'system-prompt': system, 'append-system-prompt': append } = options
  const session = await runtime.newSession({
    ...config.session,
    workingDir: cwd,
    ...(title !== undefined && { title }),
    ...(effort !== undefined && { effort }),
    ...(maxTurns !== undefined && { maxTurns }),
    ...(budget && { limits: budget }),
    ...(system !== undefined && { systemPrompt: system }),
    ...(append !== undefined && { appendSystemPrompt: append }),
  })
  return { session, isResumed: false }
}

/** What the options change for one turn of a session that has settings of its own: a new one was made with them. */
export function turnSettings(
  { session, isResumed }: StartedSession,
  options: SessionOptions,
  budget: RunBudget | undefined,
): TurnOptions {
  if (!isResumed) return {}
  const { model, effort } = options
  return {
    ...(model !== undefined && { model }),
    ...(effort !== undefined && { effort }),
    limits: turnLimits(session, options, budget),
  }
}

function describeDefault({ model, variable }: DefaultModel): string {
  const who = variable
    ? `${model} answers, because ${variable} is set.`
    : 'the built-in demo model answers, offline.'
  return `No model is configured: ${who} Choose one with --model.`
}

async function resumeSession(
  runtime: SessionRuntime,
  options: SessionOptions,
  cwd: string,
): Promise<SessionHandle> {
  const summary =
    options.session === undefined
      ? await runtime.latestSession(cwd)
      : await findSession(runtime, options.session)
  if (!summary)
    throw new UsageError(
      `There is no session of ${cwd} to continue. halter sessions list shows those of all folders.`,
    )
  const { steal, interrupted, fork } = options
  if (fork) return await runtime.forkSession(summary.sessionId)
  const session = await runtime.resume(summary.sessionId, {
    ...(steal && { steal }),
    ...(interrupted && { interrupted }),
  })
  if (!session) throw new UsageError(`The session ${summary.sessionId} is gone.`)
  return session
}

/** Limits count what a session has spent in all; a budget is what may be added to that. */
function turnLimits(
  { usage: { total, children } }: SessionHandle,
  { 'max-turns': steps }: SessionOptions,
  budget: RunBudget | undefined,
): NonNullable<TurnOptions['limits']> {
  const spent = (amount: (usage: Usage) => number): number => amount(total) + amount(children)
  return {
    ...(steps !== undefined && { steps }),
    ...budget,
    ...(budget?.tokens !== undefined && {
      tokens: budget.tokens + spent(({ inputTokens, outputTokens }) => inputTokens + outputTokens),
    }),
    ...(budget?.usd !== undefined && { usd: budget.usd + spent(({ costUsd = 0 }) => costUsd) }),
  }
}
