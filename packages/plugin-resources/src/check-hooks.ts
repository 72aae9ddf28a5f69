import { accessSync, constants } from 'node:fs'
import { resolve } from 'node:path'
import type { Json } from '@halter/protocol'
import type { CheckScope } from './check-findings.ts'
import { isInside, leadsOut, type FileLooks } from './file-looks.ts'
import { lineOf, Problems, type ResourceProblem } from './problem.ts'
import { isObject } from './read-json.ts'

/** A hook file, as it is checked for its author. */
export interface CheckedHooks {
  readonly file: string
  readonly value: Json
  /** The folder of its plugin: commands may not need what is outside of it. */
  readonly root?: string
}

/** What a handler of each kind must have. */
const REQUIRED: Readonly<Record<string, string>> = {
  command: 'command',
  http: 'url',
  prompt: 'prompt',
  agent: 'prompt',
}
const ROOT = /("?)\$\{(?:CLAUDE_)?PLUGIN_ROOT\}("?)(\/[^\s"'`;&|<>()]*)?/g

/** Looks at the shape of hooks, and for the scripts that they run. What matchers mean is for whoever runs them. */
export function checkHooks(
  { file, value, root }: CheckedHooks,
  { looks, isHookEvent = () => true }: CheckScope,
): readonly ResourceProblem[] {
  const content = looks.text(file)
  const text = 'text' in content ? content.text : ''
  const problems = new Problems(file)
  const events = isObject(value) && isObject(value['hooks']) ? value['hooks'] : {}
  for (const [event, groups] of Object.entries(events)) {
    const line = lineOf(text, JSON.stringify(event))
    if (!isHookEvent(event))
      problems.warning(`There is no event "${event}", so its handlers never run.`, 'Correct the name.', line)
    if (!Array.isArray(groups)) {
      problems.error(`"${event}" is no list.`, 'Write [{ "hooks": [ … ] }].', line)
      continue
    }
    for (const group of groups) {
      const handlers = isObject(group) ? group['hooks'] : undefined
      if (!Array.isArray(handlers))
        problems.error(`A group of "${event}" has no list of "hooks".`, 'Write { "hooks": [ … ] }.', line)
      else for (const handler of handlers) checkHandler(event, handler, { problems, text, line, root, looks })
    }
  }
  return problems.list
}

interface HandlerScope {
  readonly problems: Problems
  readonly text: string
  readonly line: number | undefined
  readonly root: string | undefined
  readonly looks: FileLooks
}

function checkHandler(event: string, handler: Json, scope: HandlerScope): void {
  const { problems, line } = scope
  const { type } = isObject(handler) ? handler : {}
  if (!isObject(handler) || typeof type !== 'string') {
    problems.error(`A handler of "${event}" has no "type".`, 'Write "type": "command".', line)
    return
  }
  const key = REQUIRED[type]
  if (key === undefined) {
    problems.warning(
      `A handler of "${event}" is of the kind "${type}".`,
      `Take one of ${Object.keys(REQUIRED).join(', ')}.`,
      line,
    )
    return
  }
  const said = handler[key]
  if (typeof said !== 'string' || said.trim() === '')
    problems.error(`A ${type} handler of "${event}" has no "${key}".`, `Add one.`, line)
  else if (type === 'command') checkCommand(said, handler, scope)
}

/** Every path of the plugin that a command names must be there; the program itself must be executable. */
function checkCommand(command: string, handler: Readonly<Record<string, Json>>, scope: HandlerScope): void {
  const { problems, text, root, looks } = scope
  const line = lineOf(text, JSON.stringify(command)) ?? scope.line
  if (root === undefined) return
  const args = Array.isArray(handler['args'])
    ? handler['args'].filter((each) => typeof each === 'string')
    : undefined
  for (const [index, part] of [command, ...(args ?? [])].entries())
    for (const match of part.matchAll(ROOT)) {
      const [, before, after, way = ''] = match
      const path = resolve(root, `.${way}`)
      if (!isInside(path, root) || leadsOut(path, root))
        problems.error(
          `The command leads out of the plugin: ${match[0]}.`,
          'Bring what it needs along.',
          line,
        )
      else if (way !== '' && looks.kind(path) === 'none')
        problems.error(`The command runs ${path}, which is not there.`, 'Add it, or correct the path.', line)
      else if (index === 0 && match.index === 0 && looks.kind(path) === 'file' && !isExecutable(path))
        problems.error(
          `The command runs ${path}, which is not executable.`,
          `Run chmod +x on it, or name its interpreter.`,
          line,
        )
      const isQuoted = before === '"' || after === '"' || inQuotes(part, match.index)
      if (!args && !isQuoted)
        problems.warning(
          'The command breaks where the path of the plugin has a blank.',
          'Put the path into quotes: "${CLAUDE_PLUGIN_ROOT}"/script.sh.',
          line,
        )
    }
}

function inQuotes(text: string, at: number): boolean {
  return (text.slice(0, at).match(/"/g)?.length ?? 0) % 2 === 1
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return process.platform === 'win32'
  }
}
