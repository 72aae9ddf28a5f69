import type { Json } from '@halter/protocol'
import type { HookOutput, HookSpecificOutput } from './hook-handler.ts'
import { isObject, type JsonObject } from './json.ts'

/** What a handler's text turned out to be. */
export type ParsedOutput =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'output'; readonly output: HookOutput }
  /** Not meant as JSON: a log, or context where the event takes it. */
  | { readonly kind: 'text'; readonly text: string }
  /** Meant as an answer, and none: the run failed. */
  | { readonly kind: 'invalid'; readonly problem: string }

type Check = (value: Json) => boolean

const isText: Check = (value) => typeof value === 'string'
const isFlag: Check = (value) => typeof value === 'boolean'
const isAnything: Check = () => true
const oneOf =
  (...names: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && names.includes(value)

const TOP_LEVEL: Readonly<Record<string, Check>> = {
  continue: isFlag,
  stopReason: isText,
  suppressOutput: isFlag,
  systemMessage: isText,
  decision: oneOf('approve', 'block'),
  reason: isText,
}

const SPECIFIC: Readonly<Record<string, Check>> = {
  hookEventName: isText,
  permissionDecision: oneOf('allow', 'deny', 'ask', 'passthrough', 'defer'),
  permissionDecisionReason: isText,
  updatedInput: isAnything,
  updatedToolOutput: isAnything,
  updatedMCPToolOutput: isAnything,
  additionalContext: isText,
  retry: isFlag,
  sessionTitle: isText,
  initialUserMessage: isText,
  watchPaths: (value) => Array.isArray(value) && value.every(isText),
}

const PERMISSION_ANSWER: Readonly<Record<string, Check>> = {
  behavior: oneOf('allow', 'deny'),
  updatedInput: isAnything,
  message: isText,
  interrupt: isFlag,
}

/**
 * Reads what a command printed, a server answered or a model said. Text that begins with `{` is meant as an answer; one that
 * cannot be read must not pass for "no opinion". `{"ok": false, "reason"}`, the answer that prompt hooks are asked for, is a block.
 */
export function parseHookOutput(written: string): ParsedOutput {
  const text = written.trim()
  if (text === '') return { kind: 'nothing' }
  if (!text.startsWith('{')) return { kind: 'text', text }
  let value: Json
  try {
    value = JSON.parse(text) as Json
  } catch {
    return { kind: 'invalid', problem: `answered something that begins like JSON and is not: ${start(text)}` }
  }
  const problems: string[] = []
  const output = readOutput(value as JsonObject, problems)
  return problems.length > 0
    ? { kind: 'invalid', problem: `answered with ${problems.join(', ')}` }
    : { kind: 'output', output }
}

/** The checked form of an answer that is an object already, such as a function's. */
export function readHookOutput(value: unknown): HookOutput {
  const problems: string[] = []
  const output = readOutput(value as JsonObject, problems)
  if (problems.length > 0) throw new TypeError(`answered with ${problems.join(', ')}`)
  return output
}

function readOutput(value: JsonObject, problems: string[]): HookOutput {
  const output = take(value, TOP_LEVEL, problems)
  if (typeof value['ok'] === 'boolean' && output['decision'] === undefined && !value['ok'])
    output['decision'] = 'block'
  const specific = value['hookSpecificOutput']
  if (specific === undefined || specific === null) return output
  if (!isObject(specific)) {
    problems.push('"hookSpecificOutput" that is no object')
    return output
  }
  return { ...(output as HookOutput), hookSpecificOutput: readSpecific(specific, problems) }
}

function readSpecific(value: JsonObject, problems: string[]): HookSpecificOutput {
  const specific = take(value, SPECIFIC, problems)
  const { decision } = value
  if (decision === undefined || decision === null) return specific
  if (!isObject(decision) || decision['behavior'] === undefined)
    problems.push('"hookSpecificOutput.decision" without a "behavior"')
  else specific['decision'] = take(decision, PERMISSION_ANSWER, problems)
  return specific
}

/** The keys of the table, checked; null is absent where the key could not be null. */
function take(
  value: JsonObject,
  table: Readonly<Record<string, Check>>,
  problems: string[],
): Record<string, Json> {
  const taken: Record<string, Json> = {}
  for (const [key, check] of Object.entries(table)) {
    const found = Object.hasOwn(value, key) ? value[key] : undefined
    if (found === undefined || (found === null && check !== isAnything)) continue
    if (check(found)) taken[key] = found
    else problems.push(`"${key}": ${start(JSON.stringify(found))}`)
  }
  return taken
}

/** Enough of it to be recognised; no character is cut in two. */
function start(text: string): string {
  if (text.length <= 200) return text
  const isHalf = /[\ud800-\udbff]/.test(text[199]!)
  return `${text.slice(0, isHalf ? 199 : 200)}…`
}
