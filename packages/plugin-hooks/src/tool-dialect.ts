import { isAbsolute, resolve } from 'node:path'
import type { ToolCallResult } from '@halter/core'
import { textOf, type Json } from '@halter/protocol'
import type { Dialect } from './hook-handler.ts'
import { isObject, type JsonObject } from './json.ts'
import { todosFrom, todosIn } from './todo-dialect.ts'

/**
 * What Claude Code calls a tool of ours: its name first, then others that stood or stand for the same. Our `task` keeps a list; Claude
 * Code's `Task` is a subagent.
 */
const CLAUDE_NAMES: Readonly<Record<string, readonly [string, ...string[]]>> = {
  read: ['Read', 'NotebookRead'],
  write: ['Write'],
  edit: ['Edit', 'MultiEdit'],
  glob: ['Glob'],
  grep: ['Grep'],
  shell: ['Bash'],
  spawn_agent: ['Task', 'Agent'],
  task: ['TodoWrite'],
  skill: ['Skill'],
  web_fetch: ['WebFetch'],
  web_search: ['WebSearch'],
}

/** Input keys that Claude Code writes otherwise, by tool of ours. */
const CLAUDE_KEYS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  spawn_agent: { task: 'prompt', agent: 'subagent_type', title: 'description' },
  skill: { name: 'skill', arguments: 'args' },
}

/** Tools whose `file_path` is absolute in Claude Code, whatever the model wrote. */
const WITH_FILE_PATH: ReadonlySet<string> = new Set(['read', 'write', 'edit'])

/** Everything that a tool is called, ours first: what matchers and conditions are tested against. */
export function namesOfTool(name: string): readonly string[] {
  return [name, ...(own(CLAUDE_NAMES, name) ?? [])]
}

/** Our name of a tool that somebody calls by any of its names; the text itself where no tool of ours is meant. */
export function ourToolName(name: string): string {
  if (Object.hasOwn(CLAUDE_NAMES, name)) return name
  return Object.keys(CLAUDE_NAMES).find((ours) => CLAUDE_NAMES[ours]!.includes(name)) ?? name
}

/** A tool's name as a handler of this dialect knows it. */
export function toolNameIn(dialect: Dialect, name: string): string {
  return dialect === 'claude' ? (own(CLAUDE_NAMES, name)?.[0] ?? name) : name
}

/** A tool's input as a handler of this dialect knows it. */
export function toolInputIn(
  dialect: Dialect,
  call: { readonly name: string; readonly input: Json },
  cwd: string,
): Json {
  const { name, input } = call
  if (dialect === 'halter' || !isObject(input)) return input
  const renamed = claudeKeys(name, input)
  const path = renamed['file_path']
  return WITH_FILE_PATH.has(name) && typeof path === 'string' && !isAbsolute(path)
    ? { ...renamed, file_path: resolve(cwd, path) }
    : renamed
}

/** A call in Claude Code's words, as a transcript shows it: paths are as the model wrote them. */
export function claudeCall({ name, input }: { readonly name: string; readonly input: unknown }): {
  readonly name: string
  readonly input: unknown
} {
  return {
    name: toolNameIn('claude', name),
    input: isObject(input as Json) ? claudeKeys(name, input as JsonObject) : input,
  }
}

/** What a handler of this dialect made of an input, as the tool takes it. What it left alone stays as the model wrote it. */
export function toolInputFrom(
  dialect: Dialect,
  call: { readonly name: string; readonly input: Json },
  updated: Json,
  cwd: string,
): Json {
  const { name, input } = call
  if (dialect === 'halter' || !isObject(updated)) return updated
  if (name === 'task') return todosFrom(input, updated)
  const keys = Object.entries(own(CLAUDE_KEYS, name) ?? {})
    // What the model itself wrote under Claude's name was never renamed.
    .filter(([, theirs]) => !isObject(input) || !Object.hasOwn(input, theirs))
    .map(([ours, theirs]) => [theirs, ours])
  const renamed = renameKeys(updated, Object.fromEntries(keys) as Record<string, string>)
  const before = isObject(input) ? input['file_path'] : undefined
  const isSamePath =
    typeof before === 'string' &&
    typeof renamed['file_path'] === 'string' &&
    resolve(cwd, before) === resolve(cwd, renamed['file_path'])
  return WITH_FILE_PATH.has(name) && isSamePath ? { ...renamed, file_path: before } : renamed
}

/** What a tool answered, in the shape that a handler of this dialect knows. `response` is what the model reads of it. */
export function toolResponseIn(
  dialect: Dialect,
  call: { readonly name: string; readonly input: Json },
  response: Json,
  cwd: string,
): Json {
  if (dialect === 'halter') return response
  if (call.name === 'shell')
    return {
      stdout: typeof response === 'string' ? response : JSON.stringify(response),
      stderr: '',
      interrupted: false,
      isImage: false,
    }
  const path = isObject(call.input) ? call.input['file_path'] : undefined
  if ((call.name === 'write' || call.name === 'edit') && typeof path === 'string')
    return { filePath: resolve(cwd, path), success: true }
  return response
}

/** What the model reads of a result, as one value: its text, its JSON, or a list where it is of several kinds. */
export function responseOf(parts: ToolCallResult['parts']): Json {
  if (parts.every(({ kind }) => kind === 'text')) return textOf({ parts })
  const values = parts.map((part): Json => {
    if (part.kind === 'text') return part.text
    return part.kind === 'json' ? part.value : `[${part.kind}]`
  })
  return values.length === 1 ? values[0]! : values
}

/** A result as a handler replaced it, in parts: null is none, a string is text, Claude's shape of a command's output is its text. */
export function partsOfResponse(updated: Json): ToolCallResult['parts'] {
  if (updated === null) return []
  if (typeof updated === 'string') return [{ kind: 'text', text: updated }]
  if (!isObject(updated) || typeof updated['stdout'] !== 'string') return [{ kind: 'json', value: updated }]
  const { stdout, stderr } = updated
  return [
    { kind: 'text', text: typeof stderr === 'string' && stderr !== '' ? `${stdout}\n${stderr}` : stdout },
  ]
}

function claudeKeys(name: string, input: JsonObject): JsonObject {
  return name === 'task' ? todosIn(input) : renameKeys(input, own(CLAUDE_KEYS, name) ?? {})
}

/** A key whose new name is taken keeps its own: nothing is lost, and everything comes back. */
function renameKeys(input: JsonObject, names: Readonly<Record<string, string>>): JsonObject {
  const renamed = Object.entries(input).map(([key, value]): [string, Json] => {
    const name = own(names, key)
    return [name === undefined || Object.hasOwn(input, name) ? key : name, value]
  })
  return Object.fromEntries(renamed)
}

function own<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined
}
