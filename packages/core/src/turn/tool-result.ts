import type { Json, ToolResultPart } from '@halter/protocol'
import type { ToolOutput, ToolReturn } from '../contracts/tool.ts'

/** What a tool returned, as parts. JSON goes through text once, so that it is now what a replay will show. */
export function toResult(value: ToolReturn): ToolOutput {
  if (typeof value === 'string') return { parts: value === '' ? [] : [{ kind: 'text', text: value }] }
  if (value === undefined) return { parts: [] }
  if (isOutput(value)) return value
  return { parts: [{ kind: 'json', value: JSON.parse(JSON.stringify(value)) as Json }] }
}

function isOutput(value: Exclude<ToolReturn, string | undefined | void>): value is ToolOutput {
  if (typeof value !== 'object' || value === null || !('parts' in value)) return false
  const { parts } = value as { parts: unknown }
  return Array.isArray(parts) && parts.every(isPart)
}

const PART_KINDS: ReadonlySet<unknown> = new Set<ToolResultPart['kind']>([
  'text',
  'image',
  'document',
  'json',
])

function isPart(part: unknown): part is ToolResultPart {
  return typeof part === 'object' && part !== null && PART_KINDS.has((part as { kind?: unknown }).kind)
}
