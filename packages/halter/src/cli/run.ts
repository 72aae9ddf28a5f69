import type { SessionHandle, SessionRuntime, TurnOptions, TurnResult } from '@halter/core'
import type { Usage } from '@halter/protocol'
import { allowedTools } from './allowed-tools.ts'
import type { OptionValues } from './command-spec.ts'
import type { RUN } from './commands/run.ts'
import type { DefaultModel } from './default-model.ts'
import { findSession } from './find-session.ts'
import { INTERRUPTED, listenForInterrupts } from './interrupts.ts'
import { isInteractive, openRuntime, type OpenRuntime } from './open-runtime.ts'
import type { Output } from './output.ts'
import type { RunBudget } from './parse-budget.ts'
import { runFormat, type RunFormat, type RunResult } from './run-format.ts'
import { terminalApprovals } from './terminal-approvals.ts'
import { UsageError } from './usage-error.ts'

type RunOptions = OptionValues<(typeof RUN)['options']>

/** `halter run`: one prompt, one turn. Resolves to the exit code. */
export async function run(
  options: RunOptions,
  positionals: readonly string[],
  output: Output,
): Promise<number> {
  checkOptions(options)
  const wishes = await readWishes(options)
  const prompt = await readPrompt(positionals)
  const interrupts = listenForInterrupts((name) =>
    output.complain(`${name}: ending the turn. Once more leaves at once.`),
  )
  const leave = AbortSignal.any([interrupts.signal, output.readerGone])
  const open = await openRuntime(
    {
      ...options,
      plugins: options['allow-tool']
        ? [allowedTools(options['allow-tool'], (message) => output.complain(message))]
        : [],
      fallbacks: [terminalApprovals(output, isInteractive())],
    },
    output,
  )
  try {
    if (leave.aborted) return INTERRUPTED
    const { session, isResumed } = await openSession(open, { options, wishes }, output)
    const format = runFormat(formatName(options), output)
    format.begin(session, isResumed)
    const result = await runTurn(session, prompt, { options, wishes, isResumed, format, leave })
    if (leave.aborted || result.reason === 'interrupted') return INTERRUPTED
    return result.status === 'completed' ? 0 : 1
  } finally {
    await open.runtime.shutdown()
    interrupts.stop()
  }
}

function checkOptions(options: RunOptions): void {
  if (options.session !== undefined && options.continue)
    throw new UsageError('--session and --continue name two sessions. Take one.', 'run')
  if (options.ephemeral && (options.session !== undefined || options.continue))
    throw new UsageError('--ephemeral keeps nothing, so there is no session to go on with.', 'run')
  const isResumed = options.session !== undefined || options.continue
  if (!isResumed && (options.steal || options.interrupted !== undefined))
    throw new UsageError(
      '--steal and --interrupted are about a session to go on with: --session or --continue.',
      'run',
    )
  if (isResumed && (options['system-prompt'] !== undefined || options['append-system-prompt'] !== undefined))
    throw new UsageError('A system prompt belongs to a new session; this one has its own.', 'run')
}

/** What options ask for that has to be read before anything starts. */
interface Wishes {
  readonly budget?: RunBudget
  readonly output?: NonNullable<TurnOptions['output']>
}

async function readWishes(options: RunOptions): Promise<Wishes> {
  const { 'max-turns': maxTurns, 'output-schema': schema } = options
  const budget =
    options.budget === undefined ? undefined : (await import('./parse-budget.ts')).parseBudget(options.budget)
  if (budget?.steps !== undefined && maxTurns !== undefined)
    throw new UsageError('--max-turns and the steps of --budget are the same limit. Take one.', 'run')
  const output =
    schema === undefined ? undefined : await (await import('./output-schema.ts')).readOutputSchema(schema)
  return { ...(budget && { budget }), ...(output && { output }) }
}

function formatName(options: RunOptions): Parameters<typeof runFormat>[0] {
  const { 'output-format': name = 'text', 'output-schema': schema } = options
  return name === 'text' && schema !== undefined ? 'answer' : name
}

/** The words of the command line, or what is piped in. Stdin is left alone where there are words: it may never end. */
async function readPrompt(positionals: readonly string[]): Promise<string> {
  if (positionals.length === 0 && process.stdin.isTTY)
    throw new UsageError('There is no prompt. Write it behind run, or pipe it in.', 'run')
  const prompt = positionals.length > 0 ? positionals.join(' ') : await readStdin()
  if (prompt.trim() === '') throw new UsageError('The prompt is empty.', 'run')
  return prompt
}

async function readStdin(): Promise<string> {
  const { text } = await import('node:stream/consumers')
  return await text(process.stdin)
}

async function openSession(
  { runtime, config, byDefault, cwd }: OpenRuntime,
  { options, wishes: { budget } }: { readonly options: RunOptions; readonly wishes: Wishes },
  output: Output,
): Promise<{ session: SessionHandle; isResumed: boolean }> {
  if (options.session !== undefined || options.continue) {
    const session = await resumeSession(runtime, options, cwd)
    if (options.title !== undefined) await session.update({ title: options.title })
    return { session, isResumed: true }
  }
  if (byDefault) output.talk(describeDefault(byDefault), 'dim')
  const { title, 'max-turns': maxTurns, 'system-prompt': system, 'append-system-prompt': append } = options
  const session = await runtime.newSession({
    ...config.session,
    workingDir: cwd,
    ...(title !== undefined && { title }),
    ...(maxTurns !== undefined && { maxTurns }),
    ...(budget && { limits: budget }),
    ...(system !== undefined && { systemPrompt: system }),
    ...(append !== undefined && { appendSystemPrompt: append }),
  })
  return { session, isResumed: false }
}

function describeDefault({ model, variable }: DefaultModel): string {
  const who = variable
    ? `${model} answers, because ${variable} is set.`
    : 'the built-in demo model answers, offline.'
  return `No model is configured: ${who} Choose one with --model.`
}

async function resumeSession(
  runtime: SessionRuntime,
  options: RunOptions,
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
  const { steal, interrupted } = options
  const session = await runtime.resume(summary.sessionId, {
    ...(steal && { steal }),
    ...(interrupted && { interrupted }),
  })
  if (!session) throw new UsageError(`The session ${summary.sessionId} is gone.`)
  return session
}

interface TurnContext {
  readonly options: RunOptions
  readonly wishes: Wishes
  readonly isResumed: boolean
  readonly format: RunFormat
  readonly leave: AbortSignal
}

async function runTurn(session: SessionHandle, prompt: string, context: TurnContext): Promise<TurnResult> {
  const { options, wishes, isResumed, format, leave } = context
  const turn = session.submitTurn(prompt, {
    signal: leave,
    ...(wishes.output && { output: wishes.output }),
    // A new session was made with these; one that goes on keeps its own, and this turn differs.
    ...(isResumed && options.model !== undefined && { model: options.model }),
    ...(isResumed && { limits: turnLimits(session, options, wishes) }),
  })
  for await (const event of turn) format.event(event)
  const result = await turn.result
  format.end(runResult(session, result))
  return result
}

/** Limits count what a session has spent in all; a budget is what may be added to that. */
function turnLimits(
  { usage: { total, children } }: SessionHandle,
  { 'max-turns': steps }: RunOptions,
  { budget }: Wishes,
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

function runResult({ id }: SessionHandle, result: TurnResult): RunResult {
  const { turnId, status, reason, text, usage, output, error } = result
  return {
    type: 'result',
    sessionId: id,
    turnId,
    status,
    reason,
    text,
    usage,
    ...(output !== undefined && { output }),
    ...(error && { error }),
  }
}
