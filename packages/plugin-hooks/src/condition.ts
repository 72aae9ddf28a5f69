import { homedir } from 'node:os'
import { basename, isAbsolute, relative, resolve } from 'node:path'
import type { Json } from '@halter/protocol'
import { isObject } from './json.ts'
import { compilePattern } from './matcher.ts'

/** What a condition is about. */
export interface ConditionSubject {
  /** Everything that the tool is called. */
  readonly names: readonly string[]
  readonly input: Json | undefined
  readonly cwd: string
}

/** A handler's `if`. */
export interface Condition {
  /** False without a tool: such a condition is never true of another event. */
  test(subject: ConditionSubject | undefined): boolean
  /** Why it can never be true. */
  readonly problem?: string
}

type Test = (text: string) => boolean

const ALWAYS: Condition = Object.freeze({ test: () => true })

/**
 * Reads a condition in the syntax of permission rules: `Bash(git commit:*)`, `Edit(*.ts)`, `Read`. Each side is a name, a pattern with
 * `*` and `?`, or a regular expression, by the characters in it; `git commit:*` is what begins with these words. A command line is
 * looked at as a whole and command by command, a path in every way it can be written.
 */
export async function compileCondition(text: string | undefined): Promise<Condition> {
  const trimmed = text?.trim() ?? ''
  if (trimmed === '' || trimmed === '*') return ALWAYS
  const open = trimmed.indexOf('(')
  const isCall = open > 0 && trimmed.endsWith(')')
  const tool = await compileSide(isCall ? trimmed.slice(0, open) : trimmed)
  const input = await compileSide(isCall ? trimmed.slice(open + 1, -1) : '')
  if (typeof tool === 'string' || typeof input === 'string')
    return { test: () => false, problem: typeof tool === 'string' ? tool : String(input) }
  return {
    test: (subject) =>
      subject !== undefined && subject.names.some(tool) && textsOf(subject).some((each) => input(each)),
  }
}

/** One side; a string says why it is none. */
async function compileSide(side: string): Promise<Test | string> {
  const text = side.trim()
  if (text === '' || text === '*') return () => true
  if (text.endsWith(':*')) return startsWithWords(text.slice(0, -2))
  if (text.startsWith('domain:')) return isDomain(text.slice('domain:'.length))
  if (!/[[\](){}+^$\\|*?]/.test(text)) {
    const wanted = text.toLowerCase()
    return (found) => found.toLowerCase() === wanted
  }
  const isGlob = !/[[\](){}+^$\\|]/.test(text)
  const compiled = await compilePattern(isGlob ? globToPattern(text) : text, { ignoreCase: isGlob })
  return compiled.problem ?? compiled.test
}

function startsWithWords(words: string): Test {
  return (text) => text === words || text.startsWith(`${words} `)
}

function isDomain(domain: string): Test {
  return (text) => {
    const host = URL.canParse(text) ? new URL(text).hostname : undefined
    return host !== undefined && (host === domain || host.endsWith(`.${domain}`))
  }
}

/** `*` crosses separators: `*.example.com` is everything below `example.com`, however deep. */
function globToPattern(glob: string): string {
  const body = glob.replace(/[.]/g, '\\.').replace(/\*+/g, '.*').replace(/\?/g, '.')
  return `^(?:${body})$`
}

/** Every text that a rule may mean: the input as a whole, each command of a command line, each way to write a path. */
function textsOf({ input, cwd }: ConditionSubject): readonly string[] {
  if (input === undefined || input === null) return ['']
  if (!isObject(input)) return [typeof input === 'string' ? input : JSON.stringify(input)]
  const { command, url, file_path, path } = input
  const file = file_path ?? path
  if (typeof command === 'string') return [command, ...commandsIn(command)]
  const texts = [JSON.stringify(input)]
  if (typeof url === 'string') texts.push(url)
  if (typeof file === 'string') texts.push(...waysToWrite(file, cwd))
  return texts
}

/** The commands of a command line, without assignments before them. Finds too many rather than too few: quotes hide nothing. */
function commandsIn(line: string): readonly string[] {
  return line
    .split(/&&|\|\||\$\(|[;|&\n`(){}]/)
    .map((command) => command.trim().replace(/^(?:[A-Za-z_]\w*=\S*\s+)+/, ''))
    .filter((command) => command !== '' && command !== line)
}

function waysToWrite(path: string, cwd: string): readonly string[] {
  const absolute = resolve(cwd, path)
  const inside = relative(cwd, absolute)
  const ways = [path, absolute, `/${absolute}`, basename(absolute)]
  if (!inside.startsWith('..') && !isAbsolute(inside)) ways.push(inside, `./${inside}`, `/${inside}`)
  const fromHome = relative(homedir(), absolute)
  if (!fromHome.startsWith('..') && !isAbsolute(fromHome)) ways.push(`~/${fromHome}`)
  return ways
}
