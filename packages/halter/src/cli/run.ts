import type { SessionHandle, TurnInput, TurnOptions, TurnResult } from '@halter/core'
import { allowedTools } from './allowed-tools.ts'
import { ApprovalRules, keptApprovals } from './approval-rules.ts'
import type { OptionValues } from './command-spec.ts'
import type { RUN } from './commands/run.ts'
import { INTERRUPTED, listenForInterrupts } from './interrupts.ts'
import { isInteractive, workingFolder } from './load-configuration.ts'
import { openRuntime } from './open-runtime.ts'
import type { Output } from './output.ts'
import type { RunBudget } from './parse-budget.ts'
import { runFormat, type RunFormat, type RunResult } from './run-format.ts'
import { checkSessionOptions, readBudget, startSession, turnSettings } from './start-session.ts'
import { terminalApprovals } from './terminal-approvals.ts'
import { UsageError } from './usage-error.ts'

type RunOptions = OptionValues<(typeof RUN)['options']>

/** `halter run`: one prompt and one turn, or several from lines of JSON. Resolves to the exit code. */
export async function run(
  options: RunOptions,
  positionals: readonly string[],
  output: Output,
): Promise<number> {
  checkOptions(options, positionals)
  const wishes = await readWishes(options)
  const prompt = isStream(options) ? undefined : await readPrompt(positionals, options)
  const interrupts = listenForInterrupts((name) =>
    output.complain(`${name}: ending the turn. Once more leaves at once.`),
  )
  const leave = AbortSignal.any([interrupts.signal, output.readerGone])
  const rules = new ApprovalRules()
  const cwd = workingFolder(options.cwd)
  let session: SessionHandle | undefined
  const folder = (): string => session?.blueprint.workingDir ?? cwd
  const keep = { rules, folder, tell: (sentence: string): void => output.talk(sentence, 'dim') }
  const open = await openRuntime(
    {
      ...options,
      plugins: [
        keptApprovals(rules),
        ...(options['allow-tool']
          ? [allowedTools(options['allow-tool'], (message) => output.complain(message))]
          : []),
      ],
      fallbacks: [terminalApprovals(output, isInteractive() && !isStream(options), keep)],
    },
    output,
  )
  try {
    if (leave.aborted) return INTERRUPTED
    const started = await startSession(open, { options, budget: wishes.budget }, output)
    ;({ session } = started)
    const format = runFormat(formatName(options), output)
    format.begin(session, started.isResumed)
    const settings = {
      ...turnSettings(started, options, wishes.budget),
      ...(wishes.output && { output: wishes.output }),
      signal: leave,
    }
    if (prompt === undefined) {
      const { runPromptLines } = await import('./run-prompt-lines.ts')
      return await runPromptLines({ session, format, settings, leave }, output)
    }
    const result = await runTurn(session, prompt, settings, format)
    if (leave.aborted || result.reason === 'interrupted') return INTERRUPTED
    return isAnswered(result) ? 0 : 1
  } finally {
    await open.runtime.shutdown()
    interrupts.stop()
  }
}

/** False for a turn that failed, and for a prompt that was refused before it got into the transcript. */
export function isAnswered({ status, reason, messages }: TurnResult): boolean {
  return status === 'completed' && !(reason === 'refused' && messages.length === 0)
}

function checkOptions(options: RunOptions, positionals: readonly string[]): void {
  checkSessionOptions(options, 'run')
  if (!isStream(options)) return
  if (positionals.length > 0 || options.image)
    throw new UsageError(
      '--input-format stream-json takes prompts and pictures from stdin; there can be none on the command line.',
      'run',
    )
  if ((options['output-format'] ?? 'text') === 'text')
    throw new UsageError(
      'Several prompts need answers that can be told apart: --output-format stream-json, or json.',
      'run',
    )
}

function isStream(options: RunOptions): boolean {
  return options['input-format'] === 'stream-json'
}

/** What options ask for that has to be read before anything starts. */
interface Wishes {
  readonly budget: RunBudget | undefined
  readonly output: TurnOptions['output']
}

async function readWishes(options: RunOptions): Promise<Wishes> {
  const budget = await readBudget(options, 'run')
  const { 'output-schema': schema } = options
  const output =
    schema === undefined ? undefined : await (await import('./output-schema.ts')).readOutputSchema(schema)
  return { budget, output }
}

function formatName(options: RunOptions): Parameters<typeof runFormat>[0] {
  const { 'output-format': name = 'text', 'output-schema': schema } = options
  return name === 'text' && schema !== undefined ? 'answer' : name
}

/**
 * The words of the command line, or what is piped in, and pictures behind them. Stdin is left alone where there are words: it may
 * never end.
 */
async function readPrompt(positionals: readonly string[], { image: images }: RunOptions): Promise<TurnInput> {
  if (positionals.length === 0 && process.stdin.isTTY)
    throw new UsageError('There is no prompt. Write it behind run, or pipe it in.', 'run')
  const parts = images && (await readImages(images))
  const prompt = positionals.length > 0 ? positionals.join(' ') : await readStdin()
  if (prompt.trim() === '') throw new UsageError('The prompt is empty.', 'run')
  return parts ? [{ kind: 'text', text: prompt }, ...parts] : prompt
}

async function readImages(paths: readonly string[]): Promise<Exclude<TurnInput, string>> {
  const { readImage } = await import('./read-image.ts')
  return await Promise.all(paths.map(readImage))
}

async function readStdin(): Promise<string> {
  const { text } = await import('node:stream/consumers')
  return await text(process.stdin)
}

/** Runs a prompt to its end, and shows it. `name`: what the result says beside what came of it. */
export async function runTurn(
  session: SessionHandle,
  prompt: TurnInput,
  settings: TurnOptions,
  format: RunFormat,
  name: Pick<RunResult, 'id' | 'line'> = {},
): Promise<TurnResult> {
  const turn = session.submitTurn(prompt, settings)
  for await (const event of turn) format.event(event)
  const result = await turn.result
  const { turnId, status, reason, text, usage, output, error } = result
  format.end({
    type: 'result',
    ...name,
    sessionId: session.id,
    turnId,
    status,
    reason,
    text,
    usage,
    ...(output !== undefined && { output }),
    ...(error && { error }),
  })
  return result
}
