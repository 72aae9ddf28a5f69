import type { TurnInput } from '@halter/core'
import type { UserPart, WholePart } from '@halter/protocol'

/** A line of `--input-format stream-json`, understood, or what is wrong with it. */
export type PromptLine =
  | { readonly kind: 'prompt'; readonly id?: string; readonly input: TurnInput }
  | { readonly kind: 'problem'; readonly id?: string; readonly problem: string }

/**
 * Reads `{ "type": "prompt", "text": "…" }`, or with `parts` in the place of `text`: text and picture parts as the protocol has them. An
 * `id` comes back with the result.
 */
export function readPromptLine(line: string): PromptLine {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    return { kind: 'problem', problem: `It is no JSON: ${(error as Error).message}` }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { kind: 'problem', problem: 'It is no object. Write { "type": "prompt", "text": "…" }.' }
  const { type, id, text, parts, ...rest } = value as Record<string, unknown>
  const named = typeof id === 'string' ? { id } : {}
  const problem = (what: string): PromptLine => ({ kind: 'problem', ...named, problem: what })
  if (type !== 'prompt')
    return problem(`Its "type" is ${JSON.stringify(type) ?? 'missing'}; there is only "prompt".`)
  if (id !== undefined && typeof id !== 'string') return problem('Its "id" is no text.')
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined)
    return problem(`It has a key ${JSON.stringify(unknown)}; there are type, id, text, parts.`)
  if ((text === undefined) === (parts === undefined)) return problem('It needs either "text" or "parts".')
  if (typeof text === 'string')
    return text.trim() === '' ? problem('Its "text" is empty.') : { kind: 'prompt', ...named, input: text }
  if (text !== undefined) return problem('Its "text" is no text.')
  if (!Array.isArray(parts) || parts.length === 0 || !parts.every(isPart))
    return problem(
      'Its "parts" are not all { "kind": "text", "text" } or { "kind": "image", "mediaType", "data" }, data in base64.',
    )
  return { kind: 'prompt', ...named, input: parts }
}

function isPart(value: unknown): value is WholePart<UserPart> {
  if (typeof value !== 'object' || value === null) return false
  const { kind, text, mediaType, data } = value as Record<string, unknown>
  if (kind === 'text') return typeof text === 'string'
  return (
    kind === 'image' &&
    typeof mediaType === 'string' &&
    /^image\/[\w.+-]+$/.test(mediaType) &&
    typeof data === 'string' &&
    /^[A-Za-z0-9+/]+={0,2}$/.test(data)
  )
}
