import type { CommandSpec, OptionSpec } from '../command-spec.ts'
import { placeholder } from '../parse-command.ts'

/** The first words of all commands, in the order of the help, each with a summary. */
export function firstWords(
  commands: readonly CommandSpec[],
): readonly (readonly [word: string, summary: string])[] {
  const words = new Map<string, string>()
  for (const { name, summary } of commands) {
    const word = name.split(' ', 1)[0]!
    const group = secondWords(word, commands).map(([second]) => second)
    if (!words.has(word)) words.set(word, group.length > 0 ? group.join(', ') : summary)
  }
  return [...words]
}

/** The second words that a first one takes; none for a command of one word. */
export function secondWords(
  first: string,
  commands: readonly CommandSpec[],
): readonly (readonly [word: string, summary: string])[] {
  return commands
    .filter(({ name }) => name.startsWith(`${first} `))
    .map(({ name, summary }) => [name.slice(first.length + 1), summary] as const)
}

/** All options of a command, `--help` included. */
export function optionsOf({ options }: CommandSpec): readonly (readonly [name: string, spec: OptionSpec])[] {
  return [
    ...Object.entries(options),
    ['help', { type: 'boolean', summary: 'what it does and takes', short: 'h' }],
  ]
}

/** Whether an option or argument is the path of something. */
export function isPath(text: string): boolean {
  return /file|folder/.test(text)
}

/** Whether the value of an option is the path of something. */
export function takesPath(spec: OptionSpec): boolean {
  return spec.type === 'string' && isPath(placeholder(spec))
}

/** In single quotes, as sh and zsh read them. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
