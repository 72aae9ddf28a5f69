import type { CommandSpec, OptionSpec } from '../command-spec.ts'
import { firstWords, isPath, optionsOf, secondWords, takesPath } from './shell-words.ts'

/** A completion script for fish 3 and later. */
export function fishCompletion(commands: readonly CommandSpec[]): string {
  const lines = ['# fish completion of halter', 'complete -c halter -f']
  for (const [word, summary] of firstWords(commands)) {
    lines.push(`complete -c halter -n __fish_use_subcommand -a ${word} -d ${quote(summary)}`)
    const seconds = secondWords(word, commands)
    const isOpen = `__fish_seen_subcommand_from ${word}; and not __fish_seen_subcommand_from ${seconds.map(([each]) => each).join(' ')}`
    for (const [second, about] of seconds)
      lines.push(`complete -c halter -n ${quote(isOpen)} -a ${second} -d ${quote(about)}`)
  }
  for (const command of commands) {
    const isSeen = command.name
      .split(' ')
      .map((word) => `__fish_seen_subcommand_from ${word}`)
      .join('; and ')
    const isMeant = quote(
      command.name.includes(' ') ? isSeen : `test (commandline -opc)[2] = ${command.name}`,
    )
    if (command.arguments && isPath(command.arguments.usage))
      lines.push(`complete -c halter -n ${isMeant} -F`)
    for (const [name, spec] of optionsOf(command))
      lines.push(
        `complete -c halter -n ${isMeant} -l ${name}${describeOption(spec)} -d ${quote(spec.summary)}`,
      )
  }
  return `${lines.join('\n')}\n`
}

function describeOption(spec: OptionSpec): string {
  const short = spec.short === undefined ? '' : ` -s ${spec.short}`
  if (spec.type === 'boolean') return short
  if (spec.choices) return `${short} -xa ${quote(spec.choices.join(' '))}`
  return `${short} ${takesPath(spec) ? '-rF' : '-x'}`
}

function quote(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`
}
