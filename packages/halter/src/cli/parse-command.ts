import { parseArgs } from 'node:util'
import type { CommandSpec, OptionSpec } from './command-spec.ts'
import { COMMANDS } from './command-table.ts'
import { UsageError, type UsageProblem } from './usage-error.ts'

/** A command line, understood. */
export type CommandLine =
  | { readonly kind: 'help'; readonly command?: CommandSpec; readonly group?: string }
  | { readonly kind: 'version' }
  | {
      readonly kind: 'command'
      readonly command: CommandSpec
      readonly options: Readonly<Record<string, OptionValue>>
      readonly positionals: readonly string[]
    }

type OptionValue = string | boolean | number | readonly string[]

/**
 * Reads a command line by the table.
 * @throws UsageError naming everything that is wrong with it.
 */
export function parseCommand(
  argv: readonly string[],
  commands: readonly CommandSpec[] = COMMANDS,
): CommandLine {
  const [first, second] = argv
  if (first === undefined) throw new UsageError('Say what to do.')
  if (first === '--version' || first === '-v') return { kind: 'version' }
  if (isHelp(first)) return { kind: 'help' }
  const command =
    commands.find(({ name }) => name === `${first} ${second}`) ?? commands.find(({ name }) => name === first)
  if (!command) return parseGroup(first, second, commands)
  const rest = argv.slice(command.name.split(' ').length)
  const end = rest.indexOf('--')
  if (rest.slice(0, end === -1 ? undefined : end).some(isHelp)) return { kind: 'help', command }
  return parseRest(command, rest)
}

function isHelp(argument: string): boolean {
  return argument === '--help' || argument === '-h'
}

/** `halter sessions`, or something that is no command at all. */
function parseGroup(
  first: string,
  second: string | undefined,
  commands: readonly CommandSpec[],
): CommandLine {
  const names = commands.filter(({ name }) => name.startsWith(`${first} `)).map(({ name }) => name)
  if (names.length === 0) throw unknownCommand(first, commands)
  if (second !== undefined && isHelp(second)) return { kind: 'help', group: first }
  const cure = `There is: ${names.join(', ')}.`
  if (second === undefined) throw new UsageError({ message: `Say what to do with ${first}.`, cure }, first)
  const word = `${first} ${second}`
  throw new UsageError(
    { message: `There is no command "${word}".`, unknown: { word, known: names }, cure },
    first,
  )
}

function unknownCommand(word: string, commands: readonly CommandSpec[]): UsageError {
  if (word.startsWith('-'))
    return new UsageError(`An option needs a command before it: halter run ${word} ….`)
  const known = [...new Set(commands.map(({ name }) => name.split(' ', 1)[0]!))]
  const cure = `To prompt a model: halter run ${JSON.stringify(word)}`
  return new UsageError({ message: `There is no command "${word}".`, unknown: { word, known }, cure })
}

function parseRest(command: CommandSpec, rest: readonly string[]): CommandLine {
  const { tokens } = parseArgs({
    args: [...rest],
    options: Object.fromEntries(
      Object.entries(command.options).map(([name, { type, short }]) => [
        name,
        { type: type === 'boolean' ? ('boolean' as const) : ('string' as const), ...(short && { short }) },
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const options: Record<string, OptionValue> = {}
  const positionals: string[] = []
  const problems: UsageProblem[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const spec = Object.hasOwn(command.options, token.name) ? command.options[token.name]! : undefined
    const value = spec ? readValue(token, spec) : unknownOption(token.rawName, command)
    if (typeof value === 'object') problems.push(value)
    else if (spec?.multiple)
      options[token.name] = [...((options[token.name] as readonly string[] | undefined) ?? []), String(value)]
    else options[token.name] = value
  }
  problems.push(...countProblems(command, positionals.length))
  if (problems.length > 0) throw new UsageError(problems, command.name)
  return { kind: 'command', command, options, positionals }
}

interface OptionToken {
  readonly rawName: string
  readonly value?: string | undefined
  readonly inlineValue?: boolean | undefined
}

function readValue(token: OptionToken, spec: OptionSpec): string | number | boolean | UsageProblem {
  const { rawName, value, inlineValue } = token
  if (spec.type === 'boolean')
    return value === undefined || { message: `${rawName} takes no value; it was given "${value}".` }
  // Without this, `--model --json` would name a model "--json".
  if (value === undefined || value === '' || (!inlineValue && value.startsWith('-')))
    return { message: `${rawName} needs a value: ${rawName} ${placeholder(spec)}` }
  if (spec.choices && !spec.choices.includes(value))
    return {
      message: `${rawName} is one of ${spec.choices.join(', ')}, not "${value}".`,
      unknown: { word: value, known: spec.choices },
    }
  if (spec.type !== 'integer') return value
  return /^\d{1,15}$/.test(value)
    ? Number(value)
    : { message: `${rawName} needs a whole number, not "${value}".` }
}

/** What stands for an option's value: `<id>`. */
export function placeholder(spec: OptionSpec): string {
  return `<${spec.choices?.join('|') ?? spec.placeholder ?? spec.type}>`
}

function unknownOption(rawName: string, command: CommandSpec): UsageProblem {
  const known = Object.keys(command.options).map((name) => `--${name}`)
  return { message: `${command.name} has no option ${rawName}.`, unknown: { word: rawName, known } }
}

function countProblems({ name, arguments: wanted }: CommandSpec, count: number): UsageProblem[] {
  if (!wanted) return count > 0 ? [{ message: `${name} takes no arguments.` }] : []
  if (count < wanted.min) return [{ message: `${name} needs ${wanted.usage}: ${wanted.summary}.` }]
  return count > wanted.max
    ? [{ message: `${name} takes only ${wanted.usage}; quote what has spaces in it.` }]
    : []
}
