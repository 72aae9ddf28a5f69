import { endProcesses, findProcesses } from '@halter/child-processes'
import { access, constants } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { ToolContext, ToolOutput } from '@halter/core'
import { answerFailures, textOutput } from '../failure.ts'
import { isShellPersistent } from '../options.ts'
import type { ToolsOptions } from '../options.ts'
import type { ShellInput } from '../shell.ts'
import { cleanText } from './clean-text.ts'
import { findShell } from './find-shell.ts'
import { runCommand } from './run-command.ts'
import type { CommandRequest, CommandResult } from './run-command.ts'
import { shellOf } from './session-shell.ts'
import { checkEnvironment, MARK_VARIABLE, shellEnvironment } from './shell-environment.ts'
import { shellScript } from './shell-script.ts'
import type { ShellState } from './shell-script.ts'

/** Milliseconds after which a process in the background is looked at. */
const BECOMING_MS = 20

/** Does the work of the tool `shell`. */
export function runShell(input: ShellInput, ctx: ToolContext, settings: ToolsOptions): Promise<ToolOutput> {
  return answerFailures(() => run(input, ctx, settings))
}

async function run(input: ShellInput, ctx: ToolContext, settings: ToolsOptions): Promise<ToolOutput> {
  const shell = await findShell(process.env['PATH'])
  const own = checkEnvironment(input.env ?? {})
  ctx.signal.throwIfAborted()
  const session = shellOf(ctx.session)
  await session.processes.watch(shell)
  const isPersistent = isShellPersistent(settings)
  const before = isPersistent ? session.stateIn(ctx.workingDir) : undefined
  const workingDir = await placeOf(before, ctx.workingDir)
  const mark = session.processes.mark()
  const result = await runCommand({
    ...prepare(input.command, { shell, workingDir, before, own, settings, mark }),
    shell,
    workingDir,
    timeoutMs: input.timeout ?? settings.shellTimeoutMs,
    maxOutputBytes: settings.maxOutputBytes,
    signal: ctx.signal,
    onOutput: (text) => ctx.emit(text),
    onEnding: (ending) => session.processes.await(ending),
  })
  session.processes.remember(result.tree.since)
  // One that was stopped leaves what was there before it.
  if (isPersistent && result.how === 'exited') session.state = result.state
  const notes = [describeEnd(result), ...describeState(result, before, ctx.workingDir, isPersistent)]
  const text = `${shownOutput(result)}[${notes.join(' ')}${await describeBackground(result)}]`
  return result.how === 'exited' ? textOutput(text) : { ...textOutput(text), isError: true }
}

interface Preparation {
  readonly shell: string
  readonly workingDir: string
  readonly before: ShellState | undefined
  readonly own: Readonly<Record<string, string>>
  readonly settings: ToolsOptions
  readonly mark: string
}

function prepare(
  command: string,
  { shell, workingDir, before, own, settings, mark }: Preparation,
): Pick<CommandRequest, 'script' | 'definitions' | 'env' | 'mark'> {
  const env = shellEnvironment(process.env, settings.env, mark)
  const entry = `${MARK_VARIABLE}=${mark}`
  if (!isShellPersistent(settings)) return { script: command, env: { ...env, ...own }, mark: entry }
  const isBash = basename(shell).startsWith('bash')
  const script = shellScript(command, { isBash, hasState: before !== undefined, env: own })
  // A shell believes PWD, where it is true: a folder keeps the name by which it was reached.
  const place = { PWD: workingDir, [MARK_VARIABLE]: mark }
  if (before === undefined) return { script, definitions: '', env: { ...env, ...place }, mark: entry }
  // Everything else is in the state, and what is not was unset.
  const path = env['PATH'] !== undefined && { PATH: env['PATH'] }
  return { script, definitions: before.definitions, env: { ...path, ...place }, mark: entry }
}

/** A folder that is gone leads back to the session's. */
async function placeOf(state: ShellState | undefined, home: string): Promise<string> {
  if (state === undefined || state.workingDir === home) return home
  const isThere = await access(state.workingDir, constants.X_OK).then(
    () => true,
    () => false,
  )
  return isThere ? state.workingDir : home
}

/** Where the next command will be, when that is not where one would think. */
function describeState(
  { how, state }: CommandResult,
  before: ShellState | undefined,
  home: string,
  isPersistent: boolean,
): string[] {
  if (!isPersistent) return []
  const after = how === 'exited' ? state : before
  if (after !== undefined) return after.workingDir === home ? [] : [`The shell is in ${after.workingDir}.`]
  return before === undefined
    ? []
    : [`The shell ended with it: the next command starts a new one in ${home}.`]
}

function shownOutput({ output }: CommandResult): string {
  const text = cleanText(output).trimEnd()
  return text === '' ? '[No output.]\n' : `${text}\n`
}

function describeEnd({ how, exitCode, exitSignal, durationMs }: CommandResult): string {
  const time = `after ${(durationMs / 1000).toFixed(1)} s`
  if (how === 'timed-out')
    return `Stopped ${time}: it ran out of time, and what is above is all it wrote. Give it a larger timeout, or run it in the background.`
  if (how === 'cancelled') return `Cancelled ${time}; what is above is all it wrote.`
  return exitSignal === null ? `Exit code ${exitCode} ${time}.` : `Ended by ${exitSignal} ${time}.`
}

/** Names what still runs. Where it could not be found again at the session's end, it is ended now. */
async function describeBackground({ hasBackground, tree }: CommandResult): Promise<string> {
  if (!hasBackground) return ''
  if (process.platform !== 'linux') {
    await endProcesses(tree)
    return ' What it left in the background was ended.'
  }
  // Time to become what it was started as: until then it is a copy of the shell, and has its name.
  await delay(BECOMING_MS)
  const running = await findProcesses({ ...tree, known: new Map() })
  if (running.length === 0) return ''
  const names = running.slice(0, 5).map(({ pid, name }) => `${pid} (${name})`)
  const more = running.length > names.length ? ', …' : ''
  return ` Still running in the background: ${names.join(', ')}${more}; ended with the session.`
}
