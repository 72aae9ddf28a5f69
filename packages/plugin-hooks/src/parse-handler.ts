import type { Json } from '@halter/protocol'
import { DEFAULT_TIMEOUT_SECONDS } from './hook-events.ts'
import type { HandlerBase, HookHandler, OnFailure } from './hook-handler.ts'
import { isObject, type JsonObject } from './json.ts'
import type { ParseScope } from './parse-hooks.ts'

/** Reads one handler; undefined, and a warning, when it cannot run. Keys may be in snake_case or camelCase. */
export function parseHandler(value: Json, scope: ParseScope): HookHandler | undefined {
  if (!isObject(value)) return drop(scope, 'wrong_field', 'is no object')
  const { type } = value
  if (typeof type !== 'string') return drop(scope, 'missing_field', 'has no "type"')
  switch (type) {
    case 'command':
      return parseCommand(value, scope)
    case 'http':
      return parseHttp(value, scope)
    case 'prompt': {
      const prompt = required(value, 'prompt', scope)
      return prompt === undefined
        ? undefined
        : { ...base(value, 'prompt', scope), type, prompt, ...modelOf(value) }
    }
    case 'agent':
      return parseAgent(value, scope)
    case 'callback':
    case 'function':
      return drop(scope, 'sdk_only_backend', `is a "${type}", which only a program can register`)
    default:
      return drop(scope, 'unknown_type', `has the type "${type}", which is not known here`)
  }
}

function parseCommand(value: JsonObject, scope: ParseScope): HookHandler | undefined {
  const command = required(value, 'command', scope)
  if (command === undefined) return undefined
  const shell = value['shell'] ?? 'bash'
  if (shell !== 'bash' && shell !== 'pwsh' && shell !== 'powershell')
    return drop(scope, 'wrong_field', `has the shell ${JSON.stringify(shell)}; there are "bash" and "pwsh"`)
  const args = value['args'] === undefined ? undefined : texts(value, 'args', scope)
  return {
    ...base(value, 'command', scope),
    type: 'command',
    command,
    ...(args && { args }),
    shell: shell === 'bash' ? 'bash' : 'pwsh',
    env: textMap(value, 'env', scope),
  }
}

function parseHttp(value: JsonObject, scope: ParseScope): HookHandler | undefined {
  const url = required(value, 'url', scope)
  if (url === undefined) return undefined
  return {
    ...base(value, 'http', scope),
    type: 'http',
    url,
    headers: textMap(value, 'headers', scope),
    allowedEnvVars: texts(value, 'allowed_env_vars', scope),
  }
}

function parseAgent(value: JsonObject, scope: ParseScope): HookHandler | undefined {
  const prompt = required(value, 'prompt', scope)
  if (prompt === undefined) return undefined
  const maxTurns = field(value, 'max_turns')
  const isCount = typeof maxTurns === 'number' && Number.isInteger(maxTurns) && maxTurns > 0
  if (maxTurns !== undefined && !isCount) wrong(scope, 'max_turns', maxTurns)
  return {
    ...base(value, 'agent', scope),
    type: 'agent',
    prompt,
    ...modelOf(value),
    allowedTools: texts(value, 'allowed_tools', scope),
    ...(isCount && { maxTurns }),
  }
}

function base(
  value: JsonObject,
  type: keyof typeof DEFAULT_TIMEOUT_SECONDS,
  { file, event, id, matcher, warn }: ParseScope,
): HandlerBase {
  const scope = { file, event, id, matcher, warn }
  const condition = text(value, 'if')
  const statusMessage = text(value, 'status_message')
  const onFailure = onFailureOf(value, scope)
  return {
    id,
    event,
    timeoutMs: timeoutOf(value, type, scope),
    ...(matcher !== undefined && { matcher }),
    ...(condition !== undefined && { if: condition }),
    ...(statusMessage !== undefined && { statusMessage }),
    isAsync: value['async'] === true || field(value, 'async_rewake') === true,
    asyncRewake: field(value, 'async_rewake') === true,
    once: value['once'] === true,
    ...(onFailure && { onFailure }),
    source: file.source,
    dialect: file.dialect,
  }
}

/** `timeout` wins over `timeout_sec`; both are seconds. */
function timeoutOf(value: JsonObject, type: keyof typeof DEFAULT_TIMEOUT_SECONDS, scope: ParseScope): number {
  for (const key of ['timeout', 'timeout_sec']) {
    const seconds = field(value, key)
    if (seconds === undefined) continue
    if (typeof seconds === 'number' && seconds >= 0) return seconds * 1_000
    wrong(scope, key, seconds)
  }
  return DEFAULT_TIMEOUT_SECONDS[type] * 1_000
}

function onFailureOf(value: JsonObject, scope: ParseScope): OnFailure | undefined {
  const onFailure = field(value, 'on_failure')
  if (onFailure === undefined) return undefined
  if (onFailure === 'deny' || onFailure === 'ask' || onFailure === 'allow') return onFailure
  wrong(scope, 'on_failure', onFailure)
  return undefined
}

function modelOf(value: JsonObject): { readonly model?: string } {
  const model = text(value, 'model')
  return model === undefined ? {} : { model }
}

function required(value: JsonObject, key: string, scope: ParseScope): string | undefined {
  const found = field(value, key)
  if (typeof found === 'string' && found.trim() !== '') return found
  return drop(scope, 'missing_field', `has no "${key}"`)
}

/** Trimmed; blank is absent. */
function text(value: JsonObject, key: string): string | undefined {
  const found = field(value, key)
  return typeof found === 'string' && found.trim() !== '' ? found.trim() : undefined
}

function texts(value: JsonObject, key: string, scope: ParseScope): readonly string[] {
  const found = field(value, key)
  if (found === undefined) return []
  if (!Array.isArray(found)) {
    wrong(scope, key, found)
    return []
  }
  const all = found.filter((each: Json) => typeof each === 'string')
  // An argument may be blank, a name may not.
  return key === 'args' ? all : all.map((each: string) => each.trim()).filter(Boolean)
}

function textMap(value: JsonObject, key: string, scope: ParseScope): Readonly<Record<string, string>> {
  const found = field(value, key)
  if (found === undefined) return {}
  if (!isObject(found)) {
    wrong(scope, key, found)
    return {}
  }
  const entries = Object.entries(found).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  )
  return Object.fromEntries(entries)
}

/** A key in snake_case, or as camelCase. Null is absent. */
function field(value: JsonObject, key: string): Json | undefined {
  const camel = key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
  return (Object.hasOwn(value, key) ? value[key] : own(value, camel)) ?? undefined
}

function own(value: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(value, key) ? value[key] : undefined
}

function wrong(scope: ParseScope, key: string, found: Json): void {
  const shown = JSON.stringify(found).slice(0, 100)
  scope.warn('wrong_field', `${nameOf(scope)} has "${key}": ${shown}, which does not work; it is left out`)
}

function drop(scope: ParseScope, category: Parameters<ParseScope['warn']>[0], what: string): undefined {
  scope.warn(category, `${nameOf(scope)} ${what}, so it is left out`)
  return undefined
}

/** `handler 2 in group 1 of "PreToolUse"` */
function nameOf({ event, id }: ParseScope): string {
  const [group, handler] = id.split(':').slice(-2).map(Number)
  return `handler ${handler! + 1} in group ${group! + 1} of "${event}"`
}
