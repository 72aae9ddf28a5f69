import type { Json } from '@halter/protocol'

/**
 * A value as its text gives it back: what a replay will show, and nobody else's to change.
 * @throws TypeError or SyntaxError for what has no JSON text.
 */
export function toJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json
}
