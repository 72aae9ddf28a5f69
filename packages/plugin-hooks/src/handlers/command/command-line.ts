import { findExecutable, isExecutable } from '@halter/child-processes'
import { basename, delimiter, isAbsolute } from 'node:path'
import type { CommandHandler, HandlerContext } from '../../hook-handler.ts'
import { fillPlaceholders, type PlaceholderPaths } from './placeholders.ts'

/** A program and its arguments, ready to be started. */
export interface CommandLine {
  readonly program: string
  readonly args: readonly string[]
}

/** Shells that understand what people write for bash. */
const LIKE_BASH = ['bash', 'zsh', 'ksh']

/**
 * What a command handler starts: with `args`, its program as it is; otherwise a shell with its text. Never a login shell: profiles
 * take their time, print greetings, and set what was left out on purpose. Undefined: no such shell is there.
 */
export async function commandLine(
  handler: CommandHandler,
  paths: PlaceholderPaths,
  { env }: Pick<HandlerContext, 'env'>,
): Promise<CommandLine | undefined> {
  if (handler.args) {
    const [program, ...args] = [handler.command, ...handler.args].map((word) =>
      fillPlaceholders(word, paths, 'word'),
    )
    return { program: program!, args }
  }
  const text = fillPlaceholders(handler.command, paths, handler.shell)
  if (handler.shell === 'pwsh') {
    const program = await findExecutable(['pwsh', 'powershell'], env['PATH'])
    return program === undefined
      ? undefined
      : { program, args: ['-NoProfile', '-NonInteractive', '-Command', text] }
  }
  const program = await findBash(env)
  return program === undefined ? undefined : { program, args: ['-c', text] }
}

/** The user's shell where it is one like bash; else bash; else sh. */
async function findBash(env: HandlerContext['env']): Promise<string | undefined> {
  const own = env['SHELL']
  if (own && isAbsolute(own) && LIKE_BASH.includes(basename(own)) && (await isExecutable(own))) return own
  return findExecutable(['bash', 'sh'], [env['PATH'], '/bin', '/usr/bin'].join(delimiter))
}
