import type { SessionHandle, SessionRuntime, TurnResult } from '@halter/core'
import { allowedTools } from './allowed-tools.ts'
import type { OptionValues, RUN } from './command-table.ts'
import { findSession } from './find-session.ts'
import { INTERRUPTED, listenForInterrupts } from './interrupts.ts'
import { isInteractive, openRuntime, type OpenRuntime } from './open-runtime.ts'
import type { Output } from './output.ts'
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
    const { session, isResumed } = await openSession(open, options, output)
    const format = runFormat(options['output-format'] ?? 'text', output)
    format.begin(session, isResumed)
    const result = await runTurn(session, prompt, { options, isResumed, format, leave })
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
  if (isResumed && (options['system-prompt'] !== undefined || options['append-system-prompt'] !== undefined))
    throw new UsageError('A system prompt belongs to a new session; this one has its own.', 'run')
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
  { runtime, config, cwd }: OpenRuntime,
  options: RunOptions,
  output: Output,
): Promise<{ session: SessionHandle; isResumed: boolean }> {
  if (options.session !== undefined || options.continue) {
    const session = await resumeSession(runtime, options, cwd)
    if (options.title !== undefined) await session.update({ title: options.title })
    return { session, isResumed: true }
  }
  if (config.origins.get('model')?.layer === 'default')
    output.talk(
      'No model is configured: the built-in demo model answers, offline. Choose one with --model.',
      'dim',
    )
  const { title, 'max-turns': maxTurns, 'system-prompt': system, 'append-system-prompt': append } = options
  const session = await runtime.newSession({
    ...config.session,
    workingDir: cwd,
    ...(title !== undefined && { title }),
    ...(maxTurns !== undefined && { maxTurns }),
    ...(system !== undefined && { systemPrompt: system }),
    ...(append !== undefined && { appendSystemPrompt: append }),
  })
  return { session, isResumed: false }
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
  const session = await runtime.resume(summary.sessionId)
  if (!session) throw new UsageError(`The session ${summary.sessionId} is gone.`)
  return session
}

interface TurnContext {
  readonly options: RunOptions
  readonly isResumed: boolean
  readonly format: RunFormat
  readonly leave: AbortSignal
}

async function runTurn(session: SessionHandle, prompt: string, context: TurnContext): Promise<TurnResult> {
  const { options, isResumed, format, leave } = context
  const turn = session.submitTurn(prompt, {
    signal: leave,
    // A new session was made with these; one that goes on keeps its own, and this turn differs.
    ...(isResumed && options.model !== undefined && { model: options.model }),
    ...(isResumed && options['max-turns'] !== undefined && { limits: { steps: options['max-turns'] } }),
  })
  for await (const event of turn) format.event(event)
  const result = await turn.result
  format.end(runResult(session, result))
  return result
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
