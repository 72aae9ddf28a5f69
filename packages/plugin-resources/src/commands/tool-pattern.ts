import { isAbsolute, matchesGlob, resolve, sep } from 'node:path'
import type { Json } from '@halter/protocol'

/** One entry of `allowed-tools`, read. */
export interface ToolPattern {
  /** As written. */
  readonly written: string
  /** Of the tool, as it is called here; `*` stands for any letters. */
  readonly tool: string
  /** What stands in the parentheses; absent: any input. */
  readonly input?: string
}

/** What these tools are called elsewhere. */
const NAMES: Readonly<Record<string, string>> = {
  bash: 'shell',
  multiedit: 'edit',
  notebookedit: 'edit',
}
/** Which part of an input the parentheses are about. */
const COMMANDS = ['shell', 'pty']
const PATHS: Readonly<Record<string, string>> = {
  read: 'file_path',
  write: 'file_path',
  edit: 'file_path',
  glob: 'path',
  grep: 'path',
}
/**
 * Words that a shell takes as they are: of plain letters, in `'…'`, or in `"…"` without anything that is special there. Single spaces
 * between them; nothing outside ASCII unquoted, for look-alikes make a word read as another.
 */
const WORDS = /^(?: (?:[A-Za-z0-9_./:@%+,=-]|'[^'\0]*'|"[^"$`\\!\0]*")+)*$/

/**
 * Reads entries of `allowed-tools`: `Read`, `Bash(git status:*)`, `Bash(npm test)`, `Edit(docs/**)`, `mcp__github__*`. Names of Claude
 * Code stand for the tools here. An entry that cannot be read allows nothing.
 */
export function parseToolPatterns(entries: readonly string[]): readonly ToolPattern[] {
  return entries.flatMap((written) => {
    const match = /^\s*([\w*.-]+)\s*(?:\(([\s\S]*)\))?\s*$/.exec(written)
    if (!match) return []
    const [, name = '', input] = match
    // Names of Claude Code begin with a capital; those of MCP servers are as their servers have them.
    const lower = name.toLowerCase()
    const tool = name.includes('__') ? name : (NAMES[lower] ?? lower)
    const isAny = input === undefined || input.trim() === '' || input.trim() === '*'
    return [{ written: written.trim(), tool, ...(!isAny && { input: input.trim() }) }]
  })
}

/**
 * Whether an entry is about exactly this call. Narrow on purpose: where the entry ends in `:*` or ` *` a command begins with it, letter
 * by letter, and goes on with words in which nothing is special to a shell; it equals the entry otherwise; a path is resolved before it is compared. For tools whose input this
 * does not know, an entry with parentheses matches nothing.
 */
export function matchesCall(
  pattern: ToolPattern,
  call: { readonly name: string; readonly input: Json },
  workingDir: string,
): boolean {
  if (!matchesName(pattern.tool, call.name)) return false
  if (pattern.input === undefined) return true
  const { input } = call
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return false
  const fields = input as Readonly<Record<string, Json>>
  if (COMMANDS.includes(call.name)) return matchesCommand(pattern.input, fields['command'])
  if (call.name === 'skill') return fields['name'] === pattern.input
  const key = Object.hasOwn(PATHS, call.name) ? PATHS[call.name]! : undefined
  return key !== undefined && matchesPath(pattern.input, fields[key], workingDir)
}

function matchesName(pattern: string, name: string): boolean {
  if (!pattern.includes('*')) return pattern === name
  // A star alone would be every tool; nobody who lists tools means that.
  if (!/\w/.test(pattern)) return false
  const escaped = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${escaped.join('.*')}$`).test(name)
}

function matchesCommand(pattern: string, command: Json | undefined): boolean {
  if (typeof command !== 'string') return false
  const prefix = /^(.*?)(?::\*| \*)$/.exec(pattern)?.[1]
  if (prefix === undefined) return command === pattern
  return command.startsWith(prefix) && WORDS.test(command.slice(prefix.length))
}

function matchesPath(pattern: string, path: Json | undefined, workingDir: string): boolean {
  if (typeof path !== 'string' || path.includes('\0')) return false
  // `//x` is from the top, as Claude Code writes it; anything else is from the working directory.
  const from = pattern.startsWith('//') ? pattern.slice(1) : pattern
  const glob =
    isAbsolute(from) && pattern.startsWith('//') ? from : resolve(workingDir, from.replace(/^\/+/, ''))
  return matchesGlob(resolve(workingDir, path), sep === '/' ? glob : glob.replaceAll('\\', '/'))
}
