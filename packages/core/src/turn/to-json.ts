import type { Json } from '@halter/protocol'

/** Deeper than inputs and results are; what is deeper may also have no end. */
const DEEPEST = 32

/**
 * A value as its text gives it back: what a replay will show, and nobody else's to change.
 * @throws TypeError or SyntaxError for what has no JSON text.
 */
export function toJson(value: unknown): Json {
  const copy = copyOf(value, 0)
  return copy === undefined ? (JSON.parse(JSON.stringify(value)) as Json) : copy
}

/** A copy of what is plain JSON already, as nearly everything is: a twentieth of the way through text. Undefined for all else. */
function copyOf(value: unknown, depth: number): Json | undefined {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : undefined // text has no -0
  if (typeof value !== 'object' || depth > DEEPEST) return undefined
  return Array.isArray(value) ? copyOfArray(value, depth) : copyOfObject(value, depth)
}

function copyOfArray(value: readonly unknown[], depth: number): Json | undefined {
  if ('toJSON' in value) return undefined
  const copy: Json[] = []
  for (let index = 0; index < value.length; index++) {
    const item = copyOf(value[index], depth + 1)
    if (item === undefined) return undefined
    copy.push(item)
  }
  return copy
}

function copyOfObject(value: object, depth: number): Json | undefined {
  if (Object.getPrototypeOf(value) !== Object.prototype || 'toJSON' in value) return undefined
  const copy: Record<string, Json> = {}
  for (const key of Object.keys(value)) {
    const item = copyOf((value as Readonly<Record<string, unknown>>)[key], depth + 1)
    if (item === undefined || key === '__proto__') return undefined
    copy[key] = item
  }
  return copy
}
