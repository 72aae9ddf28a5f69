import type { ToolResultPart, WholePart } from '@halter/protocol'
import type { ToolOutput, ToolReturn } from '../contracts/tool.ts'
import { toJson } from './to-json.ts'

type Given = WholePart<ToolResultPart>

/**
 * What a tool returned, as parts. Values go through text once, so that they are now what a replay will show, whatever the tool does with
 * them later.
 */
export function toResult(value: ToolReturn): ToolOutput {
  if (typeof value === 'string') return { parts: value === '' ? [] : [{ kind: 'text', text: value }] }
  if (value === undefined) return { parts: [] }
  if (!isOutput(value)) return { parts: [{ kind: 'json', value: toJson(value) }] }
  return { parts: value.parts.map(toPart), isError: value.isError === true }
}

function toPart(part: Given): Given {
  return part.kind === 'json' ? { kind: 'json', value: toJson(part.value) } : { ...part }
}

function isOutput(value: Exclude<ToolReturn, string | undefined | void>): value is ToolOutput {
  if (typeof value !== 'object' || value === null || !('parts' in value)) return false
  const { parts } = value as { parts: unknown }
  return Array.isArray(parts) && parts.every(isPart)
}

const PART_KINDS: ReadonlySet<unknown> = new Set<Given['kind']>(['text', 'image', 'document', 'json'])

function isPart(part: unknown): part is Given {
  return typeof part === 'object' && part !== null && PART_KINDS.has((part as { kind?: unknown }).kind)
}
