import { defineTool, jsonSchema } from '@halter/core'
import type { Tool } from '@halter/core'
import { completeOptions, isShellPersistent } from './options.ts'
import type { ToolsOptions } from './options.ts'
import { isAllowedCommand } from './shell/allow-shell.ts'

/** Milliseconds that a call can ask for at most, unless the option asks for more. */
const MAX_TIMEOUT_MS = 600_000
/** Milliseconds that a call may take to end its processes, on top of its time. */
const ENDING_MS = 5_000

const LASTING =
  'One shell for the session: it starts in the working directory, and what a command does to its directory, variables and functions ' +
  'lasts; exit, and whatever else ends the shell, starts a new one.'
const FRESH = 'It starts in the working directory, each call anew: cd and variables do not last.'

/** What the model asks `shell` for. */
export interface ShellInput {
  readonly command: string
  readonly timeout?: number
  readonly env?: Readonly<Record<string, string>>
  readonly description?: string
}

/** Makes the tool `shell`: runs a command and shows its output while it runs. */
export function createShellTool(options: Partial<ToolsOptions> = {}): Tool {
  const settings = completeOptions(options)
  const longest = Math.max(MAX_TIMEOUT_MS, settings.shellTimeoutMs)
  return defineTool({
    name: 'shell',
    description:
      `Runs a command with bash (or sh). ${isShellPersistent(settings) ? LASTING : FRESH} It gets no input. ` +
      `It is stopped after timeout milliseconds (default ${settings.shellTimeoutMs}), with all it started. What it leaves in the background (&) runs ` +
      'until the session ends; redirect its output to a file to read it. Of long output the beginning and the end are shown.',
    input: jsonSchema<ShellInput>({
      type: 'object',
      properties: {
        command: { type: 'string', minLength: 1, description: 'The command line.' },
        timeout: { type: 'integer', minimum: 1, maximum: longest, description: 'Milliseconds.' },
        env: {
          type: 'object',
          additionalProperties: { type: 'string' },
          description: 'Variables for this command alone.',
        },
        description: { type: 'string', description: 'What it does, in a few words, for the user.' },
      },
      required: ['command'],
    }),
    effects: 'unsafe',
    concurrency: 'exclusive',
    timeoutMs: longest + ENDING_MS,
    // A variable can make any command another one: PATH, LD_PRELOAD, GIT_SSH_COMMAND.
    needsApproval: ({ command, env = {} }) =>
      isAllowedCommand(command, settings.allowShell) && Object.keys(env).length === 0
        ? undefined
        : { reason: 'allowShell does not list this command', scope: scopeOf(command, env) },
    execute: async (input, ctx) => (await import('./shell/run-shell.ts')).runShell(input, ctx, settings),
  })
}

/** What a yes for the session covers: the same command with the same variables. */
function scopeOf(command: string, env: Readonly<Record<string, string>>): string {
  return [...Object.entries(env).map(([name, value]) => `${name}=${JSON.stringify(value)}`), command].join(
    ' ',
  )
}
