import { runProgram, type ProgramResult } from '@halter/child-processes'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import type { CommandHandler, HandlerContext, HookPayload } from '../../hook-handler.ts'
import { boundText, snippet } from '../bounded-text.ts'
import type { Deadline } from '../deadline.ts'
import { answered, ended, failed, type Outcome } from '../outcome.ts'
import { redact } from '../redact.ts'
import { SessionRuns } from '../session-runs.ts'
import { commandLine, type CommandLine } from './command-line.ts'
import { hookEnvironment, secretsOf } from './hook-environment.ts'
import type { PlaceholderPaths } from './placeholders.ts'

/** Bytes of an answer, and of what is said beside it. */
const MAX_OUTPUT_BYTES = 1024 * 1024
/** Bytes at which a command that does not stop writing is ended. */
const MAX_FLOOD_BYTES = 16 * 1024 * 1024
/** What a command ends with that blocks. */
const BLOCKING_CODE = 2

/**
 * Runs a command handler: the payload on its stdin as one line of JSON, its answer on stdout, exit code 2 for "no". Settles when the
 * command has exited; what it left in the background may go on until the handler's timeout.
 */
export async function runCommand(
  handler: CommandHandler,
  payload: HookPayload,
  ctx: HandlerContext,
  deadline: Deadline,
): Promise<Outcome> {
  const begin = performance.now()
  const runs = SessionRuns.of(ctx.session)
  const paths = await pathsOf(handler, ctx)
  const line = await commandLine(handler, paths, ctx)
  if (!line)
    return failed(
      `The command could not start: no ${handler.shell} was found. Install it, or set another shell.`,
    )
  await runs.watch()
  const mark = runs.mark()
  const env = hookEnvironment({ handler, payload, ctx, paths, mark: mark.value })
  let result: ProgramResult
  try {
    result = await runProgram({
      ...line,
      workingDir: ctx.cwd,
      env,
      mark: mark.entry,
      input: `${JSON.stringify(payload)}\n`,
      maxOutputBytes: MAX_OUTPUT_BYTES,
      maxFloodBytes: MAX_FLOOD_BYTES,
      signal: deadline.signal,
      onEnding: (ending) => runs.await(ending),
    })
  } catch (error) {
    return failed(whyNotStarted(error, line, ctx.cwd))
  }
  if (result.how === 'exited') runs.remember(result, handler.timeoutMs - (performance.now() - begin))
  const clean = (text: string): string => redact(text, secretsOf({ handler, ctx }))
  return outcomeOf(result, handler, deadline, clean)
}

function outcomeOf(
  { how, exitCode, exitSignal, stdout, stderr }: ProgramResult,
  handler: CommandHandler,
  deadline: Deadline,
  clean: (text: string) => string,
): Outcome {
  const errors = clean(stderr.text().trim())
  const said = errors === '' ? {} : { stderr: boundText(errors) }
  const both = { ...said, ...(stdout.total > 0 && { stdout: boundText(clean(stdout.text().trim())) }) }
  if (how === 'stopped') return { ...ended(deadline.ended!, 'The command', handler.timeoutMs), ...both }
  if (how === 'flooded')
    return failed(
      `The command wrote more than ${MAX_FLOOD_BYTES / 1024 ** 2} MiB and was ended. Let it write less.`,
      said,
    )
  if (exitCode === null) return failed(`The command was ended by ${exitSignal}${tail(errors)}`, both)
  if (exitCode === BLOCKING_CODE)
    return { status: 'blocked', error: `The command said no: exit code 2${tail(errors)}`, exitCode, ...both }
  if (exitCode !== 0)
    return failed(`The command ended with exit code ${exitCode}${tail(errors)}`, { exitCode, ...both })
  const written = stdout.text()
  if (stdout.isCut && written.trimStart().startsWith('{'))
    return failed(
      `The command answered with ${stdout.total} bytes; an answer may have ${MAX_OUTPUT_BYTES}.`,
      {
        exitCode,
        ...said,
      },
    )
  const outcome = answered(written, 'The command', { exitCode, ...said })
  return outcome.status === 'failed'
    ? answered(clean(written), 'The command', { exitCode, ...said })
    : outcome
}

function tail(errors: string): string {
  return errors === '' ? '.' : `: ${snippet(errors)}`
}

async function pathsOf(
  { source: { plugin } }: CommandHandler,
  ctx: HandlerContext,
): Promise<PlaceholderPaths> {
  const { projectDir } = ctx
  if (!plugin) return { projectDir }
  // Without it the command may still work: whether it needs the folder, it knows alone. No folder is made for a bundle that is gone.
  if (existsSync(plugin.root)) await mkdir(plugin.dataDir, { recursive: true }).catch(() => {})
  return { pluginRoot: plugin.root, pluginData: plugin.dataDir, projectDir }
}

function whyNotStarted(error: unknown, { program }: CommandLine, cwd: string): string {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ERR_INVALID_ARG_VALUE')
    return 'The command could not start: it, or a variable of its environment, holds a NUL character.'
  if (code === 'E2BIG')
    return 'The command could not start: it is too long for the system. Put it into a script.'
  const hasFolder = existsSync(cwd)
  if (!hasFolder) return `The command could not start: its folder ${cwd} does not exist any more.`
  if (code === 'ENOENT') return `The command could not start: ${program} was not found.`
  if (code === 'EACCES') return `The command could not start: ${program} may not be executed.`
  return `The command could not start: ${error instanceof Error ? error.message : String(error)}`
}
