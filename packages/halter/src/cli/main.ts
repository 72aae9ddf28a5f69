import type { HalterError } from '@halter/core'
import { COMMAND_ENTRIES, COMMANDS } from './command-table.ts'
import { Output } from './output.ts'
import { parseCommand } from './parse-command.ts'
import { describeUsage, UsageError } from './usage-error.ts'

/** Runs a command line to its end. Resolves to the exit code: 0 done, 1 failed, 2 wrongly asked or configured, 130 interrupted. */
export async function main(argv: readonly string[], output: Output = new Output()): Promise<number> {
  try {
    return await execute(argv, output)
  } catch (error) {
    const code = await complain(error, output)
    if (isDebug(argv)) output.talk((await import('./describe-debug.ts')).describeFailure(error), 'dim')
    return code
  } finally {
    await output.flush()
  }
}

async function execute(given: readonly string[], output: Output): Promise<number> {
  // Many command lines have it as a word.
  const argv = given[0] === 'help' ? [...given.slice(1), '--help'] : given
  if (isForeign(argv[0])) {
    const code = await (await import('./plugin-command.ts')).runPluginCommand(argv, output)
    if (code !== undefined) return code
  }
  const line = parseCommand(argv)
  if (line.kind === 'help') output.data((await import('./help.ts')).help(line.command, line.group))
  if (line.kind === 'version') output.data(`${(await import('./version.ts')).version()}\n`)
  if (line.kind !== 'command') return 0
  const command = await COMMAND_ENTRIES.find(({ spec }) => spec === line.command)!.load()
  const code = await command(line.options as never, line.positionals, output)
  if (isDebug(argv)) output.talk((await import('./describe-debug.ts')).describeEnd(code), 'dim')
  return code
}

function isDebug(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return argv.slice(0, end === -1 ? undefined : end).includes('--debug')
}

async function complain(error: unknown, output: Output): Promise<number> {
  if (error instanceof UsageError) {
    output.complain(await describeUsage(error))
    return 2
  }
  const { isHalterError } = await import('@halter/core')
  if (!isHalterError(error)) {
    // Nobody's fault but ours, or a plugin's: the stack says whose.
    output.complain(error instanceof Error ? (error.stack ?? error.message) : String(error))
    return 1
  }
  output.complain(`${error.message} (${error.code})${describeCauses(error)}${await describeKey(error)}`)
  return isConfiguration(error.code) ? 2 : 1
}

/** Everything that is refused before a turn can start: the user has to change something. */
function isConfiguration(code: string): boolean {
  return (
    /^ERR_(?:CONFIG|PLUGIN|SERVICE|HOOK)(?:_|$)/.test(code) ||
    ['ERR_MODEL_UNKNOWN', 'ERR_SESSION_INPUT', 'ERR_SESSION_UNKNOWN', 'ERR_TOOL_DUPLICATE'].includes(code)
  )
}

/** Why, as far as the message has not said it: a list of problems has told of the first cause in its own words. */
function describeCauses(error: HalterError): string {
  const lines: string[] = []
  let { cause } = error
  if (error.data?.['problems']) cause = cause instanceof Error ? cause.cause : undefined
  for (; cause instanceof Error && lines.length < 8; { cause } = cause)
    if (!error.message.includes(cause.message)) lines.push(`\n  because: ${cause.message}`)
  return lines.join('')
}

/** The key that would make an unknown model known. */
async function describeKey({ code, data }: HalterError): Promise<string> {
  if (code !== 'ERR_MODEL_UNKNOWN') return ''
  const { missingKey } = await import('./default-model.ts')
  const missing = missingKey(data?.['model'], process.env)
  return missing === undefined ? '' : `\n  ${missing}`
}

/** True for a first word that halter has no command for: a plugin may have one. */
function isForeign(word: string | undefined): boolean {
  return (
    word !== undefined && /^[\w@]/.test(word) && !COMMANDS.some(({ name }) => name.split(' ', 1)[0] === word)
  )
}
