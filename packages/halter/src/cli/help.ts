import type { CommandSpec } from './command-spec.ts'
import { COMMANDS } from './command-table.ts'
import { placeholder } from './parse-command.ts'

/** The help of everything, of a group such as `sessions`, or of one command. */
export function help(command?: CommandSpec, group?: string): string {
  if (command) return commandHelp(command)
  const commands =
    group === undefined ? COMMANDS : COMMANDS.filter(({ name }) => name.startsWith(`${group} `))
  const rows = commands.map((each) => [`halter ${usage(each)}`, each.summary] as const)
  const title = group === undefined ? 'halter runs LLM-agent sessions.\n\n' : ''
  return `${title}${table(rows)}\nhalter <command> --help tells of its options; halter --version, of the version.\n`
}

function commandHelp(command: CommandSpec): string {
  const rows = Object.entries(command.options).map(([name, spec]) => {
    const short = spec.short === undefined ? '    ' : `-${spec.short}, `
    return [
      `${short}--${name}${spec.type === 'boolean' ? '' : ` ${placeholder(spec)}`}`,
      spec.summary,
    ] as const
  })
  const wanted = command.arguments ? `${table([[command.arguments.usage, command.arguments.summary]])}\n` : ''
  const examples = command.examples ? `\n${command.examples.map((line) => `  ${line}\n`).join('')}` : ''
  return `halter ${usage(command)} [options]: ${command.summary}\n\n${wanted}${table(rows)}${examples}`
}

function usage(command: CommandSpec): string {
  return [command.name, command.arguments?.usage].filter(Boolean).join(' ')
}

/** Two columns; a left side that is too wide gets a line of its own. */
function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.min(34, Math.max(...rows.map(([left]) => left.length)))
  return rows
    .map(([left, right]) =>
      left.length > width
        ? `  ${left}\n  ${' '.repeat(width)}  ${right}\n`
        : `  ${left.padEnd(width)}  ${right}\n`,
    )
    .join('')
}
