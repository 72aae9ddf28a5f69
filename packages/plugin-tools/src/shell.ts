import { defineTool, jsonSchema } from '@halter/core'
import type { Tool, ToolContext, ToolOutput } from '@halter/core'
import { isAllowedCommand } from './shell/allow-shell.ts'
import { cleanText } from './shell/clean-text.ts'
import { endProcesses } from './shell/end-processes.ts'
import { answerFailures, textOutput } from './failure.ts'
import { findShell } from './shell/find-shell.ts'
import { completeOptions } from './options.ts'
import type { ToolsOptions } from './options.ts'
import { findProcesses } from './shell/processes.ts'
import { runCommand } from './shell/run-command.ts'
import type { CommandResult } from './shell/run-command.ts'
import { SessionProcesses } from './shell/session-processes.ts'
import { MARK_VARIABLE, shellEnvironment } from './shell/shell-environment.ts'

/** Milliseconds that a call can ask for at most, unless the option asks for more. */
const MAX_TIMEOUT_MS = 600_000
/** Milliseconds that a call may take to end its processes, on top of its time. */
const ENDING_MS = 5_000

interface ShellInput {
  readonly command: string
  readonly timeout?: number
  readonly description?: string
}

/** Makes the tool `shell`: runs a command and shows its output while it runs. */
export function createShellTool(options: Partial<ToolsOptions> = {}): Tool {
  const settings = completeOptions(options)
  const longest = Math.max(MAX_TIMEOUT_MS, settings.shellTimeoutMs)
  return defineTool({
    name: 'shell',
    description:
      'Runs a command with bash (or sh) in the working directory, each call anew: cd and variables do not last. It gets no input. ' +
      `It is stopped after timeout milliseconds (default ${settings.shellTimeoutMs}), with all it started. What it leaves in the background (&) runs ` +
      'until the session ends; redirect its output to a file to read it. Of long output the beginning and the end are shown.',
    input: jsonSchema<ShellInput>({
      type: 'object',
      properties: {
        command: { type: 'string', minLength: 1, description: 'The command line.' },
        timeout: { type: 'integer', minimum: 1, maximum: longest, description: 'Milliseconds.' },
        description: { type: 'string', description: 'What it does, in a few words, for the user.' },
      },
      required: ['command'],
    }),
    effects: 'unsafe',
    concurrency: 'exclusive',
    timeoutMs: longest + ENDING_MS,
    needsApproval: ({ command }) =>
      isAllowedCommand(command, settings.allowShell)
        ? undefined
        : { reason: 'allowShell does not list this command', scope: command },
    execute: (input, ctx) => answerFailures(() => run(input, ctx, settings)),
  })
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
