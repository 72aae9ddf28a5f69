import type { Json } from '@halter/protocol'
import { isObject } from './json.ts'
import type { Answer } from './merge-answers.ts'

/** Longer text in a patch is cut: what was written to a file need not be in the log a second time. */
const MAX_SHOWN = 500

/**
 * What an answer changed, for people: `{"command": {"from": "rm -rf /", "to": "true"}}`, or the new result as `{"result": {"to"}}`.
 * Undefined: nothing.
 */
export function patchOf(input: Json | undefined, { updatedInput, updatedOutput }: Answer): Json | undefined {
  if (updatedInput !== undefined) return inputPatch(input ?? null, updatedInput)
  return updatedOutput === undefined ? undefined : { result: { to: shown(updatedOutput) } }
}

function inputPatch(before: Json, after: Json): Json | undefined {
  if (!isObject(before) || !isObject(after)) return isSame(before, after) ? undefined : change(before, after)
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  const changed = keys.filter((key) => !isSame(before[key], after[key]))
  if (changed.length === 0) return undefined
  return Object.fromEntries(changed.map((key) => [key, change(before[key], after[key])]))
}

function change(from: Json | undefined, to: Json | undefined): Json {
  return { ...(from !== undefined && { from: shown(from) }), ...(to !== undefined && { to: shown(to) }) }
}

function shown(value: Json): Json {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  if (text.length <= MAX_SHOWN) return value
  return `${text.slice(0, MAX_SHOWN)}… (${text.length} characters)`
}

function isSame(a: Json | undefined, b: Json | undefined): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
