import { endProcesses, findProcesses } from '@halter/child-processes'
import type { ToolContext, ToolOutput } from '@halter/core'
import { answerFailures, textOutput } from '../failure.ts'
import type { ToolsOptions } from '../options.ts'
import type { ShellInput } from '../shell.ts'
import { cleanText } from './clean-text.ts'
import { findShell } from './find-shell.ts'
import { runCommand } from './run-command.ts'
import type { CommandResult } from './run-command.ts'
import { SessionProcesses } from './session-processes.ts'
import { MARK_VARIABLE, shellEnvironment } from './shell-environment.ts'

/** Does the work of the tool `shell`. */
export function runShell(input: ShellInput, ctx: ToolContext, settings: ToolsOptions): Promise<ToolOutput> {
  return answerFailures(() => run(input, ctx, settings))
}

async function run(input: ShellInput, ctx: ToolContext, settings: ToolsOptions): Promise<ToolOutput> {
  const shell = await findShell(process.env['PATH'])
  ctx.signal.throwIfAborted()
  const processes = ctx.session.resource('shell', (defer) => {
    const opened = new SessionProcesses()
    defer(() => opened.end())
    return opened
  })
  const mark = processes.mark()
  const result = await runCommand({
    shell,
    command: input.command,
    workingDir: ctx.workingDir,
    env: shellEnvironment(process.env, settings.env, mark),
    mark: `${MARK_VARIABLE}=${mark}`,
    timeoutMs: input.timeout ?? settings.shellTimeoutMs,
    maxOutputBytes: settings.maxOutputBytes,
    signal: ctx.signal,
    onOutput: (text) => ctx.emit(text),
    onEnding: (ending) => processes.await(ending),
  })
  processes.remember(result.tree.since)
  const text = `${shownOutput(result)}[${describeEnd(result)}${await describeBackground(result)}]`
  return result.how === 'exited' ? textOutput(text) : { ...textOutput(text), isError: true }
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
  const running = await findProcesses({ ...tree, known: new Map() })
  if (running.length === 0) return ''
  const names = running.slice(0, 5).map(({ pid, name }) => `${pid} (${name})`)
  const more = running.length > names.length ? ', …' : ''
  return ` Still running in the background: ${names.join(', ')}${more}; ended with the session.`
}
